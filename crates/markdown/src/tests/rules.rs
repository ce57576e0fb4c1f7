//! What the HTML of a block may consist of, checked on the tokens that a browser reads.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer};

/// The elements with their attributes.
const ALLOWED: [(&str, &[&str]); 26] = [
    ("p", &[]),
    ("h3", &[]),
    ("h4", &[]),
    ("h5", &[]),
    ("h6", &[]),
    ("ul", &[]),
    ("ol", &["start"]),
    ("li", &[]),
    ("blockquote", &[]),
    ("table", &[]),
    ("thead", &[]),
    ("tbody", &[]),
    ("tr", &[]),
    ("th", &["align"]),
    ("td", &["align"]),
    ("hr", &[]),
    ("pre", &[]),
    ("code", &[]),
    ("em", &[]),
    ("strong", &[]),
    ("del", &[]),
    ("a", &["href", "rel", "target", "class"]),
    ("br", &[]),
    ("input", &["type", "disabled", "checked", "aria-label"]),
    ("div", &["class", "data-language"]),
    ("span", &["class"]),
];

#[derive(Default)]
struct Rules {
    broken: RefCell<Vec<String>>,
    open: RefCell<Vec<String>>,
}

impl TokenSink for Rules {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let broken = match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => self.start(&tag),
            Token::TagToken(tag) => {
                let open = self.open.borrow_mut().pop();
                (open.as_deref() != Some(&tag.name)).then(|| format!("</{}> closes {open:?}", tag.name))
            }
            Token::CharacterTokens(text) => {
                text.chars().find(|c| is_bad(*c)).map(|c| format!("the character {c:?}"))
            }
            Token::EOFToken => None,
            token => Some(format!("{token:?}")),
        };
        self.broken.borrow_mut().extend(broken);
        TokenSinkResult::Continue
    }
}

impl Rules {
    fn start(&self, tag: &Tag) -> Option<String> {
        let name: &str = &tag.name;
        let Some((_, attributes)) = ALLOWED.iter().find(|(allowed, _)| *allowed == name) else {
            return Some(format!("<{name}>"));
        };
        let mut open = self.open.borrow_mut();
        if name == "a" && open.iter().any(|open| open == "a") {
            return Some("a link in a link".to_owned());
        }
        if !matches!(name, "br" | "hr" | "input") {
            open.push(name.to_owned());
        }
        if open.len() > 60 {
            return Some("nested deeper than 60".to_owned());
        }
        let value = |name: &str| {
            let attribute = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
            attribute.map(|attribute| attribute.value.to_string())
        };
        let is_checkbox = value("type").as_deref() == Some("checkbox") && value("disabled").is_some();
        if name == "input" && !is_checkbox {
            return Some("an input that is no disabled checkbox".to_owned());
        }
        if name == "a" && value("rel").as_deref() != Some("noopener noreferrer") {
            return Some("a link without rel".to_owned());
        }
        tag.attrs.iter().find_map(|attribute| {
            let (name, value): (&str, &str) = (&attribute.name.local, &attribute.value);
            (!attributes.contains(&name) || !is_allowed(name, value)).then(|| format!("{name}={value:?}"))
        })
    }
}

fn is_allowed(name: &str, value: &str) -> bool {
    match name {
        "href" => {
            ["http://", "https://", "mailto:"].iter().any(|scheme| value.starts_with(scheme))
                && !value.chars().any(|c| c.is_control() || c.is_whitespace() || is_bad(c))
        }
        "class" => {
            matches!(value, "code" | "table" | "image")
                || value
                    .strip_prefix("h-")
                    .is_some_and(|class| class.len() == 1 && "ksncftvoadi".contains(class))
        }
        "data-language" => value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+#.-_".contains(&byte)),
        "start" => value.parse::<u32>().is_ok(),
        "align" => matches!(value, "left" | "center" | "right"),
        "target" => value == "_blank",
        "aria-label" => matches!(value, "done" | "to do"),
        _ => true,
    }
}

/// Characters that reorder others, or that a page must not contain.
fn is_bad(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{10ff00}'..)
}

/// What is not allowed in HTML.
pub(super) fn broken(html: &str) -> Vec<String> {
    let tokenizer = Tokenizer::new(Rules::default(), Default::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let not_closed = tokenizer.sink.open.take().into_iter().map(|name| format!("<{name}> is not closed"));
    tokenizer.sink.broken.take().into_iter().chain(not_closed).collect()
}

/// Fails if the HTML has anything that is not allowed, or if a browser would read it as something else than it is.
pub(super) fn check(html: &str, text: &str) {
    let broken = broken(html);
    assert!(broken.is_empty(), "{broken:?}\nin {html}\nof {text:?}");
    assert_eq!(crate::sanitize::clean(html), html, "parsed again, it differs\nof {text:?}");
}
