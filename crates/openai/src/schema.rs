//! JSON Schemas that are written out: each host of MCP pays for what derives.

use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::json;

/// An object of any form.
pub fn object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

/// A text, or a list of texts.
pub fn text_or_texts(_: &mut SchemaGenerator) -> Schema {
    let texts = json_schema!({ "type": "array", "items": { "type": "string" } });
    any_of([json_schema!({ "type": "string" }), texts])
}

/// `keep_alive`: a duration as text, or seconds.
pub fn keep_alive(_: &mut SchemaGenerator) -> Schema {
    any_of([json_schema!({ "type": "string" }), json_schema!({ "type": "number" })])
}

/// `response_format`: a name, or an object.
pub(crate) fn response_format(_: &mut SchemaGenerator) -> Schema {
    any_of([json_schema!({ "type": "string" }), json_schema!({ "type": "object" })])
}

/// `think`: a switch, or a level.
pub(crate) fn think(_: &mut SchemaGenerator) -> Schema {
    any_of([json_schema!({ "type": "boolean" }), json_schema!({ "type": "string" })])
}

/// The choices of a completion: what callers read of them.
pub(crate) fn choices(_: &mut SchemaGenerator) -> Schema {
    let text = json!({ "type": "string" });
    let calls = json!({ "type": "array", "items": { "type": "object" } });
    let message = json!({ "type": "object", "properties": { "content": text, "reasoning": text, "tool_calls": calls } });
    let finish =
        json!({ "anyOf": [{ "type": "string" }, { "type": "null" }], "description": "null until the end" });
    let choice = json!({ "type": "object", "properties": { "message": message, "finish_reason": finish } });
    json_schema!({ "type": "array", "items": choice })
}

/// A value of one of two forms. One type in each branch: some hosts reject lists of types.
pub fn any_of(branches: [Schema; 2]) -> Schema {
    json_schema!({ "anyOf": branches })
}
