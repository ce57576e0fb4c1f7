//! Programming languages: words, strings, comments, numbers.

use std::collections::HashMap;

use super::languages::{Language, Quote};
use super::{Class, Scanner, is_word, number};

/// Reads code up to a text that ends it, or, if that is empty, all of it.
pub(super) fn scan(scanner: &mut Scanner<'_>, language: &Language, end: &str) {
    let mut code = Code { words: words(language), language, expected: None, is_command: true };
    while let Some(c) = scanner.peek() {
        if !end.is_empty()
            && scanner.rest().get(..end.len()).is_some_and(|next| next.eq_ignore_ascii_case(end))
        {
            return;
        }
        code.next(scanner, c);
    }
}

/// Words of a shell after which a command begins.
const COMMAND_FOLLOWS: [&str; 11] =
    ["if", "then", "elif", "else", "while", "until", "do", "sudo", "exec", "time", "RUN"];

struct Code<'l> {
    words: HashMap<&'static str, Class>,
    language: &'l Language,
    /// What the next word is, since a keyword before it says so.
    expected: Option<Class>,
    /// In a shell: whether the next word is a command.
    is_command: bool,
}

fn words(language: &Language) -> HashMap<&'static str, Class> {
    let lists = [
        (language.types, Class::Type),
        (language.constants, Class::Number),
        (language.keywords, Class::Keyword),
    ];
    let entry = |(list, class): (&'static str, Class)| list.split_whitespace().map(move |word| (word, class));
    lists.into_iter().flat_map(entry).collect()
}

impl Code<'_> {
    fn next(&mut self, scanner: &mut Scanner<'_>, c: char) {
        if c.is_whitespace() {
            self.is_command |= c == '\n';
            scanner.skip(c.len_utf8());
        } else if let Some(length) = self.comment(scanner) {
            scanner.token(Class::Comment, length);
        } else if let Some(length) = self.quoted(scanner) {
            scanner.token(Class::String, length);
            self.is_command = false;
        } else if let Some((class, length)) = self.marked(scanner, c) {
            scanner.token(class, length);
            self.is_command = false;
        } else if c.is_ascii_digit() {
            scanner.token(Class::Number, number(scanner.rest()));
        } else if self.is_in_word(c) {
            self.word(scanner);
        } else {
            self.expected = None;
            self.is_command |= matches!(c, '|' | '&' | ';' | '(' | '{' | '`');
            scanner.skip(c.len_utf8());
        }
    }

    fn comment(&self, scanner: &Scanner<'_>) -> Option<usize> {
        let rest = scanner.rest();
        if let Some((open, close)) =
            self.language.block_comments.iter().find(|(open, _)| rest.starts_with(open))
        {
            return Some(if self.language.nests_comments {
                nested(rest, open, close)
            } else {
                scanner.through(close, open.len())
            });
        }
        let open = self.language.line_comments.iter().find(|open| rest.starts_with(**open))?;
        // `$#` and `a#b` are none; nor is what follows a word in a language whose comments are words.
        let is_free = scanner.before().is_none_or(|c| !is_word(c) && !matches!(c, '$' | '{' | '\\' | ':'));
        let is_comment = *open == "//" || is_free;
        is_comment.then(|| scanner.line())
    }

    fn quoted(&self, scanner: &Scanner<'_>) -> Option<usize> {
        let rest = scanner.rest();
        if self.language.has_patterns && rest.starts_with('/') {
            return self.pattern(scanner);
        }
        // `can't`, in what a command printed.
        if self.language.is_shell && rest.starts_with('\'') && scanner.before().is_some_and(is_word) {
            return None;
        }
        let Quote { open, close, escapes, is_long } =
            self.language.quotes.iter().find(|quote| rest.starts_with(quote.open))?;
        if *open == "'" && self.language.has_lifetimes {
            return character(rest);
        }
        Some(scanner.string(open.len(), close, *escapes, *is_long))
    }

    fn pattern(&self, scanner: &Scanner<'_>) -> Option<usize> {
        let before = scanner.code.get(..scanner.at)?.trim_end_matches(' ');
        let is_value =
            before.ends_with(|c: char| is_word(c) || matches!(c, ')' | ']' | '}' | '"' | '\'' | '`'));
        if is_value && !before.ends_with("return") {
            return None;
        }
        let rest = scanner.rest();
        let length = scanner.string(1, "/", true, false);
        let is_closed = length > 2 && rest.get(..length).is_some_and(|pattern| pattern.ends_with('/'));
        let flags = rest.get(length..)?.bytes().take_while(u8::is_ascii_lowercase).count();
        is_closed.then_some(length + flags)
    }

    /// What begins with a mark: variables, attributes, directives, options.
    fn marked(&self, scanner: &Scanner<'_>, c: char) -> Option<(Class, usize)> {
        let rest = scanner.rest();
        let language = self.language;
        let after = rest.get(c.len_utf8()..)?;
        let word = after.find(|c| !is_word(c)).unwrap_or(after.len());
        let begins_word = after.starts_with(|c: char| c.is_alphabetic() || c == '_');
        match c {
            '\'' if language.has_lifetimes && begins_word => Some((Class::Variable, 1 + word)),
            '#' if language.has_directives && scanner.is_line_start() => {
                let spaces = after.len() - after.trim_start_matches([' ', '\t']).len();
                let word = after.get(spaces..)?.find(|c| !is_word(c)).unwrap_or(after.len() - spaces);
                (word > 0).then_some((Class::Attribute, 1 + spaces + word))
            }
            '#' if language.has_lifetimes && after.starts_with(['[', '!']) => {
                Some((Class::Attribute, rest.find([']', '\n']).map_or(rest.len(), |at| at + 1)))
            }
            '@' if begins_word && language.attribute_mark => Some((Class::Attribute, 1 + word)),
            '$' | '@' | '%' | ':' | '\\' if begins_word && language.variable_marks.contains(c) => {
                let class = match c {
                    ':' => Class::Number,
                    '\\' => Class::Keyword,
                    _ => Class::Variable,
                };
                // `a::b` and `a ? b:c` have no symbols.
                let is_free = c != ':' || scanner.before().is_none_or(|c| !is_word(c) && c != ':');
                is_free.then_some((class, 1 + word))
            }
            '$' if language.is_shell && after.starts_with(['{', '(']) && !after.starts_with("((") => {
                let close = if after.starts_with('{') { '}' } else { return None };
                Some((Class::Variable, 1 + after.find([close, '\n']).map_or(after.len(), |at| at + 1)))
            }
            '$' if language.is_shell
                && after.starts_with(|c: char| c.is_ascii_digit() || "?#@*!$-".contains(c)) =>
            {
                Some((Class::Variable, 2))
            }
            // The prompt of a session.
            '$' | '>' if language.is_shell && scanner.is_line_start() && after.starts_with(' ') => {
                Some((Class::Comment, 1))
            }
            '-' if language.is_shell && scanner.before().is_some_and(char::is_whitespace) => {
                let length = rest.find(|c: char| !is_word(c) && c != '-').unwrap_or(rest.len());
                (length > 1).then_some((Class::Attribute, length))
            }
            _ => None,
        }
    }

    fn is_in_word(&self, c: char) -> bool {
        is_word(c) || self.language.word_marks.contains(c)
    }

    fn word(&mut self, scanner: &mut Scanner<'_>) {
        let length = scanner.run(|c| self.is_in_word(c));
        let word = scanner.rest().get(..length).unwrap_or_default();
        let after = scanner.rest().get(length..).unwrap_or_default();
        let key = if self.language.ignores_case { word.to_ascii_lowercase() } else { String::new() };
        let known = self.words.get(if self.language.ignores_case { key.as_str() } else { word }).copied();
        let is_command = std::mem::replace(&mut self.is_command, false) && self.language.is_shell;
        let expected = self.expected.take();
        // `x.type` and `obj.class` are members.
        let is_member = scanner.before() == Some('.') && !self.language.is_shell;
        let class = match known {
            Some(class) if !is_member => Some(class),
            _ if expected.is_some() => expected,
            // `r"..."`: the mark of a string is a part of it.
            _ if length <= 2 && self.language.has_string_marks && after.starts_with(['"', '\'']) => {
                Some(Class::String)
            }
            _ if after.starts_with('(') || (self.language.has_macros && is_macro(after)) => {
                Some(Class::Function)
            }
            _ if self.language.is_shell && after.starts_with('=') => Some(Class::Variable),
            _ if is_command => Some(Class::Function),
            _ if is_constant(word) => Some(Class::Number),
            _ if self.language.has_capital_types && is_capital(word) => Some(Class::Type),
            _ => None,
        };
        if class == Some(Class::Keyword) {
            self.expected = expected_after(word);
            self.is_command = self.language.is_shell && COMMAND_FOLLOWS.contains(&word);
        }
        match class {
            Some(class) => scanner.token(class, length),
            None => scanner.skip(length),
        }
    }
}

/// What the word after a keyword names.
fn expected_after(keyword: &str) -> Option<Class> {
    match keyword {
        "fn" | "def" | "func" | "function" | "fun" | "sub" | "defp" | "proc" => Some(Class::Function),
        "class" | "struct" | "enum" | "trait" | "interface" | "impl" | "type" | "extends" | "implements"
        | "new" | "protocol" | "extension" | "record" | "object" | "module" | "namespace" => {
            Some(Class::Type)
        }
        _ => None,
    }
}

fn is_macro(after: &str) -> bool {
    after.starts_with("!(") || after.starts_with("![") || after.starts_with("! {") || after.starts_with("!{")
}

/// `MAX_SIZE`: no lower case, and more than one letter.
fn is_constant(word: &str) -> bool {
    word.len() > 1
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

fn is_capital(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
}

/// The length of a character in quotes; none if it is a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.get(1..)?;
    if inside.starts_with('\\') {
        let end = inside.char_indices().skip(2).take(10).find(|(_, c)| *c == '\'')?.0;
        return Some(end + 2);
    }
    let length = inside.chars().next()?.len_utf8();
    inside.get(length..)?.starts_with('\'').then_some(length + 2)
}

/// The length of a comment that can have others in it.
fn nested(rest: &str, open: &str, close: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
        if here.starts_with(open) {
            depth += 1;
            at += open.len();
        } else if here.starts_with(close) {
            depth -= 1;
            at += close.len();
            if depth == 0 {
                return at;
            }
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}
