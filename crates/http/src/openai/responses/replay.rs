//! The events of a response that is only on disk: where its stream was cut is not stored.

use futures_util::stream;
use serde_json::{Value, json};

use crate::mount::Response;
use crate::sse;

/// Without a number: the beginning, each item, and the end. After a number, which only the first stream could go on from exactly:
/// the end, which has the whole response.
pub(super) fn response(response: Value, after: Option<u64>) -> Response {
    let mut out = Vec::new();
    let mut number = after.map_or(0, |after| after.saturating_add(1));
    let mut write = |kind: &str, fields: Value| {
        let event = merged(json!({ "type": kind, "sequence_number": number }), fields);
        sse::write_name(&mut out, kind);
        sse::write_event(&mut out, Some(&number.to_string()), &event);
        number += 1;
    };
    if after.is_none() {
        let blank = json!({
            "completed_at": null, "status": "in_progress", "error": null, "incomplete_details": null, "output": [], "usage": null,
        });
        let begun = merged(response.clone(), blank);
        write("response.created", json!({ "response": begun }));
        write("response.in_progress", json!({ "response": begun }));
        let items = response.get("output").and_then(Value::as_array).into_iter().flatten();
        for (index, item) in items.enumerate() {
            write_item(&mut write, index, item);
        }
    }
    let last = match response.get("status").and_then(Value::as_str) {
        Some("completed") => "response.completed",
        Some("incomplete") => "response.incomplete",
        _ => "response.failed",
    };
    write(last, json!({ "response": response }));
    sse::response(stream::iter([out]))
}

/// An item whose text came at once.
fn write_item(write: &mut impl FnMut(&str, Value), output_index: usize, item: &Value) {
    let place = |more: Value| {
        let at = json!({ "item_id": field(item, "id"), "output_index": output_index });
        merged(at, more)
    };
    let kind = item.get("type").and_then(Value::as_str);
    let empty =
        if kind == Some("function_call") { json!({ "arguments": "" }) } else { json!({ "content": [] }) };
    let begun = merged(merged(item.clone(), empty), json!({ "status": "in_progress" }));
    write("response.output_item.added", json!({ "output_index": output_index, "item": begun }));
    if kind == Some("function_call") {
        let arguments = field(item, "arguments");
        write("response.function_call_arguments.delta", place(json!({ "delta": arguments })));
        let done = json!({ "name": field(item, "name"), "arguments": arguments });
        write("response.function_call_arguments.done", place(done));
    }
    let (delta, done) = match kind {
        Some("reasoning") => ("response.reasoning_text.delta", "response.reasoning_text.done"),
        _ => ("response.output_text.delta", "response.output_text.done"),
    };
    let parts = item.get("content").and_then(Value::as_array).into_iter().flatten();
    for (content_index, part) in parts.enumerate() {
        let place = |more: Value| place(merged(json!({ "content_index": content_index }), more));
        let empty = merged(part.clone(), json!({ "text": "" }));
        let text = field(part, "text");
        let logprobs = part.get("logprobs").map_or_else(|| json!({}), |found| json!({ "logprobs": found }));
        write("response.content_part.added", place(json!({ "part": empty })));
        write(delta, place(merged(json!({ "delta": text }), logprobs.clone())));
        write(done, place(merged(json!({ "text": text }), logprobs)));
        write("response.content_part.done", place(json!({ "part": part })));
    }
    write("response.output_item.done", json!({ "output_index": output_index, "item": item }));
}

fn field(value: &Value, name: &str) -> Value {
    value.get(name).cloned().unwrap_or_default()
}

/// An object with the fields of another one.
fn merged(mut object: Value, more: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (object.as_object_mut(), more) {
        fields.extend(more);
    }
    object
}
