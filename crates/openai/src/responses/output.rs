//! A response: its state, and what the model has answered so far.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::logprobs::TokenLogprob;

/// The object's type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Object {
    #[default]
    Response,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Queued,
    InProgress,
    Completed,
    /// It stopped at a limit.
    Incomplete,
    Failed,
    Cancelled,
}

/// A response. What it was asked with stands in `settings`, unchanged in all its states.
#[derive(Debug, Clone, Serialize)]
pub struct Response<'a> {
    pub id: &'a str,
    pub object: Object,
    /// Unix seconds.
    pub created_at: u64,
    pub completed_at: Option<u64>,
    pub status: Status,
    pub error: Option<ErrorObject>,
    pub incomplete_details: Option<IncompleteDetails>,
    pub model: Cow<'a, str>,
    pub output: Vec<OutputItem<'a>>,
    pub usage: Option<Usage>,
    #[serde(flatten)]
    pub settings: &'a Map<String, Value>,
}

/// Why a response failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ErrorObject {
    pub code: String,
    pub message: String,
}

/// Why a response ended early: `max_output_tokens` or `content_filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IncompleteDetails {
    pub reason: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    InProgress,
    Completed,
    Incomplete,
}

/// One item of what the model answered.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OutputItem<'a> {
    /// What the model thought, as open models show it.
    Reasoning {
        id: String,
        summary: [Value; 0],
        content: Vec<Content<'a>>,
        status: ItemStatus,
    },
    Message {
        id: String,
        status: ItemStatus,
        role: &'static str,
        content: Vec<Content<'a>>,
    },
    FunctionCall {
        id: String,
        call_id: Cow<'a, str>,
        name: Cow<'a, str>,
        /// JSON text.
        arguments: Cow<'a, str>,
        status: ItemStatus,
    },
}

/// A part of an item.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Content<'a> {
    OutputText { text: Cow<'a, str>, annotations: [Value; 0], logprobs: Vec<TokenLogprob<'a>> },
    ReasoningText { text: Cow<'a, str> },
}

/// The server's own counts. All of them are there, as typed clients need them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Usage {
    pub input_tokens: u64,
    pub input_tokens_details: InputTokensDetails,
    pub output_tokens: u64,
    pub output_tokens_details: OutputTokensDetails,
    pub total_tokens: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct InputTokensDetails {
    pub cached_tokens: u64,
    pub cache_write_tokens: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct OutputTokensDetails {
    pub reasoning_tokens: u64,
}

impl Usage {
    /// `None` where the server gave no counts.
    pub fn new(usage: types::Usage) -> Option<Self> {
        let types::Usage { prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens } = usage;
        prompt_tokens.or(completion_tokens)?;
        let (input, output) = (prompt_tokens.unwrap_or(0), completion_tokens.unwrap_or(0));
        Some(Self {
            input_tokens: input,
            input_tokens_details: InputTokensDetails {
                cached_tokens: cached_tokens.unwrap_or(0),
                cache_write_tokens: 0,
            },
            output_tokens: output,
            output_tokens_details: OutputTokensDetails { reasoning_tokens: reasoning_tokens.unwrap_or(0) },
            total_tokens: input.saturating_add(output),
        })
    }
}

impl<'a> Content<'a> {
    /// Text of the answer.
    pub fn text(text: impl Into<Cow<'a, str>>, logprobs: &'a [types::TokenLogprob]) -> Self {
        let logprobs = logprobs.iter().map(TokenLogprob::from).collect();
        Self::OutputText { text: text.into(), annotations: [], logprobs }
    }

    /// Text of the thinking.
    pub fn reasoning(text: impl Into<Cow<'a, str>>) -> Self {
        Self::ReasoningText { text: text.into() }
    }
}
