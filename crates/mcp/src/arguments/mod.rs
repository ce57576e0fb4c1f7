//! Reads a call's `arguments` as a tool's own type.
//!
//! A wrong argument is an `invalid_argument` error that names it. An unknown argument is an error too, with the nearest
//! known one; it is never ignored.

pub(crate) mod generation;
pub(crate) mod schema;

use rmcp::model::JsonObject;
use serde::de::DeserializeOwned;
use serde_json::Value;

use service::{ErrorCode, ServiceError};
use text::similar::nearest;
pub(super) use types::de::whole_number;

/// Maximum length of a caller's text in an error.
const MAX_SHOWN: usize = 100;

/// Reads the arguments of a tool that has those of the names `known`.
///
/// # Errors
/// `invalid_argument`.
pub(crate) fn read<T: DeserializeOwned>(
    known: &[String],
    mut arguments: JsonObject,
) -> Result<T, ServiceError> {
    // Hosts write null for what a model leaves out.
    arguments.retain(|_, value| !value.is_null());
    match arguments.keys().find(|name| !known.contains(name)) {
        Some(name) => Err(unknown(name, known)),
        None => typed(arguments),
    }
}

/// Takes the arguments of these names out of `arguments`, as a type of their own. (With serde's `flatten`, an error would
/// not name the argument.)
///
/// # Errors
/// `invalid_argument`.
pub(crate) fn take_part<T: DeserializeOwned>(
    names: &[String],
    arguments: &mut JsonObject,
) -> Result<T, ServiceError> {
    let mut part = JsonObject::new();
    for name in names {
        // Keeps the order of the others, which decides which error is reported.
        if let Some(value) = arguments.shift_remove(name).filter(|value| !value.is_null()) {
            part.insert(name.clone(), value);
        }
    }
    typed(part)
}

fn typed<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, ServiceError> {
    serde_path_to_error::deserialize(Value::Object(arguments)).map_err(|error| {
        let path = error.path().to_string();
        let reason = plain(&error.inner().to_string());
        let message = match path.as_str() {
            "" | "." | "?" => reason,
            path if reason.starts_with("is ") => format!("{path} {reason}"),
            path => format!("{path}: {reason}"),
        };
        ServiceError::new(ErrorCode::InvalidArgument, message)
    })
}

fn unknown(name: &str, known: &[String]) -> ServiceError {
    let shown: String = name.chars().take(MAX_SHOWN).collect();
    let error =
        ServiceError::new(ErrorCode::InvalidArgument, format!("{shown:?} is not an argument of this tool"));
    match nearest(&shown, known.iter().map(String::as_str)) {
        _ if shown == "adapters" => error.with_hint(
            "LoRA adapters are added with \"ollama create\" and an ADAPTER line on the command line.",
        ),
        Some(nearest) => error.with_hint(format!("Did you mean {nearest:?}?")),
        None if known.is_empty() => error.with_hint("It takes no arguments."),
        None => error.with_hint(format!("Its arguments are {}.", known.join(", "))),
    }
}

/// An error of serde in terms of JSON instead of Rust.
fn plain(reason: &str) -> String {
    // serde repeats a wrong value in full.
    let mut text = match reason.char_indices().nth(4 * MAX_SHOWN) {
        Some(_) => {
            let (start, end): (String, String) =
                (reason.chars().take(MAX_SHOWN).collect(), reason.chars().rev().take(MAX_SHOWN).collect());
            format!("{start}...{}", end.chars().rev().collect::<String>())
        }
        None => reason.to_owned(),
    };
    for (rust, json) in [
        (", expected", "; expected"),
        ("invalid type: string", "is the text"),
        ("invalid type: map", "is an object"),
        ("invalid type: sequence", "is an array"),
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
        let Value::Object(arguments) = arguments else { panic!() };
        let known = ["prompt", "temperature", "max_tokens"].map(str::to_owned);
        read(&known, arguments).map_err(|error| error.text())
    }

    #[test]
    fn invalid_argument_is_named() {
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
                "temperature is the text \"hot\"; it must be a number",
            ),
            (json!({"prompt": 5}), "prompt is integer `5`; it must be text"),
            (
                json!({"prompt": "x", "max_tokens": -1}),
                "max_tokens is -1; it must be a whole number of at least 1",
            ),
            (json!({}), "the argument `prompt` is missing"),
        ] {
            assert_eq!(read_text(arguments).unwrap_err(), text);
        }
    }

    #[test]
    fn null_is_absent_and_whole_float_is_integer() {
        let arguments = read_text(json!({"prompt": "x", "temperature": null, "max_tokens": 5.0})).unwrap();
        assert_eq!((arguments.temperature, arguments.max_tokens), (None, Some(5)));
    }
}
