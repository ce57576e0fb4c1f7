//! `input`: a text, or items. What is kept of a request are items in one form, each with an id.

use serde_json::{Map, Value, json};

use super::items::messages_of;
use crate::InvalidArgument;

/// The items of an input in one form: each has its `type`, and the content of messages is a list.
///
/// # Errors
/// The path of the item that is wrong. What an item means is checked by [`messages_of`].
pub fn read_input(input: Value) -> Result<Vec<Value>, InvalidArgument> {
    match input {
        Value::String(text) if text.is_empty() => {
            Err(InvalidArgument::new("input", "is empty; it must have text"))
        }
        Value::String(text) => Ok(vec![message("user", json!([{ "type": "input_text", "text": text }]))]),
        Value::Array(items) => items
            .into_iter()
            .enumerate()
            .map(|(index, item)| read_item(&format!("input[{index}]"), item))
            .collect(),
        _ => Err(InvalidArgument::new("input", "must be text, or an array of items")),
    }
}

fn message(role: &str, content: Value) -> Value {
    json!({ "type": "message", "role": role, "status": "completed", "content": content })
}

fn read_item(path: &str, item: Value) -> Result<Value, InvalidArgument> {
    let Value::Object(mut item) = item else {
        return Err(InvalidArgument::new(path, "must be an object"));
    };
    // A text in an array is no item, and an item without a type is a message, or names another one.
    let kind = match item.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Null) | None if item.contains_key("role") => "message".to_owned(),
        Some(Value::Null) | None if item.len() == 1 && item.contains_key("id") => "item_reference".to_owned(),
        _ => return Err(InvalidArgument::new(&format!("{path}.type"), "is missing")),
    };
    if kind == "message"
        && let Some(Value::String(text)) = item.get("content")
    {
        let is_reply = item.get("role").and_then(Value::as_str) == Some("assistant");
        let content = if is_reply {
            json!([{ "type": "output_text", "text": text, "annotations": [] }])
        } else {
            json!([{ "type": "input_text", "text": text }])
        };
        item.insert("content".to_owned(), content);
    }
    item.insert("type".to_owned(), kind.into());
    let item = Value::Object(item);
    if !is_reference(&item) {
        // Each is checked on its own, so that an error names its place.
        messages_of([(path, &item)])?;
    }
    Ok(item)
}

/// Whether an item only names another one.
pub fn is_reference(item: &Value) -> bool {
    item.get("type").and_then(Value::as_str) == Some("item_reference")
}

/// The id of an item that has one.
pub fn item_id(item: &Value) -> Option<&str> {
    item.get("id")?.as_str().filter(|id| !id.is_empty())
}

/// Gives an id to each item that has none, and a status to each that needs one. `suffix` tells the items of one request from
/// those of others.
pub fn set_item_ids(items: &mut [Value], suffix: &str) {
    for (index, item) in items.iter_mut().enumerate() {
        let has_id = item_id(item).is_some();
        let Value::Object(item) = item else { continue };
        let kind = item.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        let prefix = match kind.as_str() {
            "reasoning" => "rs",
            "function_call" => "fc",
            "function_call_output" => "fco",
            _ => "msg",
        };
        if !has_id {
            item.insert("id".to_owned(), format!("{prefix}_{suffix}_i{index}").into());
        }
        if kind != "reasoning" && item.get("status").is_none_or(Value::is_null) {
            item.insert("status".to_owned(), "completed".into());
        }
        put_first(item, "id");
    }
}

/// Moves a field to the front, for those who read the JSON.
fn put_first(item: &mut Map<String, Value>, field: &str) {
    if let Some(value) = item.shift_remove(field) {
        let rest = std::mem::take(item);
        item.insert(field.to_owned(), value);
        item.extend(rest);
    }
}
