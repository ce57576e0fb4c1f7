//! Edits JSON with comments in place: only the bytes of the entry change, all others stay as they are.

use jsonc_parser::ast::{Object, ObjectProp};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::tokens::{Token, TokenAndRange};
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, ParseResult, parse_to_ast};
use serde::Serialize as _;
use serde_json::{Map, Value};

use super::error::Problem;

/// The value at a path of keys; `None` where there is none.
pub(super) fn get(text: &str, path: &[&str]) -> Result<Option<Value>, Problem> {
    let Some(mut value) = parse(text)?.value.map(Value::from) else { return Ok(None) };
    for (depth, key) in path.iter().enumerate() {
        let Value::Object(mut object) = value else {
            return Err(Problem::shape(path.get(..depth).unwrap_or_default(), "an object"));
        };
        match object.remove(*key) {
            Some(found) => value = found,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// The text with this value at this path; the very same text where it is there already.
pub(super) fn set(text: &str, path: &[&str], value: &Value) -> Result<String, Problem> {
    let parsed = parse(text)?;
    let layout = Layout::of(text, &parsed);
    let Some(root) = &parsed.value else {
        let whole = layout.render(&nested(path, value), "");
        let gap = if text.is_empty() || text.ends_with('\n') { "" } else { layout.newline };
        return Ok(format!("{text}{gap}{whole}{}", layout.newline));
    };
    let mut object = root.as_object().ok_or_else(|| Problem::shape(&[], "an object"))?;
    for (depth, key) in path.iter().enumerate() {
        let rest = path.get(depth + 1..).unwrap_or_default();
        let Some(property) = find(object, key) else {
            return Ok(insert(text, &parsed, &layout, object, key, &nested(rest, value)));
        };
        if rest.is_empty() {
            if Value::from(property.value.clone()) == *value {
                break;
            }
            let mut edited = text.to_owned();
            let rendered = layout.render(value, line_indent(text, property.start()));
            edited.replace_range(property.value.start()..property.value.end(), &rendered);
            return Ok(edited);
        }
        object = property
            .value
            .as_object()
            .ok_or_else(|| Problem::shape(path.get(..=depth).unwrap_or_default(), "an object"))?;
    }
    Ok(text.to_owned())
}

/// The text without the property at this path; `None` where there is none.
pub(super) fn remove(text: &str, path: &[&str]) -> Result<Option<String>, Problem> {
    let parsed = parse(text)?;
    let Some(mut object) = parsed.value.as_ref().and_then(|root| root.as_object()) else { return Ok(None) };
    let Some((last, parents)) = path.split_last() else { return Ok(None) };
    for key in parents {
        match find(object, key).and_then(|property| property.value.as_object()) {
            Some(found) => object = found,
            None => return Ok(None),
        }
    }
    Ok(find(object, last).map(|property| cut(text, &parsed, object, property)))
}

/// Whether the object at a path has nothing in it, not even a comment.
pub(super) fn is_blank(text: &str, path: &[&str]) -> Result<bool, Problem> {
    let parsed = parse(text)?;
    let Some(mut object) = parsed.value.as_ref().and_then(|root| root.as_object()) else { return Ok(false) };
    for key in path {
        match find(object, key).and_then(|property| property.value.as_object()) {
            Some(found) => object = found,
            None => return Ok(false),
        }
    }
    let (before, after) = match path {
        [] => (text.get(..object.start()), text.get(object.end()..)),
        _ => (Some(""), Some("")),
    };
    let inside = text.get(object.start() + 1..object.end() - 1);
    Ok([before, after, inside].iter().all(|part| part.is_some_and(|part| part.trim().is_empty())))
}

/// What hosts take: JSON with comments and trailing commas. All else that the parser could read is refused,
/// because hosts would not read it.
fn parse(text: &str) -> Result<ParseResult<'_>, Problem> {
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let collect = CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
    parse_to_ast(text, &collect, &options).map_err(|error| Problem::Syntax {
        line: error.line_display(),
        column: error.column_display(),
        problem: error.kind().to_string(),
    })
}

/// Of two properties with one name, parsers take the last.
fn find<'a, 'b>(object: &'b Object<'a>, key: &str) -> Option<&'b ObjectProp<'a>> {
    object.properties.iter().rev().find(|property| property.name.as_str() == key)
}

fn nested(path: &[&str], value: &Value) -> Value {
    path.iter()
        .rev()
        .fold(value.clone(), |inner, key| Value::Object(Map::from_iter([((*key).to_owned(), inner)])))
}

/// How the file is written.
struct Layout<'a> {
    newline: &'static str,
    /// One step of indentation.
    step: &'a str,
}

impl<'a> Layout<'a> {
    fn of(text: &'a str, parsed: &ParseResult<'_>) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let root = parsed.value.as_ref().and_then(|value| value.as_object());
        let first = root.and_then(|object| object.properties.first());
        let step = first.map(|property| line_indent(text, property.start())).filter(|step| !step.is_empty());
        Self { newline, step: step.unwrap_or("  ") }
    }

    fn render(&self, value: &Value, indent: &str) -> String {
        let mut bytes = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(self.step.as_bytes());
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
        // A value of strings, lists and objects cannot fail into memory.
        let _ = value.serialize(&mut serializer);
        String::from_utf8_lossy(&bytes).replace('\n', &format!("{}{indent}", self.newline))
    }
}

/// Puts a property after all others, on a line of its own unless the object is all on one.
fn insert(
    text: &str,
    parsed: &ParseResult<'_>,
    layout: &Layout<'_>,
    object: &Object<'_>,
    key: &str,
    value: &Value,
) -> String {
    let name = Value::from(key);
    let outer = line_indent(text, object.start());
    let mut edited = text.to_owned();
    let Some(last) = object.properties.last() else {
        let at = tokens_in(parsed, object.start(), object.end())
            .filter(|token| is_comment(token))
            .map(|token| token.end())
            .last()
            .unwrap_or(object.start() + 1);
        let indent = format!("{outer}{}", layout.step);
        let entry = format!("{}{indent}{name}: {}", layout.newline, layout.render(value, &indent));
        let closing = object.end() - 1;
        if text.get(at..closing).is_some_and(|blanks| blanks.contains('\n')) {
            edited.insert_str(at, &entry);
        } else {
            edited.replace_range(at..closing, &format!("{entry}{}{outer}", layout.newline));
        }
        return edited;
    };
    let after = After::of(text, parsed, last.end(), object.end());
    let own_lines = text.get(object.start()..last.start()).is_some_and(|start| start.contains('\n'));
    let trailing = if after.comma.is_some() { "," } else { "" };
    let entry = if own_lines || after.ends_in_line_comment {
        let indent = if own_lines {
            line_indent(text, last.start()).to_owned()
        } else {
            format!("{outer}{}", layout.step)
        };
        format!("{}{indent}{name}: {}{trailing}", layout.newline, layout.render(value, &indent))
    } else {
        format!(" {name}: {value}{trailing}")
    };
    edited.insert_str(after.end, &entry);
    if after.comma.is_none() {
        edited.insert(last.end(), ',');
    }
    edited
}

/// Takes a property out, and exactly what [`insert`] put around it.
fn cut(text: &str, parsed: &ParseResult<'_>, object: &Object<'_>, property: &ObjectProp<'_>) -> String {
    let after = After::of(text, parsed, property.end(), object.end());
    let before = tokens_in(parsed, object.start(), property.start()).last();
    let mut edited = text.to_owned();
    let closing = object.end() - 1;
    let blank = |range: std::ops::Range<usize>| text.get(range).is_some_and(|gap| gap.trim().is_empty());
    if object.properties.len() == 1
        && blank(object.start() + 1..property.start())
        && blank(after.end..closing)
    {
        edited.replace_range(object.start() + 1..closing, "");
        return edited;
    }
    let rest = text.get(after.end..).unwrap_or_default();
    let line_ends = rest.trim_start_matches([' ', '\t', '\r']).starts_with('\n');
    let start = match before {
        // The line break that ends the comment is needed.
        Some(token) if matches!(token.token, Token::CommentLine(_)) && !line_ends => property.start(),
        Some(token) => token.end(),
        None => property.start(),
    };
    edited.replace_range(start..after.end, "");
    let previous = object.properties.iter().rev().find(|other| other.end() <= property.start());
    if let (None, Some(previous)) = (after.comma, previous) {
        let comma =
            tokens_in(parsed, previous.end(), property.start()).find(|token| token.token == Token::Comma);
        if let Some(comma) = comma {
            edited.replace_range(comma.start()..comma.end(), "");
        }
    }
    edited
}

/// What belongs to a property behind it: its comma, and comments on the same line.
struct After {
    comma: Option<usize>,
    /// Where all of that ends.
    end: usize,
    ends_in_line_comment: bool,
}

impl After {
    fn of(text: &str, parsed: &ParseResult<'_>, end: usize, limit: usize) -> Self {
        let mut after = Self { comma: None, end, ends_in_line_comment: false };
        for token in tokens_in(parsed, end, limit) {
            let same_line = !text.get(after.end..token.start()).is_some_and(|gap| gap.contains('\n'));
            match token.token {
                Token::Comma if after.comma.is_none() => after.comma = Some(token.start()),
                Token::CommentLine(_) if same_line => after.ends_in_line_comment = true,
                Token::CommentBlock(_) if same_line => {}
                // A comment before a comma that stands on a line of its own.
                Token::CommentLine(_) | Token::CommentBlock(_)
                    if after.comma.is_none() && comma_follows(parsed, token, limit) => {}
                _ => break,
            }
            after.end = token.end();
            if !matches!(token.token, Token::CommentLine(_)) {
                after.ends_in_line_comment = false;
            }
        }
        after
    }
}

fn comma_follows(parsed: &ParseResult<'_>, comment: &TokenAndRange<'_>, limit: usize) -> bool {
    tokens_in(parsed, comment.end(), limit)
        .find(|token| !is_comment(token))
        .is_some_and(|token| token.token == Token::Comma)
}

fn tokens_in<'a, 'b>(
    parsed: &'b ParseResult<'a>,
    start: usize,
    end: usize,
) -> impl Iterator<Item = &'b TokenAndRange<'a>> {
    let tokens = parsed.tokens.as_deref().unwrap_or_default();
    let first = tokens.partition_point(|token| token.start() < start);
    tokens.get(first..).unwrap_or_default().iter().take_while(move |token| token.end() <= end)
}

fn is_comment(token: &TokenAndRange<'_>) -> bool {
    matches!(token.token, Token::CommentLine(_) | Token::CommentBlock(_))
}

/// The blanks that a line begins with.
fn line_indent(text: &str, at: usize) -> &str {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    line.get(..line.len() - line.trim_start_matches([' ', '\t']).len()).unwrap_or_default()
}
