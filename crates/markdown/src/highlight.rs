//! Code in color: tokens as `<span class="h-k">`, by small scanners of our own.
//!
//! They read each character once and know words, strings and comments of a language, no grammar. A highlighter with real
//! grammars (syntect with two-face's) added 1.1 MB to the program, which then misses its goal; it took 0.1 to 3 s for the first block of
//! a language, 13 to 60 MB of memory, and up to 100 ms for each 2 KB after that, on the processor that runs the model; and its
//! regular expressions backtrack on hostile code.

mod code;
mod data;
mod languages;
mod markup;
mod more_languages;

use crate::html::push_escaped;

/// Code beyond this is plain, in bytes: each token adds to what the page has to hold.
const MAX_CODE: usize = 200 * 1024;

/// The HTML of code in a language, whose name may be any word.
pub(crate) fn highlight(language: &str, code: &str) -> String {
    let mut end = code.len().min(MAX_CODE);
    while !code.is_char_boundary(end) {
        end -= 1;
    }
    let (head, rest) = code.split_at_checked(end).unwrap_or((code, ""));
    let mut scanner = Scanner::new(head);
    match language {
        "html" | "htm" | "xml" | "svg" | "vue" | "svelte" | "xhtml" | "xsl" | "plist" | "rss" | "jsp"
        | "astro" => {
            markup::scan(&mut scanner);
        }
        "css" | "scss" | "less" => markup::scan_css(&mut scanner, ""),
        "json" | "jsonc" | "json5" | "jsonl" | "ndjson" => data::scan_json(&mut scanner),
        "yaml" | "yml" => data::scan_keys(&mut scanner, ':'),
        "toml" | "ini" | "properties" | "env" | "dotenv" | "conf" | "cfg" | "editorconfig" => {
            data::scan_keys(&mut scanner, '=');
        }
        "diff" | "patch" => data::scan_diff(&mut scanner),
        "markdown" | "md" | "mdx" => data::scan_markdown(&mut scanner),
        _ => {
            if let Some(language) = languages::find(language) {
                code::scan(&mut scanner, language, "");
            }
        }
    }
    let mut out = scanner.finish();
    push_escaped(rest, &mut out);
    out
}

/// What a token is: the last letter of its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Keyword,
    String,
    Number,
    Comment,
    Function,
    Type,
    Variable,
    Attribute,
    Deleted,
    Inserted,
}

impl Class {
    fn open(self) -> &'static str {
        match self {
            Self::Keyword => "<span class=\"h-k\">",
            Self::String => "<span class=\"h-s\">",
            Self::Number => "<span class=\"h-n\">",
            Self::Comment => "<span class=\"h-c\">",
            Self::Function => "<span class=\"h-f\">",
            Self::Type => "<span class=\"h-t\">",
            Self::Variable => "<span class=\"h-v\">",
            Self::Attribute => "<span class=\"h-a\">",
            Self::Deleted => "<span class=\"h-d\">",
            Self::Inserted => "<span class=\"h-i\">",
        }
    }
}

/// Reads code from its beginning to its end, and writes all of it.
struct Scanner<'a> {
    code: &'a str,
    at: usize,
    /// From here on, what was read is plain and not written yet.
    plain: usize,
    out: String,
}

impl<'a> Scanner<'a> {
    fn new(code: &'a str) -> Self {
        Self { code, at: 0, plain: 0, out: String::with_capacity(code.len() * 2) }
    }

    fn rest(&self) -> &'a str {
        self.code.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn before(&self) -> Option<char> {
        self.code.get(..self.at).and_then(|code| code.chars().next_back())
    }

    /// Whether only spaces are before this position in its line.
    fn is_line_start(&self) -> bool {
        let before = self.code.get(..self.at).unwrap_or_default();
        // Bounded: a long line must not be read anew for each of its tokens.
        before.chars().rev().take(100).find(|c| !matches!(c, ' ' | '\t')).is_none_or(|c| c == '\n')
    }

    /// The length of what begins here and consists of some characters.
    fn run(&self, belongs: impl Fn(char) -> bool) -> usize {
        let rest = self.rest();
        rest.find(|c| !belongs(c)).unwrap_or(rest.len())
    }

    /// The length of the rest of the line.
    fn line(&self) -> usize {
        self.run(|c| c != '\n')
    }

    /// The length of what ends with a text, or with the code.
    fn through(&self, close: &str, from: usize) -> usize {
        let rest = self.rest();
        rest.get(from..).and_then(|rest| rest.find(close)).map_or(rest.len(), |at| from + at + close.len())
    }

    /// Reads on without a class.
    fn skip(&mut self, length: usize) {
        self.at += length;
    }

    fn skip_char(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn token(&mut self, class: Class, length: usize) {
        if length == 0 {
            return self.skip_char();
        }
        self.write_plain();
        self.out.push_str(class.open());
        push_escaped(self.code.get(self.at..self.at + length).unwrap_or_default(), &mut self.out);
        self.out.push_str("</span>");
        self.at += length;
        self.plain = self.at;
    }

    /// A string up to its closing mark, which a backslash can escape; without one it ends with its line or with the code.
    fn string(&self, open: usize, close: &str, escapes: bool, is_long: bool) -> usize {
        let rest = self.rest();
        let mut at = open;
        while let Some(here) = rest.get(at..).filter(|here| !here.is_empty()) {
            if here.starts_with(close) {
                return at + close.len();
            }
            if !is_long && here.starts_with('\n') {
                return at;
            }
            let escaped = if escapes && here.starts_with('\\') { 2 } else { 1 };
            at += here.chars().take(escaped).map(char::len_utf8).sum::<usize>();
        }
        rest.len()
    }

    fn write_plain(&mut self) {
        push_escaped(self.code.get(self.plain..self.at).unwrap_or_default(), &mut self.out);
    }

    fn finish(mut self) -> String {
        self.at = self.code.len();
        self.write_plain();
        self.out
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the number that a text begins with.
fn number(text: &str) -> usize {
    let mut at = 0;
    let mut before = ' ';
    for (position, c) in text.char_indices() {
        let after = text.get(position + c.len_utf8()..).and_then(|rest| rest.chars().next());
        let is_part = is_word(c)
            || (c == '.' && after.is_some_and(|c| c.is_ascii_digit()) && before != '.')
            || (matches!(c, '+' | '-')
                && matches!(before, 'e' | 'E')
                && after.is_some_and(|c| c.is_ascii_digit())
                && !text.starts_with("0x"));
        if !is_part {
            break;
        }
        before = c;
        at = position + c.len_utf8();
    }
    at
}

#[cfg(test)]
mod tests;
