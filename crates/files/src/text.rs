//! Text in any common encoding, and the code fence around it, which it cannot close.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;

/// One in this many characters may be a control character: text has hardly any, a binary file many.
const CHARS_PER_CONTROL: usize = 50;

/// Bytes as text; `None` if they are not text. A byte order mark decides, then UTF-8, then the likeliest encoding.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let (text, wrong) = encoding.decode_without_bom_handling(bytes.get(mark..)?);
        return (!wrong && is_text(&text)).then(|| text.into_owned());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return is_text(text).then(|| text.to_owned());
    }
    // Only UTF-16 has zero bytes in text, and it has a byte order mark.
    if bytes.contains(&0) {
        return None;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(bytes, true);
    let (text, wrong) = detector.guess(None, Utf8Detection::Deny).decode_without_bom_handling(bytes);
    (!wrong && is_text(&text)).then(|| text.into_owned())
}

/// A text under its title, as a Markdown code block whose fence is longer than any run of backticks in it.
pub fn fenced(title: &str, text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    let title = in_a_line(title).replace('`', "?");
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{title}\n{fence}\n{text}{end}{fence}\n")
}

/// A name on one line: `?` replaces line breaks, control characters and marks of text direction.
pub(super) fn in_a_line(name: &str) -> String {
    let breaks = |c: char| {
        c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    name.chars().map(|c| if breaks(c) { '?' } else { c }).collect()
}

fn is_text(text: &str) -> bool {
    let is_odd =
        |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\x0c' | '\x1b')) || c == '\u{fffd}';
    if text.contains('\0') {
        return false;
    }
    let (odd, all) = text.chars().fold((0, 0), |(odd, all), c| (odd + usize::from(is_odd(c)), all + 1));
    odd * CHARS_PER_CONTROL <= all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn common_encodings_are_decoded() {
        let text = "Grüße aus Köln – naïve café, 100 €, und noch mehr Wörter über Straßen";
        let utf16 = |bytes: fn(u16) -> [u8; 2], mark: [u8; 2]| {
            mark.into_iter().chain(text.encode_utf16().flat_map(bytes)).collect::<Vec<u8>>()
        };
        assert_eq!(decode(text.as_bytes()).as_deref(), Some(text));
        assert_eq!(decode(&[b"\xef\xbb\xbf", text.as_bytes()].concat()).as_deref(), Some(text));
        assert_eq!(decode(&utf16(u16::to_le_bytes, [0xff, 0xfe])).as_deref(), Some(text));
        assert_eq!(decode(&utf16(u16::to_be_bytes, [0xfe, 0xff])).as_deref(), Some(text));
        let (western, _, _) = encoding_rs::WINDOWS_1252.encode(text);
        assert_eq!(decode(&western).as_deref(), Some(text));
        let japanese = "日本語のテキストです。これは文字コードの判定のための文章です。";
        for encoding in [encoding_rs::SHIFT_JIS, encoding_rs::EUC_JP] {
            let (bytes, _, _) = encoding.encode(japanese);
            assert_eq!(decode(&bytes).as_deref(), Some(japanese), "{}", encoding.name());
        }
    }

    #[test]
    fn binary_data_is_not_text() {
        for wrong in [&b"a\0b"[..], b"\x01\x02\x03\x04", b"\xff\xfe\x00\xd8", b"\x80\x01\x02\x03\x90\x00"] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn title_is_on_one_line() {
        assert_eq!(fenced("a\n```.txt", "x"), "a????.txt\n```\nx\n```\n");
        assert_eq!(fenced("a\u{2028}b\u{202e}txt", "x"), "a?b?txt\n```\nx\n```\n");
        assert_eq!(fenced("a", "```\nx\n"), "a\n````\n```\nx\n````\n");
    }

    proptest! {
        #[test]
        fn no_text_closes_its_code_fence(text in "[`\n ~a]{0,40}") {
            let fenced = fenced("t", &text);
            let fence = fenced.lines().nth(1).unwrap();
            // CommonMark: a fence is closed by as many or more of its characters.
            let inside: Vec<_> = fenced.lines().skip(2).collect();
            let (last, inside) = inside.split_last().unwrap();
            prop_assert_eq!(*last, fence);
            prop_assert!(inside.iter().all(|line| !line.contains(fence)));
        }
    }
}
