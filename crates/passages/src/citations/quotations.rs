//! Finds the quotations of an answer that are in no passage.

use std::collections::HashMap;

use types::Place;

use super::code_spans::Spans;
use super::normal::{holds, is_quotation, normal};
use super::{Citation, Shown};

/// The longest text that passages repeat of those before them, in bytes.
const MAX_OVERLAP: usize = 1000;

/// A part of the answer, its marks included.
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Lines that begin with `>`.
    pub(super) is_block: bool,
}

/// The quotations that do not hold, in order.
pub(super) fn find_struck(
    answer: &str,
    code: &Spans,
    citations: &[Citation],
    shown: &[Shown<'_>],
) -> Vec<Span> {
    let mut checker = Checker { answer, citations, shown, passages: None, known: HashMap::new() };
    let mut struck = Vec::new();
    let mut paragraph: Option<(usize, Kind)> = None;
    let mut at = 0;
    for line in answer.split_inclusive('\n').chain([""]) {
        let start = at;
        at += line.len();
        let is_code = code.around(start).is_some_and(|(_, end)| end >= at);
        let text = line.trim_start();
        let kind = match text.strip_prefix('>').map(|rest| rest.trim_start_matches(['>', ' ']).trim_end()) {
            _ if is_code || text.is_empty() => None,
            Some("") => None,
            Some(first) if first.starts_with("[!") => Some(Kind::Callout),
            Some(_) => Some(Kind::Block),
            None => Some(Kind::Text),
        };
        match (paragraph, kind) {
            // A callout goes on to its end.
            (Some((_, Kind::Callout)), Some(Kind::Block)) => {}
            (Some((_, open)), Some(kind)) if open == kind => {}
            _ => {
                match paragraph.take() {
                    Some((begin, Kind::Block)) => struck.extend(checker.block(begin, start)),
                    Some((begin, Kind::Text)) => checker.marked(begin, start, code, &mut struck),
                    _ => {}
                }
                paragraph = kind.map(|kind| (start, kind));
            }
        }
    }
    struck
}

/// What a paragraph is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// Its lines begin with `>`.
    Block,
    /// A block that is no quotation.
    Callout,
}

/// A quotation mark: where it is, and whether a straight one can open or close.
struct Mark {
    at: usize,
    c: char,
    opens: bool,
    closes: bool,
}

struct Checker<'a> {
    answer: &'a str,
    citations: &'a [Citation],
    shown: &'a [Shown<'a>],
    /// Joined where they follow each other, in the form in which they are compared.
    passages: Option<Vec<String>>,
    known: HashMap<String, bool>,
}

impl Checker<'_> {
    /// The paragraph of a block, if it does not hold.
    fn block(&mut self, begin: usize, end: usize) -> Option<Span> {
        let text = self.answer.get(begin..end)?;
        let start = begin + (text.len() - text.trim_start().len());
        let end = begin + text.trim_end().len();
        let last_line = text.trim_end().rfind('\n').map_or(start, |at| begin + at + 1);
        let source = self.answer.get(last_line..end)?.trim_start_matches(['>', ' ']);
        // The last line may say who wrote it.
        let has_source = last_line > start && source.starts_with(['-', '\u{2014}', '\u{2013}']);
        let holds = self.holds(start, end) || (has_source && self.holds(start, last_line));
        (!holds).then_some(Span { start, end, is_block: true })
    }

    /// Adds the quotations of a paragraph in quotation marks that do not hold.
    fn marked(&mut self, begin: usize, end: usize, code: &Spans, struck: &mut Vec<Span>) {
        let marks = marks(self.answer, begin, end, code);
        let closers = closers(&marks);
        let mut index = 0;
        while let Some(open) = marks.get(index) {
            index += 1;
            let Some(closer) = closers.get(index - 1).copied().flatten() else { continue };
            let Some(close) = marks.get(closer) else { continue };
            index = closer + 1;
            if !self.holds(open.at + open.c.len_utf8(), close.at) {
                struck.push(Span { start: open.at, end: close.at + close.c.len_utf8(), is_block: false });
            }
        }
    }

    /// Whether a part of the answer is no quotation, or in a passage.
    fn holds(&mut self, start: usize, end: usize) -> bool {
        let text = normal(&self.without_citations(start, end));
        if !is_quotation(&text) {
            return true;
        }
        if let Some(known) = self.known.get(&text) {
            return *known;
        }
        let shown = self.shown;
        let passages =
            self.passages.get_or_insert_with(|| runs(shown).iter().map(|run| normal(run)).collect());
        let is_held = passages.iter().any(|passage| holds(passage, &text));
        self.known.insert(text, is_held);
        is_held
    }

    fn without_citations(&self, start: usize, end: usize) -> String {
        let first = self.citations.partition_point(|citation| citation.start < start);
        let mut text = String::new();
        let mut at = start;
        for citation in self.citations.iter().skip(first).take_while(|citation| citation.end <= end) {
            text.push_str(self.answer.get(at..citation.start).unwrap_or_default().trim_end());
            at = citation.end;
        }
        text.push_str(self.answer.get(at..end).unwrap_or_default());
        text
    }
}

/// The texts of passages. Those that follow each other in a file are one, since a quotation can begin in one and end in the next.
fn runs(shown: &[Shown<'_>]) -> Vec<String> {
    let mut order: Vec<_> = shown.iter().collect();
    order.sort_by_key(|passage| (passage.name, passage.place));
    let mut runs: Vec<(&str, Place, String)> = Vec::new();
    for passage in order {
        match runs.last_mut() {
            Some((name, place, text)) if *name == passage.name && follows(*place, passage.place) => {
                match repeated(text, passage.text) {
                    0 if !is_same_line(*place, passage.place) => {
                        text.push('\n');
                        text.push_str(passage.text);
                    }
                    repeated => text.push_str(passage.text.get(repeated..).unwrap_or_default()),
                }
                *place = passage.place;
            }
            _ => runs.push((passage.name, passage.place, passage.text.to_owned())),
        }
    }
    runs.into_iter().map(|(_, _, text)| text).collect()
}

/// Whether a passage is the next one, but for a blank line.
fn follows(place: Place, next: Place) -> bool {
    match (place, next) {
        (Place::Lines { last, .. }, Place::Lines { first, .. }) => first <= last.saturating_add(2),
        (Place::Page { page }, Place::Page { page: next }) => next <= page.saturating_add(1),
        _ => false,
    }
}

/// Whether the cut between two passages is within a line.
fn is_same_line(place: Place, next: Place) -> bool {
    matches!((place, next), (Place::Lines { last, .. }, Place::Lines { first, .. }) if first == last)
}

/// How many bytes of a passage repeat the end of the one before.
fn repeated(text: &str, next: &str) -> usize {
    let repeats = |len: &usize| next.get(..*len).is_some_and(|start| text.ends_with(start));
    // Less is a coincidence.
    (8..=next.len().min(MAX_OVERLAP)).rev().find(repeats).unwrap_or_default()
}

/// The quotation marks of a paragraph, but for those in code.
fn marks(answer: &str, begin: usize, end: usize, code: &Spans) -> Vec<Mark> {
    let mut marks = Vec::new();
    let mut before: Option<char> = None;
    let mut chars = answer.get(begin..end).unwrap_or_default().char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let is_mark = matches!(
            c,
            '"' | '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '「' | '」' | '『' | '』' | '\u{ff02}'
        );
        if is_mark && code.around(begin + at).is_none() {
            let opens =
                !before.is_some_and(char::is_alphanumeric) && next.is_some_and(|next| !next.is_whitespace());
            let closes = before.is_some_and(|before| !before.is_whitespace())
                && !next.is_some_and(char::is_alphanumeric);
            marks.push(Mark { at: begin + at, c, opens, closes });
        }
        before = Some(c);
    }
    marks
}

/// For each mark that can open a quotation, the index of the mark that closes it.
fn closers(marks: &[Mark]) -> Vec<Option<usize>> {
    // From the end, so that each step knows what comes next.
    let mut next: HashMap<char, usize> = HashMap::new();
    let mut closers = vec![None; marks.len()];
    for ((index, mark), closer) in marks.iter().enumerate().zip(&mut closers).rev() {
        let nearest = |closing: &[char]| closing.iter().filter_map(|c| next.get(c).copied()).min();
        *closer = match mark.c {
            '"' | '\u{ff02}' if mark.opens => nearest(&[mark.c]),
            '\u{201c}' => nearest(&['\u{201d}']),
            '\u{201e}' | '\u{201f}' => nearest(&['\u{201c}', '\u{201d}']),
            '\u{ab}' => nearest(&['\u{bb}']),
            // As in German books.
            '\u{bb}' if mark.opens => nearest(&['\u{ab}']),
            '「' => nearest(&['」']),
            '『' => nearest(&['』']),
            _ => None,
        };
        if mark.closes || !matches!(mark.c, '"' | '\u{ff02}') {
            next.insert(mark.c, index);
        }
    }
    closers
}
