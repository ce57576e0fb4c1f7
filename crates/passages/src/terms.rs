//! The words by which a text is found, as databases index them.

use std::iter::Peekable;
use std::str::CharIndices;

use crate::scripts::{is_ignored, is_mark, is_unspaced, ligature};

/// The longest word, in characters. What is longer is data, and found by its beginning.
const MAX_CHARS: usize = 64;

/// A text as words separated by spaces: identifiers also as the words that they are made of, and text without spaces between
/// words as pairs of characters. The same for texts and for queries. Case, accents and endings are left to the database.
///
/// Words joined by `_` or a hyphen are also one word without it, so that `foo_bar`, `foo-bar` and `fooBar` find each other.
pub fn terms(text: &str) -> String {
    let mut words = Words { out: String::with_capacity(text.len().saturating_add(text.len() / 4)), text };
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        // Most words are ASCII, and not joined to another one.
        let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
        match rest.get(len) {
            Some(b'_' | b'-' | 0x80..) if len > 0 => at = words.identifier(at, &mut parts),
            Some(0x80..) => at = words.identifier(at, &mut parts),
            _ if len > 0 => {
                words.part(at, at + len);
                at += len;
            }
            _ => at += 1,
        }
    }
    words.out
}

/// Reads the letters of a word; returns where they end.
fn end_of_part(chars: &mut Peekable<CharIndices<'_>>, end: usize) -> usize {
    loop {
        match chars.peek() {
            Some(&(_, c)) if is_letter(c) || (!c.is_ascii() && (is_mark(c) || is_ignored(c))) => {
                chars.next();
            }
            Some(&(at, _)) => return at,
            None => return end,
        }
    }
}

/// Reads what joins two words: `_` and hyphens between letters, also a hyphen at the end of a line.
fn skip_joint(chars: &mut Peekable<CharIndices<'_>>) -> bool {
    let Some(&(_, joint @ ('_' | '-' | '\u{2010}' | '\u{2011}'))) = chars.peek() else { return false };
    let mut ahead = chars.clone();
    ahead.next();
    let mut is_next_line = false;
    // Bounded: a line break, and the indentation of the next line.
    for _ in 0..MAX_CHARS {
        match ahead.peek() {
            Some(&(_, '\n')) if joint != '_' && !is_next_line => is_next_line = true,
            Some(&(_, '\r')) if joint != '_' && !is_next_line => {}
            Some(&(_, ' ' | '\t')) if is_next_line => {}
            Some(&(_, '_')) if joint == '_' => {}
            Some(&(_, c)) if is_letter(c) && !is_unspaced(c) && (!is_next_line || c.is_lowercase()) => {
                *chars = ahead;
                return true;
            }
            _ => return false,
        }
        ahead.next();
    }
    false
}

fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || (!c.is_ascii() && c.is_alphanumeric() && !is_unspaced(c) && !is_ignored(c))
}

struct Words<'a> {
    out: String,
    text: &'a str,
}

impl Words<'_> {
    /// What begins at a position: a word with those that are joined to it, a run of an unspaced script, or anything else.
    /// Returns where it ends.
    fn identifier(&mut self, start: usize, parts: &mut Vec<(usize, usize)>) -> usize {
        let rest = self.text.get(start..).unwrap_or_default();
        let mut chars = rest.char_indices().peekable();
        let Some((_, first)) = chars.next() else { return self.text.len() };
        if is_unspaced(first) {
            self.pairs(first, &mut chars);
        } else if is_letter(first) {
            parts.clear();
            parts.push((start, start + end_of_part(&mut chars, rest.len())));
            while skip_joint(&mut chars) {
                let Some(&(next, _)) = chars.peek() else { break };
                parts.push((start + next, start + end_of_part(&mut chars, rest.len())));
            }
            self.compound(parts);
        }
        chars.peek().map_or(self.text.len(), |(at, _)| start + at)
    }

    /// A run of an unspaced script, that begins with `first`.
    fn pairs(&mut self, first: char, chars: &mut Peekable<CharIndices<'_>>) {
        let (mut before, mut is_alone) = (first, true);
        while let Some(&(_, c)) = chars.peek() {
            if is_unspaced(c) {
                self.space();
                self.out.extend([before, c]);
                (before, is_alone) = (c, false);
            } else if !is_ignored(c) && !is_mark(c) {
                break;
            }
            chars.next();
        }
        if is_alone {
            self.space();
            self.out.push(first);
        }
    }

    /// Words that are joined to one identifier.
    fn compound(&mut self, parts: &[(usize, usize)]) {
        let len: usize = parts.iter().map(|(start, end)| end - start).sum();
        if parts.len() > 1 && len <= MAX_CHARS {
            self.space();
            for (start, end) in parts {
                self.push(*start, *end);
            }
        }
        for (start, end) in parts {
            self.part(*start, *end);
        }
    }

    /// A word, and the words of `fooBarBaz` and `HTTPServer`, if there is more than one.
    fn part(&mut self, start: usize, end: usize) {
        self.space();
        self.push(start, end);
        let text = self.text;
        let part = text.get(start..end).unwrap_or_default();
        if part.len() > 4 * MAX_CHARS || !part.bytes().skip(1).any(|b| b.is_ascii_uppercase() || b >= 0x80) {
            return;
        }
        let mut from = start;
        let mut chars = part.char_indices().peekable();
        let mut before = None;
        while let Some((at, c)) = chars.next() {
            let next_is_lower = chars.peek().is_some_and(|(_, next)| next.is_lowercase());
            let begins_word = c.is_uppercase()
                && before.is_some_and(|before: char| !before.is_uppercase() || next_is_lower);
            if begins_word && start + at > from {
                self.space();
                self.push(from, start + at);
                from = start + at;
            }
            before = Some(c);
        }
        if from > start {
            self.space();
            self.push(from, end);
        }
    }

    fn space(&mut self) {
        if !self.out.is_empty() {
            self.out.push(' ');
        }
    }

    /// Writes a word of the text, cut where it is too long.
    fn push(&mut self, start: usize, end: usize) {
        let word = self.text.get(start..end).unwrap_or_default();
        if word.is_ascii() {
            self.out.push_str(word.get(..MAX_CHARS).unwrap_or(word));
            return;
        }
        for c in word.chars().filter(|c| !is_ignored(*c)).take(MAX_CHARS) {
            match ligature(c) {
                Some(letters) => self.out.push_str(letters),
                None => self.out.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn identifiers_are_also_their_words() {
        for (text, expected) in [
            ("fooBarBaz", "fooBarBaz foo Bar Baz"),
            ("foo_bar", "foobar foo bar"),
            ("FOO_BAR", "FOOBAR FOO BAR"),
            ("__foo__bar__", "foobar foo bar"),
            ("HTTPServer", "HTTPServer HTTP Server"),
            ("kebab-case", "kebabcase kebab case"),
            ("my_HTTPServer", "myHTTPServer my HTTPServer HTTP Server"),
            ("a.b.c", "a b c"),
            ("crates/files/src/find.rs:12", "crates files src find rs 12"),
            ("2026-07-28", "20260728 2026 07 28"),
            ("BM25Score, utf8!", "BM25Score BM25 Score utf8"),
            ("ÄrgerÜber", "ÄrgerÜber Ärger Über"),
            ("don't -- x - y", "don t x y"),
            ("Title FOO Foo", "Title FOO Foo"),
            ("3.14 €5", "3 14 5"),
        ] {
            assert_eq!(terms(text), expected, "{text}");
        }
    }

    #[test]
    fn texts_without_spaces_are_pairs() {
        assert_eq!(terms("東京都"), "東京 京都");
        assert_eq!(terms("水"), "水");
        assert_eq!(terms("Rustで書く。"), "Rust で書 書く");
        assert_eq!(terms("안녕하세요 세계"), "안녕 녕하 하세 세요 세계");
        // Without the marks, at which databases would end a word.
        assert_eq!(terms("กินข้าว"), "กน นข ขา าว");
    }

    #[test]
    fn words_of_pdfs_are_whole() {
        assert_eq!(terms("docu-\n  mentation"), "documentation docu mentation");
        assert_eq!(terms("of\u{fb01}ce co\u{ad}operate cafe\u{301}"), "office cooperate cafe\u{301}");
        assert_eq!(terms("Smith-\nJones"), "Smith Jones");
    }

    #[test]
    fn long_words_are_cut() {
        assert_eq!(terms(&"x".repeat(1000)), "x".repeat(64));
        assert_eq!(terms(&"ä".repeat(1000)), "ä".repeat(64));
        assert_eq!(terms("..., --"), "");
        assert_eq!(terms(""), "");
    }

    proptest! {
        #[test]
        fn terms_are_words_with_single_spaces(text in "(\\PC|[a-zA-Z_\\-\n 東ก]){0,60}") {
            let terms = terms(&text);
            prop_assert_eq!(terms.trim(), &terms);
            prop_assert!(!terms.contains("  ") && !terms.contains(['\n', '_', '-']));
            // No letter is lost.
            for c in text.chars().filter(|c| c.is_ascii_alphanumeric()) {
                prop_assert!(terms.contains(c));
            }
        }
    }
}
