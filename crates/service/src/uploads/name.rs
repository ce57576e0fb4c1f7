//! Names of files: what a sender gives, made safe to show, to save under, and to send in a header.

/// Most bytes of a name.
pub(super) const MAX_BYTES: usize = 100;
/// What a file is called whose name has nothing left.
const NAMELESS: &str = "file";
/// Most bytes of an ending that is kept when a name is shortened.
const MAX_ENDING: usize = 16;

/// The last part of a path, without control characters and marks of text direction, of at most [`MAX_BYTES`].
pub(super) fn safe(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !is_hidden(*c)).collect();
    // A leading dot hides a file; dots alone are directories.
    // Both at once: a space may stand between two dots.
    let kept = kept.trim_matches(|c: char| c == '.' || c.is_whitespace());
    match kept {
        "" => NAMELESS.to_owned(),
        kept => shortened(kept),
    }
}

/// Characters that nobody sees, that break a line or turn its direction.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || ('\u{e0000}'..='\u{e007f}').contains(&c)
}

/// The name with its ending, cut in between.
fn shortened(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let ending = name.rfind('.').and_then(|dot| name.get(dot..)).filter(|ending| ending.len() <= MAX_ENDING);
    let ending = ending.unwrap_or_default();
    let room = MAX_BYTES - ending.len();
    let end = (0..=room).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{ending}", name.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_made_safe() {
        for (given, expected) in [
            ("notes.txt", "notes.txt"),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\windows\\win.ini", "win.ini"),
            ("/", "file"),
            ("..", "file"),
            (".bashrc", "bashrc"),
            ("...", "file"),
            (". .b", "b"),
            ("b. .", "b"),
            (". .\u{3000}. ", "file"),
            ("", "file"),
            ("  a b.pdf  ", "a b.pdf"),
            ("a\r\nSet-Cookie: x=1.txt", "aSet-Cookie: x=1.txt"),
            ("gpj.\u{202e}exe", "gpj.exe"),
            ("a\0b", "ab"),
            ("日本語.md", "日本語.md"),
            ("C:\\Users\\ann\\Ü.txt", "Ü.txt"),
        ] {
            assert_eq!(safe(given), expected, "{given:?}");
        }
        let long = format!("{}.tar.gz", "ü".repeat(200));
        assert!(safe(&long).ends_with(".gz") && safe(&long).len() <= MAX_BYTES, "{}", safe(&long));
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_directory(name in ".{0,300}") {
            let safe = safe(&name);
            prop_assert!(!safe.is_empty() && safe.len() <= MAX_BYTES);
            prop_assert!(!safe.contains(['/', '\\', '\0', '\n', '\r']) && !safe.starts_with('.'));
        }
    }
}
