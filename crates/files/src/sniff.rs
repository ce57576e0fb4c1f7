//! The kind of a file, by its content and never by its name.

use ::image::ImageFormat;

use super::text;

/// The media type of what is not known.
const UNKNOWN: &str = "application/octet-stream";

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

/// The media type of a file by its first bytes. It is never one that a browser runs or shows as a page: every text is plain.
pub fn media_type(head: &[u8]) -> &'static str {
    if is_pdf(head) {
        return "application/pdf";
    }
    let guess = infer::get(head).map(|guess| guess.mime_type());
    match guess {
        Some(image @ ("image/png" | "image/jpeg" | "image/gif" | "image/webp")) => image,
        _ if head.is_empty() => UNKNOWN,
        // Before other kinds: a text may begin like one of them.
        _ if text::decode(whole_characters(head)).is_some() => {
            match std::str::from_utf8(whole_characters(head)) {
                Ok(_) => "text/plain; charset=utf-8",
                Err(_) => "text/plain",
            }
        }
        Some(guess) if !guess.starts_with("text/") => guess,
        _ => UNKNOWN,
    }
}

/// The bytes without the part of a UTF-8 character that was cut at their end.
fn whole_characters(head: &[u8]) -> &[u8] {
    match std::str::from_utf8(head) {
        Err(error) if error.error_len().is_none() => head.get(..error.valid_up_to()).unwrap_or(head),
        _ => head,
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

    #[test]
    fn media_type_is_by_content_and_never_a_page() {
        for page in [
            "<html><script>1</script>",
            "<?xml version=\"1.0\"?><svg/>",
            "<svg onload='x'>",
            "plain",
            "BMW and MZ",
        ] {
            assert_eq!(media_type(page.as_bytes()), "text/plain; charset=utf-8", "{page}");
        }
        let cut = "ä".repeat(9);
        assert_eq!(media_type(&cut.as_bytes()[..17]), "text/plain; charset=utf-8");
        assert_eq!(media_type(b"caf\xe9 au lait, s'il vous pla\xeet"), "text/plain");
        assert_eq!(media_type(b"%PDF-1.7\n"), "application/pdf");
        assert_eq!(media_type(b"\x89PNG\r\n\x1a\n...."), "image/png");
        assert_eq!(media_type(b"PK\x03\x04\x14\0\0\0\0\0"), "application/zip");
        for unknown in [&b""[..], &[0, 1, 2, 3, 0, 0]] {
            assert_eq!(media_type(unknown), "application/octet-stream");
        }
    }
}
