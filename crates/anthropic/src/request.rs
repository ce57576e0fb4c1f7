//! `POST /v1/messages`: the request as callers send it.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Ignored;
use types::de::{whole_number, whole_number_or_zero};
use types::{InvalidArgument, ResponseFormat, Sampling, Think};

mod fields;

pub use fields::{FIELDS, Support};

/// Most stop sequences of a request. The reply is searched for each of them.
const MAX_STOP_SEQUENCES: usize = 256;

/// A request for a message: Anthropic's fields, and those of Ollama and our own that Anthropic has no name for. Absent means the
/// model's own default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct MessagesRequest {
    pub model: Option<String>,
    pub messages: Option<Vec<InputMessage>>,
    #[serde(deserialize_with = "whole_number")]
    pub max_tokens: Option<u64>,
    pub system: Option<Content>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    #[serde(deserialize_with = "whole_number_or_zero")]
    pub top_k: Option<u64>,
    pub stop_sequences: Option<Vec<String>>,
    pub stream: Option<bool>,
    pub tools: Option<Vec<Value>>,
    pub tool_choice: Option<Value>,
    pub thinking: Option<Thinking>,
    pub output_config: Option<OutputConfig>,
    /// The older name of `output_config.format`.
    pub output_format: Option<OutputFormat>,
    pub seed: Option<i64>,
    #[serde(deserialize_with = "whole_number")]
    pub num_ctx: Option<u64>,
    pub keep_alive: Option<Value>,
    pub options: Option<Map<String, Value>>,
    pub truncation: Option<String>,
    /// The completion goes on when its caller goes.
    pub background: Option<bool>,
    compaction: Option<Value>,
    container: Option<Value>,
    mcp_servers: Option<Value>,
    thread: Option<Value>,
}

/// A message as it is sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct InputMessage {
    pub(crate) role: String,
    #[serde(default)]
    pub(crate) content: Content,
    /// Of a system message: until when its text counts.
    #[serde(default)]
    pub(crate) clear_at: Option<String>,
    /// Of a system message.
    #[serde(default)]
    pub(crate) output_config: Option<Value>,
}

/// A text, or blocks.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Content {
    #[default]
    Absent,
    Text(String),
    Blocks(Vec<Value>),
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Absent,
            Value::String(text) => Self::Text(text),
            Value::Array(blocks) => Self::Blocks(blocks),
            _ => return Err(serde::de::Error::custom("must be text or an array of content blocks")),
        })
    }
}

/// Whether the model thinks first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Thinking {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    budget_tokens: Option<Value>,
    #[serde(default)]
    display: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct OutputConfig {
    effort: Option<String>,
    format: Option<OutputFormat>,
    task_budget: Option<Value>,
}

/// The form that a reply must have.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OutputFormat {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    schema: Option<Value>,
}

/// What a request asks of the model's thinking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ThinkingChoice {
    pub think: Option<Think>,
    /// The answer has no text of it.
    pub is_omitted: bool,
}

impl MessagesRequest {
    /// Takes the sampling options out of the request. Its stop sequences are not among them.
    pub fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            max_tokens: self.max_tokens,
            seed: self.seed,
            num_ctx: self.num_ctx,
            ..Sampling::default()
        }
    }

    /// Takes the stop sequences out of the request.
    ///
    /// # Errors
    /// One is empty, or there are too many.
    pub fn take_stop_sequences(&mut self) -> Result<Vec<String>, InvalidArgument> {
        let texts = self.stop_sequences.take().unwrap_or_default();
        if texts.len() > MAX_STOP_SEQUENCES {
            let reason = format!("has {} texts; it may have {MAX_STOP_SEQUENCES}", texts.len());
            return Err(InvalidArgument::new("stop_sequences", reason));
        }
        match texts.iter().position(String::is_empty) {
            Some(index) => {
                let path = format!("stop_sequences[{index}]");
                Err(InvalidArgument::new(&path, "is empty; it must have text"))
            }
            None => Ok(texts),
        }
    }

    /// Takes the form of the reply out of the request; `None` is text.
    ///
    /// # Errors
    /// It is of another type, or has no schema.
    pub fn take_output_format(&mut self) -> Result<Option<ResponseFormat>, InvalidArgument> {
        let config = self.output_config.as_mut().and_then(|config| config.format.take());
        let (path, format) = match (config, self.output_format.take()) {
            (Some(format), _) => ("output_config.format", format),
            (None, Some(format)) => ("output_format", format),
            (None, None) => return Ok(None),
        };
        if format.kind != "json_schema" {
            let reason = format!("is {:?}; it must be json_schema", format.kind);
            return Err(InvalidArgument::new(&format!("{path}.type"), reason));
        }
        match format.schema {
            Some(schema @ Value::Object(_)) => Ok(Some(ResponseFormat::Schema(schema))),
            _ => Err(InvalidArgument::new(&format!("{path}.schema"), "is missing; it must be a JSON Schema")),
        }
    }

    /// Whether, and how hard, the model thinks: `thinking`, and `output_config.effort` where it does not say no.
    ///
    /// # Errors
    /// A value has no meaning.
    pub fn thinking(&self, ignored: &mut Ignored) -> Result<ThinkingChoice, InvalidArgument> {
        let config = self.output_config.as_ref();
        if config.is_some_and(|config| config.task_budget.is_some()) {
            ignored.add("output_config.task_budget");
        }
        let effort =
            config.and_then(|config| config.effort.as_deref()).map(read_effort).transpose()?.flatten();
        let Some(thinking) = &self.thinking else {
            return Ok(ThinkingChoice { think: effort, is_omitted: false });
        };
        let think = match thinking.kind.as_str() {
            "disabled" | "between_tools" => Think::Off,
            "enabled" | "adaptive" => effort.unwrap_or(Think::On),
            other => {
                let reason = format!("is {other:?}; it must be enabled, adaptive or disabled");
                return Err(InvalidArgument::new("thinking.type", reason));
            }
        };
        if thinking.budget_tokens.is_some() {
            ignored.add("thinking.budget_tokens");
        }
        Ok(ThinkingChoice { think: Some(think), is_omitted: thinking.display.as_deref() == Some("omitted") })
    }

    /// The first field that asks for what only Anthropic's own servers do.
    pub fn unsupported_field(&self) -> Option<&'static str> {
        let is_given = |value: &Option<Value>| match value {
            None | Some(Value::Null) => false,
            Some(Value::Array(items)) => !items.is_empty(),
            Some(_) => true,
        };
        [
            ("compaction", &self.compaction),
            ("container", &self.container),
            ("mcp_servers", &self.mcp_servers),
            ("thread", &self.thread),
        ]
        .into_iter()
        .find_map(|(name, value)| is_given(value).then_some(name))
    }
}

/// `None` is the usual effort, which has no effect of its own.
fn read_effort(effort: &str) -> Result<Option<Think>, InvalidArgument> {
    match effort {
        "low" => Ok(Some(Think::Low)),
        "medium" => Ok(Some(Think::Medium)),
        "high" => Ok(None),
        "xhigh" | "max" => Ok(Some(Think::Max)),
        other => {
            let reason = format!("is {other:?}; it must be low, medium, high, xhigh or max");
            Err(InvalidArgument::new("output_config.effort", reason))
        }
    }
}

#[cfg(test)]
mod tests;
