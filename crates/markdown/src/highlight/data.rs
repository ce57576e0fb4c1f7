//! JSON, files of keys and values, patches, Markdown.

use super::{Class, Scanner, is_word, number};

pub(super) fn scan_json(scanner: &mut Scanner<'_>) {
    while let Some(c) = scanner.peek() {
        let rest = scanner.rest();
        match c {
            '"' | '\'' => {
                let length = scanner.string(1, if c == '"' { "\"" } else { "'" }, true, false);
                let is_key = rest
                    .get(length..)
                    .is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with(':'));
                scanner.token(if is_key { Class::Variable } else { Class::String }, length);
            }
            '/' if rest.starts_with("//") => scanner.token(Class::Comment, scanner.line()),
            '/' if rest.starts_with("/*") => scanner.token(Class::Comment, scanner.through("*/", 2)),
            '-' | '0'..='9' => scanner.token(Class::Number, 1 + number(rest.get(1..).unwrap_or_default())),
            c if is_word(c) => value(scanner),
            c => scanner.skip(c.len_utf8()),
        }
    }
}

/// YAML (`:`) and TOML, INI and the like (`=`), line by line.
pub(super) fn scan_keys(scanner: &mut Scanner<'_>, separator: char) {
    while !scanner.rest().is_empty() {
        scanner.skip(scanner.run(|c| matches!(c, ' ' | '\t' | '-')));
        let line = scanner.rest().lines().next().unwrap_or_default();
        let trimmed = line.trim_end();
        let key = key(line, separator);
        if line.starts_with(';') {
            scanner.token(Class::Comment, line.len());
        } else if separator == '=' && trimmed.starts_with('[') && trimmed.ends_with(']') {
            scanner.token(Class::Type, trimmed.len());
        } else if key > 0 {
            scanner.token(Class::Variable, key);
        }
        scan_values(scanner);
        scanner.skip(usize::from(scanner.peek() == Some('\n')));
    }
}

/// The length of the key that a line begins with.
fn key(line: &str, separator: char) -> usize {
    let is_key =
        |c: char| is_word(c) || matches!(c, '-' | '.' | '/' | '"' | '\'' | ' ' | '$' | '*' | '<' | '@');
    let Some((key, after)) = line.split_once(separator) else { return 0 };
    let is_separated = separator != ':' || after.is_empty() || after.starts_with([' ', '\r']);
    if is_separated && key.chars().all(is_key) { key.trim_end().len() } else { 0 }
}

/// Values up to the end of the line; a string can be longer.
fn scan_values(scanner: &mut Scanner<'_>) {
    while let Some(c) = scanner.peek().filter(|c| *c != '\n') {
        let rest = scanner.rest();
        let is_free =
            scanner.before().is_none_or(|c| c.is_whitespace() || matches!(c, '[' | '{' | ',' | '=' | ':'));
        match c {
            '"' | '\'' if is_free => {
                let long = [r#"""""#, "'''"].into_iter().find(|open| rest.starts_with(open));
                let length = match long {
                    Some(open) => scanner.string(3, open, true, true),
                    None => scanner.string(1, if c == '"' { "\"" } else { "'" }, c == '"', false),
                };
                scanner.token(Class::String, length);
            }
            '#' if is_free => scanner.token(Class::Comment, scanner.line()),
            '&' | '*' | '!' if is_free => {
                scanner.token(Class::Attribute, scanner.run(|c| !c.is_whitespace()))
            }
            '$' => {
                scanner.token(Class::Variable, scanner.run(|c| is_word(c) || matches!(c, '$' | '{' | '}')))
            }
            c if is_word(c) && is_free => value(scanner),
            c => scanner.skip(c.len_utf8()),
        }
    }
}

/// A word: a number, a constant or plain.
fn value(scanner: &mut Scanner<'_>) {
    let rest = scanner.rest();
    let length = scanner.run(|c| is_word(c) || matches!(c, '-' | '.' | ':'));
    let word = rest.get(..length).unwrap_or_default();
    let is_number = word.starts_with(|c: char| c.is_ascii_digit()) && word.len() <= 40;
    let is_constant = matches!(
        word.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "nan" | "inf" | "infinity"
    );
    if is_number || is_constant { scanner.token(Class::Number, length) } else { scanner.skip(length) }
}

pub(super) fn scan_diff(scanner: &mut Scanner<'_>) {
    while let Some(c) = scanner.peek() {
        let rest = scanner.rest();
        let is_head = ["+++", "---", "diff ", "index "].iter().any(|head| rest.starts_with(head));
        match c {
            _ if is_head => scanner.token(Class::Keyword, scanner.line()),
            '@' => scanner.token(Class::Attribute, scanner.line()),
            '+' | '>' => scanner.token(Class::Inserted, scanner.line()),
            '-' | '<' => scanner.token(Class::Deleted, scanner.line()),
            _ => scanner.skip(scanner.line()),
        }
        scanner.skip(usize::from(scanner.peek() == Some('\n')));
    }
}

pub(super) fn scan_markdown(scanner: &mut Scanner<'_>) {
    while let Some(c) = scanner.peek() {
        match c {
            '#' if scanner.is_line_start() => scanner.token(Class::Keyword, scanner.line()),
            '>' if scanner.is_line_start() => scanner.token(Class::Comment, scanner.line()),
            '-' | '*' | '+' if scanner.is_line_start() => scanner.token(Class::Keyword, 1),
            '`' => {
                let mark = scanner.run(|c| c == '`');
                let close = "`".repeat(mark.min(3));
                scanner.token(Class::String, scanner.string(mark, &close, false, mark >= 3));
            }
            c => scanner.skip(c.len_utf8()),
        }
    }
}
