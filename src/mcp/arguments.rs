//! The one way from a call's `arguments` to a tool's own type.
//!
//! What is wrong is an `invalid_argument` error that names the argument; an unknown one is named
//! with the nearest that there is, and never ignored.

use rmcp::model::JsonObject;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::service::{ErrorCode, ServiceError};

/// Below this similarity (0 to 1) a name is no suggestion.
const SIMILAR: f64 = 0.6;

/// Reads the arguments of a tool whose input schema is `schema`.
///
/// # Errors
/// `invalid_argument`.
pub(super) fn read<T: DeserializeOwned>(
    schema: &JsonObject,
    mut arguments: JsonObject,
) -> Result<T, ServiceError> {
    // Hosts write null for what a model leaves out.
    arguments.retain(|_, value| !value.is_null());
    if let Some(Value::Object(known)) = schema.get("properties") {
        for name in arguments.keys() {
            if !known.contains_key(name) {
                return Err(unknown(name, known));
            }
        }
    }
    // Those that may come through serde's `flatten`, which loses their names.
    let suspects: Vec<_> = arguments
        .iter()
        .filter(|(_, value)| is_small(value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.inner().to_string();
        let name = match path.as_str() {
            "" | "." | "?" => culprit::<T>(suspects, &inner),
            path => Some(path.to_owned()),
        };
        let reason = plain(&inner);
        let message = match name {
            Some(name) => format!("{name}: {reason}"),
            None => reason,
        };
        ServiceError::new(ErrorCode::InvalidArgument, message)
    })
}

/// The argument that by itself fails with the same words.
fn culprit<T: DeserializeOwned>(suspects: Vec<(String, Value)>, reason: &str) -> Option<String> {
    suspects.into_iter().find_map(|(name, value)| {
        let alone = Value::Object(JsonObject::from_iter([(name.clone(), value)]));
        let error = serde_json::from_value::<T>(alone).err()?;
        (error.to_string() == reason && !reason.starts_with("missing field")).then_some(name)
    })
}

/// Whether a copy costs nothing. What is large, texts and messages, is not flattened.
fn is_small(value: &Value) -> bool {
    const LARGEST: usize = 256;
    match value {
        Value::String(text) => text.len() <= LARGEST,
        Value::Array(items) => {
            items.len() <= 16
                && items.iter().all(|item| !item.is_array() && !item.is_object() && is_small(item))
        }
        Value::Object(object) => object.is_empty(),
        _ => true,
    }
}

fn unknown(name: &str, known: &JsonObject) -> ServiceError {
    let error =
        ServiceError::new(ErrorCode::InvalidArgument, format!("{name:?} is not an argument of this tool"));
    let nearest = known
        .keys()
        .map(|known| (strsim::normalized_damerau_levenshtein(known, name), known))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(alike, _)| *alike >= SIMILAR);
    match nearest {
        Some((_, nearest)) => error.with_hint(format!("Did you mean {nearest:?}?")),
        None => {
            let names: Vec<_> = known.keys().map(String::as_str).collect();
            error.with_hint(format!("Its arguments are {}.", names.join(", ")))
        }
    }
}

/// serde's words for Rust's types, in JSON's.
fn plain(reason: &str) -> String {
    let mut text = reason.to_owned();
    for (rust, json) in [
        ("invalid type: ", "is "),
        ("invalid value: ", "is "),
        ("expected f64", "it must be a number"),
        ("expected u64", "it must be a whole number of at least 0"),
        ("expected u32", "it must be a whole number of at least 0"),
        ("expected i64", "it must be a whole number"),
        ("expected a string", "it must be text"),
        ("expected a sequence", "it must be an array"),
        ("expected a boolean", "it must be true or false"),
        ("expected a map", "it must be an object"),
        ("missing field `", "the argument `"),
    ] {
        text = text.replace(rust, json);
    }
    if reason.starts_with("missing field") {
        text.push_str(" is missing");
    }
    text
}

/// Numbers that JSON writers send as `5.0` are whole all the same.
pub(super) fn whole_number<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    use serde::Deserialize as _;
    use serde::de::Error as _;
    let value = Value::deserialize(deserializer)?;
    let whole = value.as_u64().or_else(|| {
        let float = value.as_f64()?;
        // Exact in this range.
        (float.fract() == 0.0 && (0.0..9e15).contains(&float)).then_some(float as u64)
    });
    whole
        .map(Some)
        .ok_or_else(|| D::Error::custom(format!("is {value}; it must be a whole number of at least 0")))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Arguments {
        #[expect(dead_code, reason = "read by serde alone")]
        prompt: String,
        temperature: Option<f64>,
        #[serde(default, deserialize_with = "whole_number")]
        max_tokens: Option<u64>,
    }

    fn read_text(arguments: Value) -> Result<Arguments, String> {
        let schema = json!({"properties": {"prompt": {}, "temperature": {}, "max_tokens": {}}});
        let (Value::Object(schema), Value::Object(arguments)) = (schema, arguments) else { panic!() };
        read(&schema, arguments).map_err(|error| error.text())
    }

    #[test]
    fn a_flattened_argument_keeps_its_name() {
        #[derive(Debug, Deserialize)]
        struct Inner {
            #[expect(dead_code, reason = "read by serde alone")]
            top_p: Option<f64>,
        }
        #[derive(Debug, Deserialize)]
        struct Outer {
            #[expect(dead_code, reason = "read by serde alone")]
            prompt: Option<String>,
            #[serde(flatten)]
            #[expect(dead_code, reason = "read by serde alone")]
            inner: Inner,
        }
        let arguments = json!({"prompt": "x", "top_p": "hot"});
        let Value::Object(arguments) = arguments else { panic!() };
        let error = read::<Outer>(&JsonObject::new(), arguments).unwrap_err();
        assert_eq!(error.text(), "top_p: is string \"hot\", it must be a number");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (arguments, text) in [
            (
                json!({"prompt": "x", "temprature": 1}),
                "\"temprature\" is not an argument of this tool. Did you mean \"temperature\"?",
            ),
            (
                json!({"prompt": "x", "zzz": 1}),
                "\"zzz\" is not an argument of this tool. Its arguments are prompt, temperature, max_tokens.",
            ),
            (
                json!({"prompt": "x", "temperature": "hot"}),
                "temperature: is string \"hot\", it must be a number",
            ),
            (json!({"prompt": 5}), "prompt: is integer `5`, it must be text"),
            (
                json!({"prompt": "x", "max_tokens": -1}),
                "max_tokens: is -1; it must be a whole number of at least 0",
            ),
            (json!({}), "the argument `prompt` is missing"),
        ] {
            assert_eq!(read_text(arguments).unwrap_err(), text);
        }
    }

    #[test]
    fn null_is_absent_and_five_point_zero_is_five() {
        let arguments = read_text(json!({"prompt": "x", "temperature": null, "max_tokens": 5.0})).unwrap();
        assert_eq!((arguments.temperature, arguments.max_tokens), (None, Some(5)));
    }
}
