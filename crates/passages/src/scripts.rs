//! What scripts are written like, as far as words depend on it.

/// Whether a character belongs to a script that has no spaces between words, or (Korean) words too long to search by.
pub(crate) fn is_unspaced(c: char) -> bool {
    matches!(u32::from(c),
        0x0E01..=0x0E2E | 0x0E30..=0x0E33 | 0x0E40..=0x0E46 // Thai
        | 0x0E81..=0x0EB0 | 0x0EB2..=0x0EB3 | 0x0EBD..=0x0EC6 | 0x0EDC..=0x0EDF // Lao
        | 0x1000..=0x102A | 0x103F | 0x1050..=0x1055 // Burmese
        | 0x1780..=0x17B3 // Khmer
        | 0x3005..=0x3007 | 0x3041..=0x3096 | 0x309D..=0x309F | 0x30A1..=0x30FA | 0x30FC..=0x30FF | 0x31F0..=0x31FF // Japanese
        | 0x3105..=0x312F // Bopomofo
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x2_0000..=0x3_FFFF // Chinese characters
        | 0xAC00..=0xD7A3 | 0x1100..=0x11FF | 0x3131..=0x318E // Korean
        | 0xFF66..=0xFF9D // half-width Katakana
    )
}

/// Whether a character is a mark of the character before it and no letter of its own for `char::is_alphanumeric`: accents,
/// points and signs that mute a vowel.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(u32::from(c),
        0x0300..=0x036F
        | 0x0483..=0x0487
        | 0x0591..=0x05BD
        | 0x0610..=0x061A
        | 0x064B..=0x065F
        | 0x093C | 0x094D | 0x09BC | 0x09CD | 0x0A3C | 0x0A4D | 0x0ABC | 0x0ACD | 0x0B3C | 0x0B4D | 0x0BCD
        | 0x0C4D | 0x0CCD | 0x0D4D | 0x0DCA
    )
}

/// Whether a character inside of a word is not part of its spelling: marks of unspaced scripts, at which databases would end
/// the word, soft hyphens, joiners and selectors.
pub(crate) fn is_ignored(c: char) -> bool {
    matches!(u32::from(c),
        0x00AD | 0x200B..=0x200D | 0x2060 | 0xFE00..=0xFE0F | 0xFEFF
        | 0x0E31 | 0x0E34..=0x0E3A | 0x0E47..=0x0E4E
        | 0x0EB1 | 0x0EB4..=0x0EBC | 0x0EC8..=0x0ECE
        | 0x102B..=0x103E | 0x1056..=0x1059
        | 0x17B4..=0x17D3
        | 0x3099..=0x309A | 0xFF9E..=0xFF9F
    )
}

/// The letters of a ligature, which texts of PDFs are full of.
pub(crate) fn ligature(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{fb00}' => "ff",
        '\u{fb01}' => "fi",
        '\u{fb02}' => "fl",
        '\u{fb03}' => "ffi",
        '\u{fb04}' => "ffl",
        '\u{fb05}' | '\u{fb06}' => "st",
        _ => return None,
    })
}
