//! The kind of a file, by its content and never by its name.

use ::image::ImageFormat;

use super::text;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Image(ImageFormat),
    /// Text, decoded.
    Text(String),
    Empty,
    /// A description for the user.
    Other(String),
}

/// Whether bytes begin like a PDF.
pub(super) fn is_pdf(head: &[u8]) -> bool {
    // Only at the start: a text may mention it further on.
    head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start().starts_with(b"%PDF-")
}

/// The kind of a file that is not a PDF.
pub(super) fn kind_of(bytes: &[u8]) -> Kind {
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
    // Checked after images alone: a text may begin like another kind of file (BM, MZ, ID3).
    match text::decode(bytes) {
        Some(text) => Kind::Text(text),
        None => Kind::Other(guess.unwrap_or("binary data of no known kind").to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_follows_from_content() {
        assert_eq!(kind_of(b"\x89PNG\r\n\x1a\n...."), Kind::Image(ImageFormat::Png));
        assert_eq!(kind_of(b"\xff\xd8\xff\xe0...."), Kind::Image(ImageFormat::Jpeg));
        assert_eq!(kind_of(b"GIF89a...."), Kind::Image(ImageFormat::Gif));
        assert_eq!(kind_of(b"RIFF\x10\0\0\0WEBPVP8 "), Kind::Image(ImageFormat::WebP));
        assert_eq!(kind_of(b"BMW and MZ"), Kind::Text("BMW and MZ".into()));
        assert_eq!(kind_of(b"<html>"), Kind::Text("<html>".into()));
        assert_eq!(kind_of(b""), Kind::Empty);
        assert_eq!(kind_of(b"PK\x03\x04\x14\0\0\0\0\0"), Kind::Other("application/zip".into()));
        let mut program = b"\x7fELF\x02\x01\x01".to_vec();
        program.resize(64, 0);
        assert_eq!(kind_of(&program), Kind::Other("application/x-executable".into()));
        assert_eq!(kind_of(&[0, 1, 2, 3, 0, 0]), Kind::Other("binary data of no known kind".into()));
        assert!(is_pdf(b"%PDF-1.7\n"));
        assert!(!is_pdf(b"let x = \"%PDF-1.7\";"));
    }
}
