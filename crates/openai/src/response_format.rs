//! `response_format`: OpenAI's forms, and the short ones of Ollama.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::InvalidArgument;
use types::ResponseFormat;

const ARGUMENT: &str = "response_format";
const EXPECTED: &str = "must be \"json\", a JSON Schema, or OpenAI's json_schema form";

/// Reads `"json"`, a JSON Schema, or OpenAI's `text`, `json_object` and `json_schema` forms. Whether the schema is
/// valid is not checked here. `None` is text.
///
/// # Errors
/// It is none of these.
pub fn read(format: Value) -> Result<Option<ResponseFormat>, InvalidArgument> {
    match format {
        Value::Null => Ok(None),
        Value::String(name) => match name.as_str() {
            "json" | "json_object" => Ok(Some(ResponseFormat::Json)),
            "text" => Ok(None),
            other => Err(InvalidArgument::new(ARGUMENT, format!("is {other:?}; it {EXPECTED}"))),
        },
        Value::Object(object) => read_object(object),
        _ => Err(InvalidArgument::new(ARGUMENT, EXPECTED)),
    }
}

fn read_object(mut object: Map<String, Value>) -> Result<Option<ResponseFormat>, InvalidArgument> {
    let schema = match object.get("type").and_then(Value::as_str) {
        Some("text") => return Ok(None),
        Some("json_object") => return Ok(Some(ResponseFormat::Json)),
        Some("json_schema") => object
            .remove("json_schema")
            .and_then(|mut form| Some(form.get_mut("schema")?.take()))
            .ok_or_else(|| InvalidArgument::new("response_format.json_schema.schema", "is missing"))?,
        _ => Value::Object(object),
    };
    if schema.is_object() {
        Ok(Some(ResponseFormat::Schema(schema)))
    } else {
        Err(InvalidArgument::new(ARGUMENT, "must be a JSON Schema object"))
    }
}

/// The format as it is sent to a server.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseFormatBody<'a> {
    JsonObject,
    JsonSchema { json_schema: JsonSchemaBody<'a> },
}

#[derive(Debug, Serialize)]
pub struct JsonSchemaBody<'a> {
    name: &'static str,
    schema: &'a Value,
    strict: bool,
}

impl<'a> From<&'a ResponseFormat> for ResponseFormatBody<'a> {
    fn from(format: &'a ResponseFormat) -> Self {
        match format {
            ResponseFormat::Json => Self::JsonObject,
            ResponseFormat::Schema(schema) => {
                // The API demands a name.
                Self::JsonSchema { json_schema: JsonSchemaBody { name: "reply", schema, strict: true } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_is_read() {
        let schema = json!({"type": "object", "required": ["a"]});
        let wrapped = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}});
        for json in [json!("json"), json!("json_object"), json!({"type": "json_object"})] {
            assert_eq!(read(json), Ok(Some(ResponseFormat::Json)));
        }
        for text in [Value::Null, json!("text"), json!({"type": "text"})] {
            assert_eq!(read(text), Ok(None));
        }
        for form in [schema.clone(), wrapped] {
            assert_eq!(read(form), Ok(Some(ResponseFormat::Schema(schema.clone()))));
        }
    }

    #[test]
    fn other_values_are_named_in_the_error() {
        for (format, text) in [
            (json!("yaml"), "response_format is \"yaml\"; it must be \"json\", a JSON Schema, or"),
            (json!(5), "response_format must be \"json\""),
            (json!({"type": "json_schema"}), "response_format.json_schema.schema is missing"),
            (
                json!({"type": "json_schema", "json_schema": {"schema": []}}),
                "response_format must be a JSON Schema object",
            ),
        ] {
            let error = read(format).unwrap_err().to_string();
            assert!(error.starts_with(text), "{error}");
        }
    }

    #[test]
    fn written_format_is_read_again() {
        for format in [ResponseFormat::Json, ResponseFormat::Schema(json!({"type": "object"}))] {
            let written = serde_json::to_value(ResponseFormatBody::from(&format)).unwrap();
            assert_eq!(read(written), Ok(Some(format)));
        }
    }
}
