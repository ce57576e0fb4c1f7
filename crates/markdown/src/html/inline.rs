//! Text and links.

use crate::{input, link};

/// Appends a text with the addresses in it as links.
pub(super) fn push_text(text: &str, out: &mut String) {
    let text = input::plain(text);
    let mut from = 0;
    for range in link::find(&text) {
        let shown = text.get(range.clone()).unwrap_or_default();
        let Some(address) = link::address(shown) else { continue };
        push_escaped(text.get(from..range.start).unwrap_or_default(), out);
        open_link("", &address, out);
        push_escaped(shown, out);
        out.push_str("</a>");
        from = range.end;
    }
    push_escaped(text.get(from..).unwrap_or_default(), out);
}

/// Appends a text in which nothing is markup.
pub(crate) fn push_escaped(text: &str, out: &mut String) {
    for c in input::plain(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // An entity (`&#8238;`) can be any character.
            c if c != '\n' && input::is_unsafe(c) => out.push(input::REPLACEMENT),
            c => out.push(c),
        }
    }
}

pub(super) fn open_link(class: &str, address: &str, out: &mut String) {
    out.push_str("<a");
    out.push_str(class);
    out.push_str(" href=\"");
    push_escaped(address, out);
    out.push_str("\" rel=\"noopener noreferrer\" target=\"_blank\">");
}
