//! Edits TOML in place: comments, order and other tables stay.

use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, TomlError};

use super::error::Problem;

/// The value at a path of keys; `None` where there is none.
pub(super) fn get(text: &str, path: &[&str]) -> Result<Option<Value>, Problem> {
    let document = parse(text)?;
    let mut item = document.as_item();
    for (depth, key) in path.iter().enumerate() {
        let table = item.as_table_like().ok_or_else(|| no_table(path, depth))?;
        match table.get(key) {
            Some(found) => item = found,
            None => return Ok(None),
        }
    }
    Ok(Some(json(item)))
}

/// The text with this value at this path; the very same text where it is there already.
pub(super) fn set(text: &str, path: &[&str], value: &Value) -> Result<String, Problem> {
    if get(text, path)?.as_ref() == Some(value) {
        return Ok(text.to_owned());
    }
    let Some((last, parents)) = path.split_last() else { return Ok(text.to_owned()) };
    edit(text, |document| {
        let mut table: &mut dyn TableLike = document.as_table_mut();
        for (depth, key) in parents.iter().enumerate() {
            if !table.contains_key(key) {
                let mut parent = Table::new();
                // No header of its own: [mcp_servers.ollama] says it all.
                parent.set_implicit(true);
                table.insert(key, Item::Table(parent));
            }
            table = table
                .get_mut(key)
                .and_then(Item::as_table_like_mut)
                .ok_or_else(|| no_table(path, depth + 1))?;
        }
        let inline = depth_is_inline(parents, value);
        let item = match value {
            Value::Object(fields) if !inline => Item::Table(full_table(fields)),
            _ => Item::Value(toml_value(value)),
        };
        match table.get_mut(last) {
            // The comments around the value stay.
            Some(Item::Value(old)) if item.is_value() => {
                let decor = old.decor().clone();
                *old = toml_value(value);
                *old.decor_mut() = decor;
            }
            _ => {
                table.insert(last, item);
            }
        }
        Ok(())
    })
}

/// The text without what stands at this path; `None` where there is nothing.
pub(super) fn remove(text: &str, path: &[&str]) -> Result<Option<String>, Problem> {
    let Some((last, parents)) = path.split_last() else { return Ok(None) };
    if get(text, path)?.is_none() {
        return Ok(None);
    }
    let without = edit(text, |document| {
        let mut table: &mut dyn TableLike = document.as_table_mut();
        for (depth, key) in parents.iter().enumerate() {
            table = table
                .get_mut(key)
                .and_then(Item::as_table_like_mut)
                .ok_or_else(|| no_table(path, depth + 1))?;
        }
        table.remove(last);
        Ok(())
    })?;
    Ok(Some(without))
}

fn parse(text: &str) -> Result<DocumentMut, Problem> {
    text.parse().map_err(|error: TomlError| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        Problem::Syntax {
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            problem: error.message().replace('\n', ", "),
        }
    })
}

/// Parses, changes and writes. The parser writes `\n` alone and ends the last line, so both are put right.
fn edit(text: &str, change: impl FnOnce(&mut DocumentMut) -> Result<(), Problem>) -> Result<String, Problem> {
    let windows = text.contains("\r\n");
    let plain = if windows { text.replace("\r\n", "\n") } else { text.to_owned() };
    let mut document = parse(&plain)?;
    change(&mut document)?;
    let mut edited = document.to_string();
    if !plain.is_empty() && !plain.ends_with('\n') {
        edited.truncate(edited.trim_end_matches('\n').len());
    }
    Ok(if windows { edited.replace('\n', "\r\n") } else { edited })
}

/// A server is a table with a header; what is inside it stands on one line.
fn depth_is_inline(parents: &[&str], value: &Value) -> bool {
    parents.len() != 1 || !value.is_object()
}

fn full_table(fields: &Map<String, Value>) -> Table {
    let mut table = Table::new();
    for (name, value) in fields {
        table.insert(name, Item::Value(toml_value(value)));
    }
    table
}

fn toml_value(value: &Value) -> toml_edit::Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.as_str(), toml_value(value)));
            fields.collect::<InlineTable>().into()
        }
        Value::Array(elements) => elements.iter().map(toml_value).collect::<Array>().into(),
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Null => "".into(),
    }
}

fn json(item: &Item) -> Value {
    if let Some(table) = item.as_table_like() {
        return table.iter().map(|(key, item)| (key.to_owned(), json(item))).collect();
    }
    match item.as_value() {
        Some(toml_edit::Value::String(text)) => text.value().as_str().into(),
        Some(toml_edit::Value::Boolean(value)) => (*value.value()).into(),
        Some(toml_edit::Value::Integer(number)) => (*number.value()).into(),
        Some(toml_edit::Value::Float(number)) => (*number.value()).into(),
        Some(toml_edit::Value::Array(array)) => {
            array.iter().map(|element| json(&Item::Value(element.clone()))).collect()
        }
        _ => Value::Null,
    }
}

fn no_table(path: &[&str], depth: usize) -> Problem {
    Problem::shape(path.get(..depth).unwrap_or_default(), "a table")
}
