//! Addresses that may become links, and those that stand in a text as they are.

use std::ops::Range;

use url::Url;

/// Longest address of a link, in bytes.
const MAX_ADDRESS: usize = 8 * 1024;

/// An address as a browser would read it, if it may be a link: `http`, `https` and `mailto`, which run no script. Relative
/// ones would lead into this server.
pub(crate) fn address(text: &str) -> Option<String> {
    if text.len() > MAX_ADDRESS {
        return None;
    }
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https" | "mailto").then(|| url.into())
}

/// Where addresses stand in a text, as GFM finds them: to the next space, without the punctuation of the sentence.
pub(crate) fn find(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = next_start(text, from) {
        let length = length_at(text.get(at..).unwrap_or_default());
        from = at + length.max("http".len());
        if length > 0 {
            found.push(at..from);
        }
    }
    found
}

fn next_start(text: &str, mut from: usize) -> Option<usize> {
    loop {
        let at = from + text.get(from..)?.find("http")?;
        let is_word_start = !text.get(..at)?.ends_with(|c: char| c.is_ascii_alphanumeric());
        let rest = text.get(at..)?;
        if is_word_start && (rest.starts_with("http://") || rest.starts_with("https://")) {
            return Some(at);
        }
        from = at + "http".len();
    }
}

/// The length of the address that a text begins with; 0 if nothing follows its scheme.
fn length_at(text: &str) -> usize {
    let is_end =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '`') || is_cjk_end(c);
    let mut address = text.split(is_end).next().unwrap_or_default();
    // Counted once: a long run of parentheses must not be counted anew for each.
    let mut surplus = address.matches(')').count().saturating_sub(address.matches('(').count());
    loop {
        let shorter = address.trim_end_matches(['?', '!', '.', ',', ':', ';', '*', '_', '~', '\'', ']', '|']);
        match shorter.strip_suffix(')') {
            Some(inner) if surplus > 0 => {
                surplus -= 1;
                address = inner;
            }
            _ => {
                address = shorter;
                break;
            }
        }
    }
    let host = address.split_once("://").map_or("", |(_, rest)| rest);
    if host.starts_with(|c: char| c.is_alphanumeric() || c == '[') { address.len() } else { 0 }
}

/// Punctuation that ends an address in Chinese and Japanese text, which has no spaces.
fn is_cjk_end(c: char) -> bool {
    matches!(
        c,
        '、' | '。'
            | '，'
            | '；'
            | '：'
            | '！'
            | '？'
            | '（'
            | '）'
            | '「'
            | '」'
            | '『'
            | '』'
            | '《'
            | '》'
            | '【'
            | '】'
    )
}
