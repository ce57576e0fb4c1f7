//! HTML, XML and CSS.

use super::{Class, Scanner, code, is_word, languages, number};

pub(super) fn scan(scanner: &mut Scanner<'_>) {
    while let Some(c) = scanner.peek() {
        let rest = scanner.rest();
        if rest.starts_with("<!--") {
            scanner.token(Class::Comment, scanner.through("-->", 4));
        } else if rest.starts_with("<![CDATA[") {
            scanner.token(Class::String, scanner.through("]]>", 9));
        } else if rest.starts_with("<!") || rest.starts_with("<?") {
            scanner.token(Class::Keyword, scanner.through(">", 2));
        } else if c == '<' && begins_name(rest) {
            tag(scanner);
        } else if c == '&' {
            let length = scanner.run(|c| c == '&' || c == '#' || is_word(c));
            let is_entity = length > 1 && rest.get(length..).is_some_and(|rest| rest.starts_with(';'));
            if is_entity { scanner.token(Class::Number, length + 1) } else { scanner.skip(length) }
        } else {
            scanner.skip(c.len_utf8());
        }
    }
}

fn begins_name(tag: &str) -> bool {
    let name = tag.strip_prefix("</").or_else(|| tag.strip_prefix('<'));
    name.is_some_and(|name| name.starts_with(|c: char| c.is_alphabetic()))
}

/// A tag with its attributes; what is in a script or a style is in its own language.
fn tag(scanner: &mut Scanner<'_>) {
    let is_name = |c: char| is_word(c) || matches!(c, '-' | ':' | '.' | '@' | '#');
    let is_end = scanner.rest().starts_with("</");
    scanner.skip(if is_end { 2 } else { 1 });
    let length = scanner.run(is_name);
    let name = scanner.rest().get(..length).unwrap_or_default().to_ascii_lowercase();
    scanner.token(Class::Attribute, length);
    while let Some(c) = scanner.peek() {
        match c {
            '>' => {
                scanner.skip(1);
                break;
            }
            // The tag was not closed.
            '<' => return,
            '"' | '\'' => {
                let close = if c == '"' { "\"" } else { "'" };
                scanner.token(Class::String, scanner.string(1, close, false, true));
            }
            c if is_name(c) => {
                let length = scanner.run(is_name);
                let class = if scanner.before() == Some('=') { Class::String } else { Class::Variable };
                scanner.token(class, length);
            }
            c => scanner.skip(c.len_utf8()),
        }
    }
    match name.as_str() {
        "style" if !is_end => scan_css(scanner, "</style"),
        "script" if !is_end => {
            if let Some(language) = languages::find("javascript") {
                code::scan(scanner, language, "</script");
            }
        }
        _ => {}
    }
}

/// Reads CSS up to a text that ends it, or, if that is empty, all of it.
pub(super) fn scan_css(scanner: &mut Scanner<'_>, end: &str) {
    let is_name = |c: char| is_word(c) || c == '-';
    // Whether a value is read, after the colon of a declaration.
    let mut is_value = false;
    let mut depth = 0_usize;
    while let Some(c) = scanner.peek() {
        let rest = scanner.rest();
        if !end.is_empty() && rest.get(..end.len()).is_some_and(|next| next.eq_ignore_ascii_case(end)) {
            return;
        }
        if rest.starts_with("/*") {
            scanner.token(Class::Comment, scanner.through("*/", 2));
        } else if rest.starts_with("//") && scanner.before() != Some(':') {
            scanner.token(Class::Comment, scanner.line());
        } else if c == '"' || c == '\'' {
            scanner.token(Class::String, scanner.string(1, if c == '"' { "\"" } else { "'" }, true, false));
        } else if c == '@' {
            scanner.token(
                Class::Keyword,
                1 + rest.get(1..).and_then(|r| r.find(|c| !is_name(c))).unwrap_or(rest.len() - 1),
            );
        } else if c == '$' || rest.starts_with("--") {
            scanner.token(Class::Variable, scanner.run(|c| c == '$' || is_name(c)));
        } else if c == '#' && is_value {
            scanner.token(Class::Number, scanner.run(|c| c == '#' || c.is_ascii_hexdigit()));
        } else if matches!(c, '.' | '#')
            && !is_value
            && rest.get(1..).is_some_and(|rest| rest.starts_with(is_name))
        {
            scanner.token(
                Class::Attribute,
                1 + rest.get(1..).and_then(|r| r.find(|c| !is_name(c))).unwrap_or(rest.len() - 1),
            );
        } else if c.is_ascii_digit() {
            let length = number(rest);
            let unit = usize::from(rest.get(length..).is_some_and(|rest| rest.starts_with('%')));
            scanner.token(Class::Number, length + unit);
        } else if is_name(c)
            && !(c == '-' && rest.get(1..).is_some_and(|r| r.starts_with(|c: char| !c.is_alphabetic())))
        {
            let length = scanner.run(is_name);
            let after = rest.get(length..).unwrap_or_default();
            if after.starts_with('(') {
                scanner.token(Class::Function, length);
            } else if is_value {
                scanner.skip(length);
            } else {
                let is_property = depth > 0 && after.trim_start_matches(' ').starts_with(':');
                scanner.token(if is_property { Class::Variable } else { Class::Attribute }, length);
            }
        } else {
            match c {
                '{' => (depth, is_value) = (depth + 1, false),
                '}' => (depth, is_value) = (depth.saturating_sub(1), false),
                ';' => is_value = false,
                ':' if depth > 0 => is_value = true,
                _ => {}
            }
            scanner.skip(c.len_utf8());
        }
    }
}
