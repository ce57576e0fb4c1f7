//! Cuts a block that is too long for a passage: at sentences or lines, else at words, last of all at characters.

use super::Limits;
use super::outline::{Block, Style};

/// The parts of a block: start, end, and whether it begins with text of the part before.
pub(super) fn pieces(text: &str, block: &Block, limits: Limits) -> Vec<(usize, usize, bool)> {
    let mut pieces = Vec::new();
    // `own` is where the new text begins, `start` where the repeated text does.
    let (mut own, mut start) = (block.start, block.start);
    while block.end.saturating_sub(start) > limits.max_bytes {
        let mut limit = floor(text, start + limits.max_bytes);
        if limit <= own {
            start = own;
            limit = floor(text, start + limits.max_bytes);
        }
        let at = best(text, own, limit, block.style);
        pieces.push((start, at, start < own));
        own = at;
        start = match block.style {
            Style::Rows => own,
            _ => overlap_start(text, block.start.max(own.saturating_sub(limits.overlap)), own),
        };
    }
    pieces.push((start, block.end, start < own));
    pieces
}

/// Where to end a part that begins at `own` and can reach to `limit`. Not within its first quarter, so that the work is linear.
fn best(text: &str, own: usize, limit: usize, style: Style) -> usize {
    let room = limit - own;
    let from = ceil(text, own + (room / 4).max(1));
    let (mut sentence, mut line, mut word, mut mark) = (None, None, None, None);
    let mut least = usize::MAX;
    for found in Breaks::new(text, from, limit) {
        if found.is_sentence {
            sentence = Some(found.at);
        }
        if found.is_line && style != Style::Code {
            line = Some(found.at);
        } else if found.is_line && found.at >= own + room / 2 {
            let indentation = indentation_at(text, found.at);
            if indentation.is_some_and(|indentation| indentation <= least) {
                (least, line) = (indentation.unwrap_or_default(), Some(found.at));
            }
        }
        if found.is_word {
            word = Some(found.at);
        }
        if found.is_mark {
            mark = Some(found.at);
        }
    }
    let sentence = sentence.filter(|_| style == Style::Prose);
    sentence.or(line).or(word).or(mark).unwrap_or(limit)
}

/// Where the text begins that is repeated before `own`: the first sentence or line from `from` on.
fn overlap_start(text: &str, from: usize, own: usize) -> usize {
    let mut line = None;
    // Begins before it, where a sentence may end.
    let breaks =
        Breaks::new(text, floor(text, from.saturating_sub(8)), own).skip_while(|found| found.at < from);
    for found in breaks.take_while(|found| found.at < own) {
        if found.is_sentence {
            return found.at;
        }
        if found.is_line && line.is_none() {
            line = Some(found.at);
        }
    }
    line.unwrap_or(own)
}

/// The columns before a line; `None` if it is blank or only ends what is before.
fn indentation_at(text: &str, at: usize) -> Option<usize> {
    let line = text.get(at..)?;
    // Bounded, since it is asked for every line.
    for (column, c) in line.chars().take(200).enumerate() {
        match c {
            '\n' | '\r' => return None,
            ' ' | '\t' => {}
            ')' | ']' | '}' => return None,
            _ => return Some(column),
        }
    }
    Some(200)
}

/// A position at which a text can be cut.
struct Break {
    at: usize,
    /// A sentence begins here.
    is_sentence: bool,
    is_line: bool,
    is_word: bool,
    /// After a comma or a bracket.
    is_mark: bool,
}

#[derive(PartialEq, Eq)]
enum Ended {
    No,
    /// By a mark that ends a sentence only before a space.
    BeforeSpace,
    Yes,
}

/// The positions from `at` to `limit` at which a text can be cut.
struct Breaks<'a> {
    rest: &'a str,
    at: usize,
    limit: usize,
    ended: Ended,
    after_space: bool,
    after_line: bool,
    after_mark: bool,
}

impl<'a> Breaks<'a> {
    fn new(text: &'a str, at: usize, limit: usize) -> Self {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        Self {
            rest: text.get(at..).unwrap_or_default(),
            at,
            limit,
            ended: Ended::No,
            after_space: before.is_none_or(char::is_whitespace),
            after_line: before.is_none_or(|c| c == '\n'),
            after_mark: false,
        }
    }
}

impl Iterator for Breaks<'_> {
    type Item = Break;

    fn next(&mut self) -> Option<Break> {
        while self.at <= self.limit {
            let mut chars = self.rest.chars();
            let c = chars.next()?;
            let at = self.at;
            (self.at, self.rest) = (at + c.len_utf8(), chars.as_str());
            let is_space = c.is_whitespace();
            let is_closing =
                matches!(c, '"' | '\'' | ')' | ']' | '\u{201d}' | '\u{2019}' | '\u{bb}' | '」' | '』' | '）');
            let found = Break {
                at,
                is_sentence: !is_space
                    && match self.ended {
                        Ended::No => false,
                        Ended::BeforeSpace => self.after_space && !c.is_lowercase(),
                        Ended::Yes => !is_closing,
                    },
                is_line: self.after_line,
                is_word: !is_space && self.after_space,
                is_mark: !is_space && self.after_mark,
            };
            self.after_space = is_space;
            self.after_line = c == '\n';
            self.after_mark = matches!(c, ',' | ';' | '}' | '>' | ')' | '、' | '，' | '；' | '：');
            match c {
                '.' | '!' | '?' | '\u{2026}' => self.ended = Ended::BeforeSpace,
                '。' | '！' | '？' | '．' | '｡' => self.ended = Ended::Yes,
                _ if !is_space && !is_closing => self.ended = Ended::No,
                _ => {}
            }
            if found.is_sentence || found.is_line || found.is_word || found.is_mark {
                return Some(found);
            }
        }
        None
    }
}

/// The character boundary at or before a position.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}

/// The character boundary at or after a position.
fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}
