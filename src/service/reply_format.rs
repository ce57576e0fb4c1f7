//! `response_format`: what callers may ask for, and whether a reply keeps to it.

use serde_json::{Map, Value};

use super::error::ServiceError;
use super::types::ResponseFormat;

/// Violations that are named to the model and to the caller.
const MOST_VIOLATIONS: usize = 5;

/// Reads `response_format`: `"json"`, a JSON Schema, or OpenAI's `json_object` and `json_schema` forms.
///
/// # Errors
/// `invalid_argument` where it is none of these, or the schema is no schema.
pub fn read_response_format(format: Value) -> Result<Option<ResponseFormat>, ServiceError> {
    const ARGUMENT: &str = "response_format";
    match format {
        Value::Null => Ok(None),
        Value::String(name) => match name.as_str() {
            "json" | "json_object" => Ok(Some(ResponseFormat::Json)),
            "text" => Ok(None),
            other => Err(ServiceError::invalid(
                ARGUMENT,
                format!("is {other:?}; it must be \"json\", a JSON Schema, or OpenAI's json_schema form"),
            )),
        },
        Value::Object(object) => read_object(object),
        _ => Err(ServiceError::invalid(
            ARGUMENT,
            "must be \"json\", a JSON Schema, or OpenAI's json_schema form",
        )),
    }
}

fn read_object(mut object: Map<String, Value>) -> Result<Option<ResponseFormat>, ServiceError> {
    let schema = match object.get("type").and_then(Value::as_str) {
        Some("text") => return Ok(None),
        Some("json_object") => return Ok(Some(ResponseFormat::Json)),
        Some("json_schema") => match object
            .remove("json_schema")
            .and_then(|mut form| Some(form.get_mut("schema")?.take()))
        {
            Some(schema) => schema,
            None => return Err(ServiceError::invalid("response_format.json_schema.schema", "is missing")),
        },
        _ => Value::Object(object),
    };
    if !schema.is_object() {
        return Err(ServiceError::invalid("response_format", "must be a JSON Schema object"));
    }
    match jsonschema::validator_for(&schema) {
        Ok(_) => Ok(Some(ResponseFormat::Schema(schema))),
        Err(error) => Err(ServiceError::invalid("response_format", format!("is not a JSON Schema: {error}"))),
    }
}

/// What is wrong with a reply: empty where it keeps to the format.
pub(super) fn violations(format: &ResponseFormat, reply: &str) -> Vec<String> {
    let reply: Value = match serde_json::from_str(reply.trim()) {
        Ok(reply) => reply,
        Err(error) => return vec![format!("it is not JSON ({error})")],
    };
    let ResponseFormat::Schema(schema) = format else { return Vec::new() };
    // It compiled when it was read.
    let Ok(validator) = jsonschema::validator_for(schema) else { return Vec::new() };
    validator
        .iter_errors(&reply)
        .take(MOST_VIOLATIONS)
        .map(|error| match error.instance_path().as_str() {
            "" => error.to_string(),
            path => format!("{path}: {error}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_spelling_is_read() {
        let schema = json!({"type": "object", "required": ["a"]});
        let wrapped = json!({"type": "json_schema", "json_schema": {"name": "x", "schema": schema}});
        assert_eq!(read_response_format(json!("json")), Ok(Some(ResponseFormat::Json)));
        assert_eq!(read_response_format(json!({"type": "json_object"})), Ok(Some(ResponseFormat::Json)));
        assert_eq!(read_response_format(json!({"type": "text"})), Ok(None));
        assert_eq!(read_response_format(schema.clone()), Ok(Some(ResponseFormat::Schema(schema.clone()))));
        assert_eq!(read_response_format(wrapped), Ok(Some(ResponseFormat::Schema(schema))));
    }

    #[test]
    fn what_is_no_format_is_refused() {
        for (format, said) in [
            (json!("yaml"), "response_format is \"yaml\""),
            (json!(5), "response_format must be"),
            (json!({"type": "objekt"}), "response_format is not a JSON Schema"),
            (json!({"type": "json_schema"}), "response_format.json_schema.schema is missing"),
        ] {
            let error = read_response_format(format).unwrap_err().text();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn a_reply_is_held_against_its_schema() {
        let format = ResponseFormat::Schema(
            json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}),
        );
        assert!(violations(&format, " {\"n\": 3}\n").is_empty());
        assert_eq!(violations(&format, "{\"n\": \"3\"}").len(), 1);
        assert!(violations(&format, "{}")[0].contains("\"n\" is a required property"));
        assert!(violations(&format, "Sure! {").first().unwrap().starts_with("it is not JSON"));
        assert!(violations(&ResponseFormat::Json, "[1]").is_empty());
    }
}
