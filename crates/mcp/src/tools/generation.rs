//! How to generate: the arguments that every generating tool has.

use std::sync::{Arc, LazyLock};

use rmcp::model::JsonObject;
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arguments::{whole_number, whole_number_or_zero};
use crate::schema::{self, input_schema_with_some, property_names};
use service::ServiceError;
use service::chat::request::ChatCall;
use service::chat::response_format::read_response_format;
use service::chat::truncation::Truncation;
use service::chat::validate::keep_alive;
use types::{Sampling, Think};

/// What the tools beside `chat_completion` list of these; they take the others too.
const LISTED: &[(&str, Option<&str>)] = &[
    ("temperature", None),
    ("max_tokens", None),
    ("options", Some("Others, such as num_ctx, seed, stop, top_p")),
    ("response_format", None),
    ("think", None),
];

/// Absent means the model's own default.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct GenerationArguments {
    /// 0 to 2
    temperature: Option<f64>,
    /// 0 to 1
    top_p: Option<f64>,
    #[serde(default, deserialize_with = "whole_number_or_zero")]
    top_k: Option<u64>,
    #[serde(default, deserialize_with = "whole_number")]
    max_tokens: Option<u64>,
    seed: Option<i64>,
    /// Texts that end the reply
    #[serde(default)]
    #[schemars(schema_with = "schema::text_or_texts")]
    stop: Option<Stop>,
    /// -2 to 2
    presence_penalty: Option<f64>,
    /// -2 to 2
    frequency_penalty: Option<f64>,
    /// Tokens of context
    #[serde(default, deserialize_with = "whole_number")]
    num_ctx: Option<u64>,
    /// How long the model stays loaded: "10m", seconds, -1 for ever
    #[serde(default)]
    #[schemars(schema_with = "schema::keep_alive")]
    keep_alive: Option<Value>,
    /// More options of Ollama, such as min_p
    options: Option<Map<String, Value>>,
    /// "json", or a JSON Schema; the reply is checked
    #[serde(default)]
    #[schemars(schema_with = "response_format_schema")]
    response_format: Option<Value>,
    /// true, false, low, medium, high or max
    #[serde(default)]
    #[schemars(schema_with = "think_schema")]
    think: Option<Value>,
    /// A prompt over the context: "auto" (cut, with a warning), "error", "grow" (larger num_ctx)
    truncation: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "it must be text or an array of texts")]
enum Stop {
    One(String),
    Many(Vec<String>),
}

impl GenerationArguments {
    /// The names of these arguments.
    pub(super) fn names() -> &'static [String] {
        static NAMES: LazyLock<Vec<String>> = LazyLock::new(property_names::<GenerationArguments>);
        &NAMES
    }

    /// The schema of a tool that takes these beside its own.
    pub(super) fn schema_beside<T: JsonSchema>() -> Arc<JsonObject> {
        input_schema_with_some::<T, Self>(LISTED)
    }

    /// A call with these and nothing else.
    pub(super) fn into_call(self) -> Result<ChatCall, ServiceError> {
        Ok(ChatCall {
            sampling: Sampling {
                temperature: self.temperature,
                top_p: self.top_p,
                top_k: self.top_k,
                max_tokens: self.max_tokens,
                seed: self.seed,
                stop: match self.stop {
                    None => Vec::new(),
                    Some(Stop::One(stop)) => vec![stop],
                    Some(Stop::Many(stop)) => stop,
                },
                presence_penalty: self.presence_penalty,
                frequency_penalty: self.frequency_penalty,
                num_ctx: self.num_ctx,
            },
            options: self.options.unwrap_or_default(),
            response_format: self.response_format.map(read_response_format).transpose()?.flatten(),
            think: self.think.map(read_think).transpose()?,
            keep_alive: keep_alive(self.keep_alive)?,
            truncation: self.truncation.as_deref().map(Truncation::parse).transpose()?.unwrap_or_default(),
            ..ChatCall::default()
        })
    }
}

fn read_think(think: Value) -> Result<Think, ServiceError> {
    match think {
        Value::Bool(true) => Ok(Think::On),
        Value::Bool(false) => Ok(Think::Off),
        Value::String(ref level) => match level.as_str() {
            "low" => Ok(Think::Low),
            "medium" => Ok(Think::Medium),
            "high" => Ok(Think::High),
            "max" => Ok(Think::Max),
            "true" => Ok(Think::On),
            "false" | "none" => Ok(Think::Off),
            _ => Err(wrong_think(&think)),
        },
        _ => Err(wrong_think(&think)),
    }
}

fn wrong_think(think: &Value) -> ServiceError {
    ServiceError::invalid(
        "think",
        format!("is {think}; it must be true, false, \"low\", \"medium\", \"high\" or \"max\""),
    )
}

// Schemas of arguments that have more than one form: written out, since a host pays for what derives.
// One type a branch: not every host's own dialect has lists of types.

fn response_format_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schema::any_of([json_schema!({ "type": "string" }), schema::object(generator)])
}

fn think_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schema::any_of([json_schema!({ "type": "boolean" }), json_schema!({ "type": "string" })])
}
