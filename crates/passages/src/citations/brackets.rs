//! Finds citations in an answer.

use super::Citation;
use super::code_spans::Spans;
use super::files::{Files, Held, Range, Unit, clean};
use super::references::{Reference, Target, after_name, parse};
use crate::file_kinds::has_known_extension;

/// The longest citation, in bytes: what is longer is text in brackets.
const MAX_LEN: usize = 600;

/// The citations, in order.
pub(super) fn find(answer: &str, code: &Spans, files: &Files<'_>) -> Vec<Citation> {
    let odd_names: Vec<_> = files.odd_names().collect();
    let finder = Finder { answer, files, odd_names };
    let mut citations: Vec<Citation> = Vec::new();
    let mut at = 0;
    while let Some(found) = answer.get(at..).and_then(|rest| rest.find(['[', '(', '【'])) {
        let start = at + found;
        if let Some((code_start, end)) = code.around(start) {
            citations.extend(finder.in_code(code_start.max(at), end));
            at = end;
            continue;
        }
        let last_end = citations.last().map_or(0, |citation| citation.end);
        match finder.at(start, last_end) {
            Some(citation) => {
                at = citation.end;
                citations.push(citation);
            }
            None => {
                at =
                    start + answer.get(start..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
            }
        }
    }
    citations
}

struct Finder<'a> {
    answer: &'a str,
    files: &'a Files<'a>,
    odd_names: Vec<&'a str>,
}

impl Finder<'_> {
    /// The citation whose bracket opens at `start`. One that ends at `last_end` is before it.
    fn at(&self, start: usize, last_end: usize) -> Option<Citation> {
        let rest = self.answer.get(start..)?;
        let open = rest.chars().next()?;
        let before = self.answer.get(..start)?.chars().next_back();
        let inner = rest.get(open.len_utf8()..)?;
        let (references, len, is_link) = self.bracket(open, inner)?;
        let end = start + open.len_utf8() + len;
        let has_numbers =
            references.iter().any(|reference| matches!(reference.target, Target::Numbers { .. }));
        let after = self.answer.get(end..)?;
        let is_after_word = before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_no_citation = match open {
            _ if matches!(before, Some('!' | '\\')) => true,
            '(' => is_after_word || before == Some(']') || !references.iter().all(has_range),
            // An index of an array, or the address of a footnote.
            _ if has_numbers => {
                is_after_word
                    || (before == Some(']') && last_end != start)
                    || (before.is_none_or(|c| c == '\n') && after.starts_with(':'))
            }
            _ => false,
        };
        let is_known = |reference: &Reference<'_>| match reference.target {
            Target::File { name, range } => range.is_some() && self.files.knows(name),
            Target::Numbers { .. } => false,
        };
        // A link whose text is a citation is meant as one.
        if is_no_citation || (is_link && !references.iter().all(is_known)) {
            return None;
        }
        let end = if is_link {
            end + after.get(..MAX_LEN.min(after.len())).and_then(|after| after.find(')'))? + 1
        } else {
            end
        };
        self.resolve(&references, start, end)
    }

    /// What a bracket holds, its length up to its end, and whether an address follows.
    fn bracket<'a>(&self, open: char, inner: &'a str) -> Option<(Vec<Reference<'a>>, usize, bool)>
    where
        Self: 'a,
    {
        let close = match open {
            '[' => ']',
            '(' => ')',
            _ => '】',
        };
        let end_of = |from: usize| {
            let rest = inner.get(from..)?;
            let stops = |c: char| c == close || c == open || c == '\n' || (open == '(' && c == '[');
            let (at, c) = rest.char_indices().take_while(|(at, _)| *at < MAX_LEN).find(|(_, c)| stops(*c))?;
            (c == close).then_some(from + at)
        };
        for name in &self.odd_names {
            if let Some(end) = inner.starts_with(name).then(|| end_of(name.len())).flatten() {
                let (name, rest) = (inner.get(..name.len())?, inner.get(name.len()..end)?);
                if let Some(references) = after_name(name, rest) {
                    return Some((references, end + close.len_utf8(), false));
                }
            }
        }
        let end = end_of(0)?;
        let text = inner.get(..end)?;
        // `[ ]` and `[x]` are boxes of a list, `[^1]` is a footnote, `[!NOTE]` a callout.
        if matches!(text.trim(), "" | "x" | "X") || text.starts_with(['^', '!']) {
            return None;
        }
        // `【1†source】`.
        let text = text
            .split_once('†')
            .filter(|(_, kind)| !kind.starts_with(['L', 'l']))
            .map_or(text, |(text, _)| text);
        let after = end + close.len_utf8();
        let is_link = open == '[' && inner.get(after..).is_some_and(|rest| rest.starts_with('('));
        Some((parse(text)?, after, is_link))
    }

    /// Code that is nothing but a citation with a range of a file that was shown.
    fn in_code(&self, start: usize, end: usize) -> Option<Citation> {
        let code = self.answer.get(start..end).filter(|code| code.len() < MAX_LEN)?;
        let inner = code.trim_matches('`').trim().strip_prefix('[')?.strip_suffix(']')?;
        let references = parse(inner)?;
        let is_known = |reference: &Reference<'_>| match reference.target {
            Target::File { name, range } => range.is_some() && self.files.knows(name),
            Target::Numbers { .. } => false,
        };
        references.iter().all(is_known).then(|| self.resolve(&references, start, end)).flatten()
    }

    /// Which of the citations hold; `None` if it is none at all.
    fn resolve(&self, references: &[Reference<'_>], start: usize, end: usize) -> Option<Citation> {
        let mut citation = Citation { start, end, labels: Vec::new(), cited: Vec::new(), struck: Vec::new() };
        for reference in references {
            let mut hold = |(labels, cited): Held| {
                for label in labels {
                    if !citation.labels.contains(&label) {
                        citation.labels.push(label);
                    }
                }
                citation.cited.extend(cited);
            };
            let held = match reference.target {
                Target::Numbers { first, last } if first == last => self.files.by_number(first),
                Target::Numbers { first, last } => {
                    // A range of something else, such as `[0-9]`.
                    if last as usize > self.files.shown.len() || first == 0 {
                        return None;
                    }
                    (first..=last).filter_map(|number| self.files.by_number(number)).for_each(&mut hold);
                    continue;
                }
                Target::File { name, range: None } => self.files.whole(name),
                Target::File { name, range: Some(range) } => self.files.part(name, range),
            };
            match held {
                Some(held) => hold(held),
                None if !self.is_citation(reference) => return None,
                None if references.len() == 1 => {
                    citation.struck.push(self.answer.get(start..end)?.to_owned())
                }
                None => citation.struck.push(format!("[{}]", reference.text)),
            }
        }
        Some(citation)
    }

    /// Whether what does not hold is meant as a citation.
    fn is_citation(&self, reference: &Reference<'_>) -> bool {
        match reference.target {
            Target::Numbers { .. } => true,
            Target::File { name, range: None } => {
                has_known_extension(clean(name)) && name.split_whitespace().count() < 5
            }
            Target::File { name, range: Some(range) } => {
                self.files.knows(name) || looks_like_file(clean(name), range)
            }
        }
    }
}

/// Whether a name with a range is meant as a file, though no such file was shown.
fn looks_like_file(name: &str, range: Range) -> bool {
    let is_one_word = !name.contains(char::is_whitespace) && name.starts_with(char::is_alphabetic);
    range.unit != Unit::Unknown
        || has_known_extension(name)
        || name.contains('/')
        || (is_one_word && range.first != range.last)
}

fn has_range(reference: &Reference<'_>) -> bool {
    matches!(reference.target, Target::File { range: Some(_), .. })
}
