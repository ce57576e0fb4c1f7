//! The form in which a quotation and a file are compared.

use crate::scripts::{is_ignored, is_unspaced, ligature};

/// What three dots stand for in the compared form.
pub(super) const GAP: &str = "...";

/// A text without what differs where it is quoted: line breaks, case, quotation marks, dashes, hyphenation, Markdown's emphasis,
/// marks of quotations and comments at the start of lines.
pub(super) fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut is_space, mut is_line_start) = (false, true);
    let mut last: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() || c == '|' || c == '\u{2014}' || c == '\u{2015}' {
            is_space = true;
            is_line_start |= c == '\n';
            continue;
        }
        if is_line_start && matches!(c, '/' | '#' | '*' | '>' | '!' | ';' | '%') {
            continue;
        }
        if is_dropped(c) || is_ignored(c) {
            continue;
        }
        if matches!(c, '-' | '\u{2010}'..='\u{2013}' | '\u{2212}') {
            match chars.peek() {
                // `well-known`, `31-47`.
                Some(next)
                    if next.is_alphanumeric() && !is_space && last.is_some_and(char::is_alphanumeric) => {}
                // `docu-` at the end of a line.
                Some('\n' | '\r') if !is_space && last.is_some_and(char::is_alphabetic) => {
                    while chars.next_if(|c| c.is_whitespace()).is_some() {}
                }
                Some(next) if next.is_ascii_digit() && !is_line_start => {
                    push(&mut out, '-', &mut is_space, &mut last)
                }
                _ => is_space = true,
            }
            continue;
        }
        is_line_start = false;
        if c == '\u{2026}' {
            GAP.chars().for_each(|c| push(&mut out, c, &mut is_space, &mut last));
        } else if let Some(letters) = ligature(c) {
            letters.chars().for_each(|c| push(&mut out, c, &mut is_space, &mut last));
        } else {
            c.to_lowercase().for_each(|c| push(&mut out, c, &mut is_space, &mut last));
        }
    }
    out
}

fn push(out: &mut String, c: char, is_space: &mut bool, last: &mut Option<char>) {
    // A line that breaks between characters of an unspaced script is no space.
    if *is_space && last.is_some_and(|last| !(is_unspaced(last) && is_unspaced(c))) {
        out.push(' ');
    }
    out.push(c);
    (*is_space, *last) = (false, Some(c));
}

/// Quotation marks, emphasis, and brackets that editors of quotations add.
fn is_dropped(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '`' | '*' | '_' | '~' | '[' | ']' | '\u{2018}'
            ..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2039}'
    ) || matches!(c, '\u{203a}' | '「' | '」' | '『' | '』' | '\u{ff02}' | '\u{ff07}' | '\u{b4}')
}

/// Whether a text in the compared form is long enough for a quotation: shorter ones only mark words.
pub(super) fn is_quotation(normal: &str) -> bool {
    let words = normal.split(' ').filter(|word| word.contains(char::is_alphanumeric)).take(4).count();
    words == 4 || normal.chars().filter(|c| is_unspaced(*c)).take(12).count() == 12
}

/// Whether a passage has all parts of a quotation, in their order; both in the compared form.
pub(super) fn holds(passage: &str, quotation: &str) -> bool {
    let mut rest = passage;
    let mut before = None;
    for part in quotation.split(GAP) {
        let part = part.trim_matches(|c: char| !c.is_alphanumeric());
        if part.is_empty() {
            continue;
        }
        let Some(end) = end_of(rest, before, part) else { return false };
        before = rest.get(..end).and_then(|text| text.chars().next_back());
        rest = rest.get(end..).unwrap_or_default();
    }
    true
}

/// Where a part ends that stands in a text as whole words.
fn end_of(text: &str, before: Option<char>, part: &str) -> Option<usize> {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !is_unspaced(c));
    let (first, last) = (part.chars().next(), part.chars().next_back());
    text.match_indices(part).find_map(|(at, _)| {
        let end = at + part.len();
        let left = text.get(..at).and_then(|text| text.chars().next_back()).or(before);
        let right = text.get(end..).and_then(|text| text.chars().next());
        let is_cut = (is_word(first) && is_word(left)) || (is_word(last) && is_word(right));
        (!is_cut).then_some(end)
    })
}
