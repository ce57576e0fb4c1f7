//! What is between the brackets of a citation.

use super::files::{Range, Unit};

/// One citation of a bracket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    /// As it is written.
    pub(super) text: &'a str,
    pub(super) target: Target<'a>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// Numbers of passages.
    Numbers {
        first: u32,
        last: u32,
    },
    File {
        name: &'a str,
        range: Option<Range>,
    },
}

/// What people write before a citation.
const LEADS: &[&str] = &[
    "see also",
    "see",
    "source:",
    "sources:",
    "source",
    "from",
    "file:",
    "cf.",
    "passage",
    "passages",
    "citation:",
    "ref:",
];
const PAGES: &[&str] = &[
    "p", "p.", "pp", "pp.", "pg", "pg.", "page", "pages", "s.", "seite", "seiten", "página", "páginas",
    "pág.", "стр.",
];
const LINES: &[&str] = &[
    "l",
    "l.",
    "ll.",
    "ln",
    "line",
    "lines",
    "zeile",
    "zeilen",
    "ligne",
    "lignes",
    "línea",
    "líneas",
    "строки",
];

/// The citations of a bracket; `None` if there is anything else.
pub(super) fn parse(text: &str) -> Option<Vec<Reference<'_>>> {
    let mut all: Vec<Reference<'_>> = Vec::new();
    for part in without_lead(text).split([';', ',', '、', '，', '；']) {
        let part = without_lead(part.trim());
        if part.is_empty() {
            return None;
        }
        let (name, range) = range_at_end(part);
        let target = match (name.is_empty(), range, all.last_mut().map(|last| &mut last.target)) {
            // `name, p. 4`: what the name lacks.
            (true, Some(found), Some(Target::File { range: range @ None, .. })) => {
                *range = Some(found);
                continue;
            }
            // `name:3-4, 7-9`: more of the same file.
            (true, Some(range), Some(Target::File { name, .. })) => Target::File { name, range: Some(range) },
            (true, Some(range), _) if range.unit == Unit::Unknown => {
                Target::Numbers { first: range.first, last: range.last }
            }
            (true, ..) => return None,
            (false, range, _) => Target::File { name, range },
        };
        all.push(Reference { text: part, target });
    }
    Some(all)
}

/// The range of one file after its name, which was found.
pub(super) fn after_name<'a>(name: &'a str, rest: &'a str) -> Option<Vec<Reference<'a>>> {
    let range = if rest.trim().is_empty() {
        None
    } else {
        let (before, range) = range_at_end(rest.trim_start_matches([' ', ',']));
        let range = range.filter(|_| before.is_empty())?;
        Some(range)
    };
    Some(vec![Reference { text: name, target: Target::File { name, range } }])
}

fn without_lead(text: &str) -> &str {
    let text = text.trim();
    let lead = LEADS.iter().find_map(|lead| {
        let start = text.get(..lead.len()).filter(|start| start.eq_ignore_ascii_case(lead))?;
        let rest = text.get(start.len()..)?;
        (lead.ends_with(':') || rest.starts_with([' ', ':', '#']))
            .then(|| rest.trim_start_matches([' ', ':', '#']))
    });
    // `[source.md:3]` is a file; `[page: 4]` is not.
    lead.filter(|rest| !rest.is_empty()).unwrap_or_else(|| text.strip_prefix('#').unwrap_or(text))
}

/// The lines or pages at the end of a text, and the text before them.
fn range_at_end(text: &str) -> (&str, Option<Range>) {
    let whole = (text, None);
    // `name (p. 4)`.
    let inner = text.strip_suffix(')').filter(|text| text.contains('(')).unwrap_or(text);
    let Some((before, last)) = number_at_end(inner) else { return whole };
    let (before, first) = match range_mark(before).and_then(number_at_end) {
        Some((before, first)) => (before, first),
        None => (before, last),
    };
    let before = before.trim_end();
    let letters = before.trim_end_matches(|c: char| c.is_alphabetic() || c == '.');
    let word = before.get(letters.len()..).unwrap_or_default().to_lowercase();
    let is_own_word = letters.is_empty() || letters.ends_with([' ', ',', ':', '#', '†', '(', '\u{a0}']);
    let (name, unit) = if before.is_empty() {
        ("", Unit::Unknown)
    } else if is_own_word && PAGES.contains(&word.as_str()) {
        (letters, Unit::Pages)
    } else if is_own_word && LINES.contains(&word.as_str()) {
        (letters, Unit::Lines)
    } else if before.ends_with([':', '#', '†']) {
        (before, Unit::Unknown)
    } else {
        return whole;
    };
    let name = name.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ':' | ',' | '#' | '†' | '('));
    (name, Some(Range { first: first.min(last), last: last.max(first), unit }))
}

/// A text before what joins two numbers.
fn range_mark(text: &str) -> Option<&str> {
    let text = text.trim_end();
    // `L31-L47`.
    let text = text.strip_suffix(['L', 'l']).filter(|text| text.ends_with(is_dash)).unwrap_or(text);
    match text.strip_suffix(is_dash) {
        Some(before) => Some(before.trim_end().trim_end_matches(is_dash)),
        None => text.strip_suffix(" to"),
    }
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '~' | '～')
}

fn number_at_end(text: &str) -> Option<(&str, u32)> {
    let text = text.trim_end();
    let before = text.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((before, text.get(before.len()..)?.parse().ok()?))
}
