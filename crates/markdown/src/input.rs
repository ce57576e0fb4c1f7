//! A text as it arrives, into lines that the parser reads.
//!
//! Some characters are replaced by private ones that the parser takes for letters; [`plain`] restores them in the output.
//! So formulas stay as they were written, link definitions are shown (see `definitions.rs`), and emphasis
//! works beside the punctuation of Chinese and Japanese. A line is changed by what is before it and in it, never by what follows.

mod cjk;
mod math;

use std::borrow::Cow;

pub(crate) use math::Display;

/// Longest line, in bytes. A longer one is broken.
const MAX_LINE: usize = 256 * 1024;

/// Private characters from here on stand for the ASCII characters; in the input they are replaced.
const PRIVATE: u32 = 0x10_ff00;
/// Stands for no character. It is a letter to the parser.
const FILLER: char = '\u{10ff80}';
/// The byte that every private character begins with.
const PRIVATE_LEAD: u8 = 0xf4;

/// Stands for characters that nobody sees, and that would change how others are shown.
pub(crate) const REPLACEMENT: char = '\u{fffd}';

/// The lines of a text that grows.
#[derive(Default)]
pub(crate) struct Lines {
    /// The last line, which is not complete.
    last: String,
    after_return: bool,
    /// The formula of many lines that the last line is in.
    display: Option<Display>,
}

impl Lines {
    /// Adds a text, and appends the lines that it completes to `out`.
    pub(crate) fn push(&mut self, text: &str, out: &mut String) {
        for c in text.chars() {
            let is_second_half = c == '\n' && self.after_return;
            self.after_return = c == '\r';
            match c {
                '\n' if is_second_half => {}
                '\n' | '\r' | '\u{2028}' | '\u{2029}' => self.end_line(out),
                // Tags repeat ASCII characters, invisibly.
                '\u{e0000}'..='\u{e0fff}' => {}
                c => self.last.push(if is_unsafe(c) { REPLACEMENT } else { c }),
            }
            if self.last.len() >= MAX_LINE {
                self.end_line(out);
            }
        }
    }

    /// The last line as the parser may read it, if it has begun.
    pub(crate) fn last(&self) -> String {
        let mut out = String::new();
        protect(&self.last, &mut self.display.clone(), &mut out);
        out
    }

    pub(crate) fn last_len(&self) -> usize {
        self.last.len()
    }

    pub(crate) fn end_line(&mut self, out: &mut String) {
        protect(&self.last, &mut self.display, out);
        out.push('\n');
        self.last.clear();
    }
}

/// The text with its own characters.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.as_bytes().contains(&PRIVATE_LEAD) {
        return Cow::Borrowed(text);
    }
    let own = |c: char| match u32::from(c).checked_sub(PRIVATE) {
        None => Some(c),
        Some(ascii) => u8::try_from(ascii).ok().filter(u8::is_ascii).map(char::from),
    };
    Cow::Owned(text.chars().filter_map(own).collect())
}

/// A character that the parser does not interpret, in place of one of ASCII that it does.
fn private(c: char) -> char {
    let is_markup = c.is_ascii_punctuation();
    char::from_u32(PRIVATE + u32::from(c)).filter(|_| is_markup).unwrap_or(c)
}

/// Whether a character would change how others are shown: controls, and marks that reorder a line beyond themselves.
/// Those that merely have a direction are part of Arabic and Hebrew texts.
pub(crate) fn is_unsafe(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{fff0}'..='\u{fffb}')
        || u32::from(c) >= PRIVATE
}

/// Appends a line in which the parser finds only the markup that is meant.
fn protect(line: &str, display: &mut Option<Display>, out: &mut String) {
    let line = math::continue_display(line, display, out);
    let mut from = 0;
    let mut before = None;
    while let Some(at) =
        line.get(from..).and_then(|rest| rest.find(['$', '\\', ']', '*', '~'])).map(|at| from + at)
    {
        let (plain, rest) = (line.get(from..at).unwrap_or_default(), line.get(at..).unwrap_or_default());
        out.push_str(plain);
        before = plain.chars().next_back().or(before);
        let length = if let Some(formula) = math::formula(line, at, display) {
            math::push(formula, out);
            formula.len()
        } else if rest.starts_with('\\') {
            // With what it escapes, which begins nothing.
            let escape = rest.get(..2).unwrap_or("\\");
            out.push_str(escape);
            escape.len()
        } else if rest.starts_with("]:") {
            out.extend([']', private(':')]);
            2
        } else {
            let run = rest.len() - rest.trim_start_matches(['*', '~']).len();
            cjk::push_run(
                before,
                rest.get(..run.max(1)).unwrap_or_default(),
                rest.get(run..).unwrap_or_default(),
                out,
            );
            run.max(1)
        };
        from = at + length;
        before = line.get(..from).and_then(|line| line.chars().next_back());
    }
    out.push_str(line.get(from..).unwrap_or_default());
}

#[cfg(test)]
mod tests;
