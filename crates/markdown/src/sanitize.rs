//! The second wall: whatever the writer made, only this remains.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::Builder;

const ELEMENTS: [&str; 26] = [
    "p",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "blockquote",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "hr",
    "pre",
    "code",
    "em",
    "strong",
    "del",
    "a",
    "br",
    "input",
    "div",
    "span",
];

const ATTRIBUTES: [(&str, &[&str]); 6] = [
    ("a", &["href", "target"]),
    ("div", &["data-language"]),
    ("input", &["type", "disabled", "checked", "aria-label"]),
    ("ol", &["start"]),
    ("th", &["align"]),
    ("td", &["align"]),
];

const CLASSES: [(&str, &[&str]); 3] = [
    ("a", &["image"]),
    ("div", &["code", "table"]),
    ("span", &["h-k", "h-s", "h-n", "h-c", "h-f", "h-t", "h-v", "h-o", "h-a", "h-d", "h-i"]),
];

static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let sets = |table: &[(&'static str, &'static [&'static str])]| -> HashMap<_, HashSet<_>> {
        table.iter().map(|(element, names)| (*element, names.iter().copied().collect())).collect()
    };
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(ELEMENTS))
        .tag_attributes(sets(&ATTRIBUTES))
        .allowed_classes(sets(&CLASSES))
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .link_rel(Some("noopener noreferrer"))
        .strip_comments(true)
        .attribute_filter(attribute);
    builder
});

/// The safe part of a block's HTML.
pub(crate) fn clean(html: &str) -> String {
    SANITIZER.clean(html).to_string()
}

/// The value of an attribute, or none if it is not one that the writer makes.
fn attribute<'a>(element: &str, name: &str, value: &'a str) -> Option<Cow<'a, str>> {
    let is_ours = match (element, name) {
        ("a", "target") => value == "_blank",
        ("div", "data-language") => is_language(value),
        ("input", "type") => value == "checkbox",
        ("input", "aria-label") => matches!(value, "done" | "to do"),
        ("input", _) => value.is_empty(),
        ("ol", "start") => value.len() <= 9 && value.bytes().all(|byte| byte.is_ascii_digit()),
        ("th" | "td", "align") => matches!(value, "left" | "center" | "right"),
        _ => true,
    };
    is_ours.then_some(Cow::Borrowed(value))
}

/// Whether a word can name a language: `c++`, `objective-c`, `asp.net`.
pub(crate) fn is_language(word: &str) -> bool {
    (1..=32).contains(&word.len())
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'#' | b'.' | b'-' | b'_'))
}
