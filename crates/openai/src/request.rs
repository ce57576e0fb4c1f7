//! `POST /chat/completions`: the request, as callers send it and as servers get it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::InvalidArgument;
use crate::messages::ChatMessage;
pub use types::ToolChoice;
use types::de::{whole_number, whole_number_or_zero};
use types::{ResponseFormat, Sampling, Think, TokenLogprob};

mod fields;
mod write;

pub use fields::{FIELDS, Support};
pub use write::ChatCompletionBody;
pub(crate) use write::{check_options, sampling_fields};

/// A request for a completion: OpenAI's fields, and those of Ollama that OpenAI has no name for. Absent means the
/// model's own default.
///
/// The JSON Schema has the fields that MCP's tools share; their docs are the descriptions that models read.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ChatCompletionRequest {
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub model: Option<String>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub messages: Option<Vec<ChatMessage>>,
    /// 0 to 2
    pub temperature: Option<f64>,
    /// 0 to 1
    pub top_p: Option<f64>,
    #[serde(deserialize_with = "whole_number_or_zero")]
    pub top_k: Option<u64>,
    #[serde(deserialize_with = "whole_number")]
    pub max_tokens: Option<u64>,
    /// The name that replaces `max_tokens`, and wins over it.
    #[cfg_attr(feature = "schema", schemars(skip))]
    #[serde(deserialize_with = "whole_number")]
    pub max_completion_tokens: Option<u64>,
    pub seed: Option<i64>,
    /// Texts that end the reply
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::text_or_texts"))]
    pub stop: Option<Stop>,
    /// -2 to 2
    pub presence_penalty: Option<f64>,
    /// -2 to 2
    pub frequency_penalty: Option<f64>,
    /// Tokens of context
    #[serde(deserialize_with = "whole_number")]
    pub num_ctx: Option<u64>,
    /// How long the model stays loaded: "10m", seconds, -1 for ever
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::keep_alive"))]
    pub keep_alive: Option<Value>,
    /// More options of Ollama, such as min_p
    pub options: Option<Map<String, Value>>,
    /// "json", or a JSON Schema; the reply is checked
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::response_format"))]
    pub response_format: Option<Value>,
    /// true, false, low, medium, high or max
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::think"))]
    pub think: Option<Value>,
    /// A prompt over the context: "auto" (cut, with a warning), "error", "grow" (larger num_ctx)
    pub truncation: Option<String>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub min_p: Option<f64>,
    /// OpenAI's name of `think`, which wins over it.
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub reasoning_effort: Option<String>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub tools: Option<Vec<Value>>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub tool_choice: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub parallel_tool_calls: Option<bool>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub stream: Option<bool>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub stream_options: Option<StreamOptions>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    #[serde(deserialize_with = "whole_number")]
    pub n: Option<u64>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub logprobs: Option<bool>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    #[serde(deserialize_with = "whole_number_or_zero")]
    pub top_logprobs: Option<u64>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub user: Option<String>,
    /// Stores the answer.
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub store: Option<bool>,
    /// Labels of the stored answer.
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub metadata: Option<BTreeMap<String, String>>,
    /// Ours: the completion goes on when its caller goes.
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub background: Option<bool>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    audio: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    function_call: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    functions: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    logit_bias: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    modalities: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    moderation: Option<Value>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    web_search_options: Option<Value>,
}

/// One text, or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "it must be text or an array of texts")]
pub enum Stop {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct StreamOptions {
    pub include_usage: Option<bool>,
}

impl ChatCompletionRequest {
    /// Takes the sampling options out of the request.
    pub fn take_sampling(&mut self) -> Sampling {
        Sampling {
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            max_tokens: self.max_completion_tokens.or(self.max_tokens),
            seed: self.seed,
            stop: self.stop.take().map(Stop::into_texts).unwrap_or_default(),
            presence_penalty: self.presence_penalty,
            frequency_penalty: self.frequency_penalty,
            num_ctx: self.num_ctx,
        }
    }

    /// Takes the other options out of the request; `min_p` is one of them.
    pub fn take_options(&mut self) -> Map<String, Value> {
        with_min_p(self.options.take(), self.min_p)
    }

    /// Takes the response format out of the request; `None` is text.
    ///
    /// # Errors
    /// It is none, see [`crate::response_format::read`].
    pub fn take_response_format(&mut self) -> Result<Option<ResponseFormat>, InvalidArgument> {
        self.response_format.take().map_or(Ok(None), crate::response_format::read)
    }

    /// Whether, and how hard, the model thinks: `think`, else `reasoning_effort`.
    ///
    /// # Errors
    /// The value has no meaning.
    pub fn think(&self) -> Result<Option<Think>, InvalidArgument> {
        match (&self.think, self.reasoning_effort.as_deref()) {
            (Some(think), _) => read_think(think).map(Some),
            (None, Some(effort)) => read_effort(effort).map(Some),
            (None, None) => Ok(None),
        }
    }

    /// Which tools the model may call.
    ///
    /// # Errors
    /// The value has no meaning.
    pub fn tool_choice(&self) -> Result<Option<ToolChoice>, InvalidArgument> {
        self.tool_choice.as_ref().map(read_tool_choice).transpose()
    }

    /// Whether log probabilities are asked for, and with how many alternatives: `logprobs` and `top_logprobs`.
    ///
    /// # Errors
    /// There are too many alternatives, or alternatives without log probabilities.
    pub fn logprobs(&self) -> Result<Option<u8>, InvalidArgument> {
        const MAX: u8 = TokenLogprob::MAX_TOP;
        let wrong = |reason: String| InvalidArgument::new("top_logprobs", reason);
        match (self.logprobs == Some(true), self.top_logprobs) {
            (false, None | Some(0)) => Ok(None),
            (false, Some(_)) => Err(wrong("needs logprobs: true".to_owned())),
            (true, top) => check_count("top_logprobs", top.unwrap_or(0), MAX.into()).map(Some),
        }
    }

    /// The first field that asks for what no local model can give.
    pub fn unsupported_field(&self) -> Option<&'static str> {
        let wants_more_than_text = |modalities: &Value| {
            modalities.as_array().is_none_or(|modalities| modalities.iter().any(|name| name != "text"))
        };
        let is_empty = |value: &Value| {
            value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
        };
        let is_given = |value: &Option<Value>| value.as_ref().is_some_and(|value| !is_empty(value));
        [
            ("audio", is_given(&self.audio)),
            ("function_call", is_given(&self.function_call)),
            ("functions", is_given(&self.functions)),
            ("logit_bias", is_given(&self.logit_bias)),
            ("modalities", self.modalities.as_ref().is_some_and(wants_more_than_text)),
            ("moderation", is_given(&self.moderation)),
            ("web_search_options", self.web_search_options.is_some()),
        ]
        .into_iter()
        .find_map(|(name, is_given)| is_given.then_some(name))
    }
}

impl Stop {
    pub(crate) fn into_texts(self) -> Vec<String> {
        match self {
            Self::One(stop) => vec![stop],
            Self::Many(stop) => stop,
        }
    }
}

/// The options with `min_p`, which OpenAI has no name for.
pub(crate) fn with_min_p(options: Option<Map<String, Value>>, min_p: Option<f64>) -> Map<String, Value> {
    let mut options = options.unwrap_or_default();
    options.extend(min_p.map(|min_p| ("min_p".to_owned(), min_p.into())));
    options
}

/// # Errors
/// The count is above its maximum.
pub(crate) fn check_count(argument: &str, count: u64, max: u64) -> Result<u8, InvalidArgument> {
    let small = u8::try_from(count).ok().filter(|_| count <= max);
    small.ok_or_else(|| InvalidArgument::new(argument, format!("is {count}; it must be between 0 and {max}")))
}

fn read_think(think: &Value) -> Result<Think, InvalidArgument> {
    let wrong = || {
        let reason = format!("is {think}; it must be true, false, \"low\", \"medium\", \"high\" or \"max\"");
        InvalidArgument::new("think", reason)
    };
    match think {
        Value::Bool(true) => Ok(Think::On),
        Value::Bool(false) => Ok(Think::Off),
        Value::String(level) => match level.as_str() {
            "low" => Ok(Think::Low),
            "medium" => Ok(Think::Medium),
            "high" => Ok(Think::High),
            "max" => Ok(Think::Max),
            "true" => Ok(Think::On),
            "false" | "none" => Ok(Think::Off),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

fn read_effort(effort: &str) -> Result<Think, InvalidArgument> {
    match effort {
        "none" => Ok(Think::Off),
        "minimal" | "low" => Ok(Think::Low),
        "medium" => Ok(Think::Medium),
        "high" => Ok(Think::High),
        "xhigh" | "max" => Ok(Think::Max),
        other => Err(InvalidArgument::new(
            "reasoning_effort",
            format!("is {other:?}; it must be none, minimal, low, medium, high or xhigh"),
        )),
    }
}

fn read_tool_choice(choice: &Value) -> Result<ToolChoice, InvalidArgument> {
    const NAMED: &str = "it must be \"none\", \"auto\", \"required\", or a function by its name";
    let function = || choice.get("function")?.get("name")?.as_str();
    match (choice.as_str(), function()) {
        (Some("none"), _) => Ok(ToolChoice::None),
        (Some("auto"), _) => Ok(ToolChoice::Auto),
        (Some("required"), _) => Ok(ToolChoice::Required),
        (None, Some(name)) => Ok(ToolChoice::Function(name.to_owned())),
        (Some(other), _) => Err(InvalidArgument::new("tool_choice", format!("is {other:?}; {NAMED}"))),
        (None, None) => Err(InvalidArgument::new("tool_choice", format!("is of another form; {NAMED}"))),
    }
}

#[cfg(test)]
mod tests;
