//! Text from elsewhere (a model server, a host's file, a web page), made safe to show.
//!
//! A terminal obeys escapes and carriage returns, bidirectional marks reorder a line, and a newline starts a line that
//! looks like one of ours. JSON fields keep the exact text, as names there are passed back as arguments.

use std::borrow::Cow;

/// Longest name, version or tag, in characters; a model's name has at most 256.
const MAX_NAME: usize = 256;
/// Longest message, in characters.
const MAX_LINE: usize = 4_000;
/// Longest text between quotes, in characters.
const MAX_QUOTED: usize = 16_000;

/// Stands for characters that nobody sees.
const REPLACEMENT: char = '\u{fffd}';

/// A name, version or tag, on one line.
pub fn name(text: &str) -> String {
    line_of(text, MAX_NAME)
}

/// A message, on one line.
pub fn line(text: &str) -> String {
    line_of(text, MAX_LINE)
}

/// The text on one line of at most `limit` characters, after which an ellipsis follows. White space and control
/// characters become one space, invisible characters U+FFFD.
pub fn line_of(text: &str, limit: usize) -> String {
    let mut out = String::new();
    let mut count = 0;
    let mut gap = false;
    for c in text.chars() {
        if c.is_whitespace() || c.is_control() {
            gap = count > 0;
            continue;
        }
        let width = if gap { 2 } else { 1 };
        if count + width > limit {
            out.push('…');
            return out;
        }
        if gap {
            out.push(' ');
        }
        out.push(if is_invisible(c) { REPLACEMENT } else { c });
        count += width;
        gap = false;
    }
    out
}

/// A text of many lines as one quoted line, with the escapes of JSON.
pub fn quoted(text: &str) -> String {
    let bounded: String = match text.char_indices().nth(MAX_QUOTED) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    };
    json(serde_json::Value::from(bounded).to_string())
}

/// A text of many lines, which stay lines. Tabs stay too, and what joins the characters of a word or an emoji.
pub fn lines(text: &str) -> Cow<'_, str> {
    let keeps = |c: char| matches!(c, '\n' | '\t' | '\u{200c}' | '\u{200d}');
    let is_bad = |c: char| !keeps(c) && (c.is_control() || is_invisible(c));
    if !text.contains(is_bad) {
        return Cow::Borrowed(text);
    }
    // The line ends of Windows are line ends; a carriage return alone overwrites its line.
    let text = text.replace("\r\n", "\n");
    Cow::Owned(text.chars().map(|c| if is_bad(c) { REPLACEMENT } else { c }).collect())
}

/// A text in JSON with its control and invisible characters escaped; it means the same.
pub fn json(text: String) -> String {
    // Outside of strings JSON has none but line ends.
    let is_bad = |c: char| !c.is_ascii_whitespace() && (c.is_control() || is_invisible(c));
    if !text.contains(is_bad) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_bad(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a character shows nothing and changes how others are shown or read: Unicode's bidirectional marks and other
/// format characters, fillers, separators of lines, and tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_has_no_control_and_no_invisible_characters() {
        for (text, shown) in [
            ("gemma3:4b", "gemma3:4b"),
            ("  two\r\n\tlines\n", "two lines"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred [0m"),
            ("a\u{9b}2Jb\u{7f}", "a 2Jb"),
            ("a\u{202e}b\u{200b}c", "a\u{fffd}b\u{fffd}c"),
            ("a\u{2028}b\u{85}c", "a b c"),
            ("größer 日本", "größer 日本"),
        ] {
            assert_eq!(line(text), shown, "{text:?}");
        }
    }

    #[test]
    fn long_lines_end_with_an_ellipsis() {
        assert_eq!(line_of("abcdef", 6), "abcdef");
        assert_eq!(line_of("abcdefg", 6), "abcdef…");
        assert_eq!(line_of("abcde f", 6), "abcde…");
        assert_eq!(line_of("ab   \n", 2), "ab");
        assert_eq!(name(&"x".repeat(100_000)).chars().count(), MAX_NAME + 1);
        assert_eq!(quoted(&"x".repeat(100_000)).chars().count(), MAX_QUOTED + 3);
    }

    #[test]
    fn lines_keep_line_ends_and_joined_emoji() {
        assert!(matches!(lines("one\n\ttwo 👩‍💻"), Cow::Borrowed("one\n\ttwo 👩‍💻")));
        assert_eq!(lines("a\r\nb\rc\u{1b}[2J\u{202e}"), "a\nb\u{fffd}c\u{fffd}[2J\u{fffd}");
    }

    #[test]
    fn sanitized_json_has_same_value() {
        let value = serde_json::json!({ "a": "x\u{9b}\u{202e}\u{e0041}\u{7f}\n" });
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap_or_default()] {
            let safe = json(text);
            assert!(!safe.contains(is_invisible) && !safe.contains('\u{7f}'), "{safe}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).ok().as_ref(), Some(&value));
        }
        assert_eq!(quoted("one\ntwo\u{202e}"), r#""one\ntwo\u202e""#);
    }
}
