//! `POST /completions`: bare prompts, as callers send them and as answers are written.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::InvalidArgument;
use crate::completion::Usage;
use crate::logprobs::LegacyLogprobs;
use crate::request::Support::{self, Honoured, Ignored, Refused};
use crate::request::{Stop, StreamOptions, check_count};
use types::Sampling;
use types::de::{whole_number, whole_number_or_zero};

mod write;

pub use write::CompletionsBody;

/// The most alternatives of a token that this API knows.
const MAX_LOGPROBS: u64 = 5;

/// OpenAI's fields, then those of Ollama and our own. Others are unknown, and ignored.
pub const FIELDS: &[(&str, Support)] = &[
    ("best_of", Refused),
    ("echo", Honoured),
    ("frequency_penalty", Honoured),
    ("logit_bias", Refused),
    ("logprobs", Honoured),
    ("max_tokens", Honoured),
    ("model", Honoured),
    ("n", Honoured),
    ("presence_penalty", Honoured),
    ("prompt", Honoured),
    ("seed", Honoured),
    ("stop", Honoured),
    ("stream", Honoured),
    ("stream_options", Honoured),
    ("suffix", Honoured),
    ("temperature", Honoured),
    ("top_p", Honoured),
    ("user", Ignored),
    ("keep_alive", Honoured),
    ("min_p", Honoured),
    ("num_ctx", Honoured),
    ("options", Honoured),
    ("raw", Honoured),
    ("top_k", Honoured),
    ("truncation", Honoured),
];

/// A request for completions of bare prompts. Absent means the model's own default.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CompletionsRequest {
    pub model: Option<String>,
    prompt: Option<Value>,
    /// The text after the gap that the model fills.
    pub suffix: Option<String>,
    /// Whether the answer begins with the prompt.
    pub echo: Option<bool>,
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    #[serde(deserialize_with = "whole_number_or_zero")]
    pub top_k: Option<u64>,
    #[serde(deserialize_with = "whole_number")]
    pub max_tokens: Option<u64>,
    pub seed: Option<i64>,
    stop: Option<Stop>,
    pub presence_penalty: Option<f64>,
    pub frequency_penalty: Option<f64>,
    #[serde(deserialize_with = "whole_number")]
    pub n: Option<u64>,
    #[serde(deserialize_with = "whole_number_or_zero")]
    logprobs: Option<u64>,
    pub stream: Option<bool>,
    pub stream_options: Option<StreamOptions>,
    #[serde(deserialize_with = "whole_number")]
    pub num_ctx: Option<u64>,
    pub keep_alive: Option<Value>,
    options: Option<Map<String, Value>>,
    min_p: Option<f64>,
    /// Whether the prompt is sent without the model's template.
    pub raw: Option<bool>,
    pub truncation: Option<String>,
    #[serde(deserialize_with = "whole_number")]
    best_of: Option<u64>,
    logit_bias: Option<Value>,
}

impl CompletionsRequest {
    /// Takes the prompts out of the request; each is a completion of its own.
    ///
    /// # Errors
    /// There is none, or one is made of tokens.
    pub fn take_prompts(&mut self) -> Result<Vec<String>, InvalidArgument> {
        let prompts = match self.prompt.take() {
            None => {
                return Err(InvalidArgument::new("prompt", "is missing; give a text, or an array of texts"));
            }
            Some(Value::String(text)) => return Ok(vec![text]),
            Some(Value::Array(prompts)) if !prompts.iter().any(Value::is_number) => prompts,
            Some(Value::Array(_)) => return Err(tokens("prompt")),
            Some(_) => return Err(InvalidArgument::new("prompt", "must be text, or an array of texts")),
        };
        if prompts.is_empty() {
            return Err(InvalidArgument::new("prompt", "is empty; give a text, or an array of texts"));
        }
        let prompt = |(index, prompt): (usize, Value)| match prompt {
            Value::String(text) => Ok(text),
            Value::Array(_) => Err(tokens(&format!("prompt[{index}]"))),
            _ => Err(InvalidArgument::new(&format!("prompt[{index}]"), "must be text")),
        };
        prompts.into_iter().enumerate().map(prompt).collect()
    }

    /// Takes the sampling options out of the request.
    pub fn take_sampling(&mut self) -> Sampling {
        Sampling {
            temperature: self.temperature,
            top_p: self.top_p,
            top_k: self.top_k,
            max_tokens: self.max_tokens,
            seed: self.seed,
            stop: self.stop.take().map(Stop::into_texts).unwrap_or_default(),
            presence_penalty: self.presence_penalty,
            frequency_penalty: self.frequency_penalty,
            num_ctx: self.num_ctx,
        }
    }

    /// Takes the other options out of the request; `min_p` is one of them.
    pub fn take_options(&mut self) -> Map<String, Value> {
        crate::request::with_min_p(self.options.take(), self.min_p)
    }

    /// How many alternatives of each token are asked for; `None` without log probabilities.
    ///
    /// # Errors
    /// There are too many.
    pub fn logprobs(&self) -> Result<Option<u8>, InvalidArgument> {
        self.logprobs.map(|count| check_count("logprobs", count, MAX_LOGPROBS)).transpose()
    }

    /// The first field that asks for what no local model can give.
    pub fn unsupported_field(&self) -> Option<&'static str> {
        let is_empty = |bias: &Value| bias.as_object().is_some_and(Map::is_empty);
        // The best of one, or of as many as are wanted, is all of them.
        let chooses = self.best_of.is_some_and(|best_of| best_of > self.n.unwrap_or(1));
        if chooses {
            return Some("best_of");
        }
        self.logit_bias.as_ref().is_some_and(|bias| !is_empty(bias)).then_some("logit_bias")
    }
}

fn tokens(path: &str) -> InvalidArgument {
    InvalidArgument::new(
        path,
        "is an array of tokens, which only the client's own tokenizer can read; send the prompt as text",
    )
}

/// The object's type, of answers and of their chunks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Object {
    #[default]
    #[serde(rename = "text_completion")]
    TextCompletion,
}

/// An answer, and one event of a streamed one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TextCompletion<'a> {
    pub id: Cow<'a, str>,
    pub object: Object,
    /// Unix seconds.
    pub created: u64,
    pub model: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<Cow<'a, str>>,
    /// Empty in the event that has the usage.
    pub choices: Vec<TextChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TextChoice<'a> {
    pub text: Cow<'a, str>,
    pub index: u32,
    /// Null where they were not asked for.
    pub logprobs: Option<LegacyLogprobs<'a>>,
    /// Null until the end.
    pub finish_reason: Option<Cow<'a, str>>,
}

#[cfg(test)]
mod tests;
