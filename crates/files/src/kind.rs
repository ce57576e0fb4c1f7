//! What a file is, told by its content and never by its name.

use ::image::ImageFormat;

use super::text;

/// What a file is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Image(ImageFormat),
    /// Text, decoded.
    Text(String),
    Empty,
    /// What it seems to be, for people.
    Other(String),
}

/// Whether this is the beginning of a PDF.
pub(super) fn is_pdf(head: &[u8]) -> bool {
    // At its very start: a text may speak of it further on.
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start().starts_with(b"%PDF-")
}

/// What bytes are.
pub(super) fn of(bytes: &[u8]) -> Kind {
    if bytes.is_empty() {
        return Kind::Empty;
    }
    let guess = infer::get(bytes).map(|guess| guess.mime_type());
    match guess {
        Some("image/png") => return Kind::Image(ImageFormat::Png),
        Some("image/jpeg") => return Kind::Image(ImageFormat::Jpeg),
        Some("image/gif") => return Kind::Image(ImageFormat::Gif),
        Some("image/webp") => return Kind::Image(ImageFormat::WebP),
        _ => {}
    }
    // A text may begin as something else does: BM, MZ, ID3.
    match text::decode(bytes) {
        Some(text) => Kind::Text(text),
        None => Kind::Other(guess.unwrap_or("binary data of no known kind").to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_detected_by_content() {
        assert_eq!(of(b"\x89PNG\r\n\x1a\n...."), Kind::Image(ImageFormat::Png));
        assert_eq!(of(b"\xff\xd8\xff\xe0...."), Kind::Image(ImageFormat::Jpeg));
        assert_eq!(of(b"GIF89a...."), Kind::Image(ImageFormat::Gif));
        assert_eq!(of(b"RIFF\x10\0\0\0WEBPVP8 "), Kind::Image(ImageFormat::WebP));
        assert_eq!(of(b"BMW and MZ"), Kind::Text("BMW and MZ".into()));
        assert_eq!(of(b"<html>"), Kind::Text("<html>".into()));
        assert_eq!(of(b""), Kind::Empty);
        assert_eq!(of(b"PK\x03\x04\x14\0\0\0\0\0"), Kind::Other("application/zip".into()));
        let mut program = b"\x7fELF\x02\x01\x01".to_vec();
        program.resize(64, 0);
        assert_eq!(of(&program), Kind::Other("application/x-executable".into()));
        assert_eq!(of(&[0, 1, 2, 3, 0, 0]), Kind::Other("binary data of no known kind".into()));
        assert!(is_pdf(b"%PDF-1.7\n"));
        assert!(!is_pdf(b"let x = \"%PDF-1.7\";"));
    }
}
