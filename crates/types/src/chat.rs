//! A chat: what is asked, what comes back piece by piece, and how it ended.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Message, Remote, ToolCall};

/// A chat to be completed.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    /// The model's name on the server.
    pub model: String,
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// How to sample. Absent means the model's own default.
    pub sampling: Sampling,
    /// The provider's own options, passed through as they are; [`Sampling`] wins over them.
    pub options: Map<String, Value>,
    /// The form that the reply must have.
    pub response_format: Option<ResponseFormat>,
    /// Whether, and how hard, the model thinks first.
    pub think: Option<Think>,
    /// OpenAI function tools, as the caller gave them.
    pub tools: Vec<Value>,
    /// How long the model stays loaded: seconds, or a duration such as `"10m"` (Ollama's `keep_alive`).
    pub keep_alive: Option<Value>,
    /// Whether the server may cut a prompt that does not fit the context (Ollama alone). With `false` it refuses,
    /// with the exact counts; without it Ollama cuts in silence.
    pub truncate: Option<bool>,
}

impl ChatRequest {
    /// A request with nothing but its model and messages.
    pub fn new(model: impl Into<String>, messages: Vec<Message>) -> Self {
        Self {
            model: model.into(),
            messages,
            sampling: Sampling::default(),
            options: Map::new(),
            response_format: None,
            think: None,
            tools: Vec::new(),
            keep_alive: None,
            truncate: None,
        }
    }
}

/// Sampling options under OpenAI's names; ranges are the service's business.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampling {
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// How many of the likeliest tokens are considered.
    pub top_k: Option<u64>,
    /// Most tokens of the reply (Ollama's `num_predict`).
    pub max_tokens: Option<u64>,
    /// Makes sampling repeatable.
    pub seed: Option<i64>,
    /// Texts that end the reply.
    pub stop: Vec<String>,
    /// -2 to 2.
    pub presence_penalty: Option<f64>,
    /// -2 to 2.
    pub frequency_penalty: Option<f64>,
    /// Tokens of context (Ollama's `num_ctx`).
    pub num_ctx: Option<u64>,
}

/// The form that a reply must have.
#[derive(Debug, Clone, PartialEq)]
pub enum ResponseFormat {
    /// Any JSON.
    Json,
    /// JSON that is valid against a JSON Schema.
    Schema(Value),
}

/// Whether, and how hard, a model thinks before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Think {
    /// Not at all.
    Off,
    /// As the model does by default.
    On,
    /// A little.
    Low,
    /// Some.
    Medium,
    /// Hard.
    High,
    /// As hard as the model can.
    Max,
}

/// A piece of a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent {
    /// Text of the answer. Never empty.
    Content(String),
    /// Text of the thinking. Never empty.
    Thinking(String),
    /// A complete tool call.
    ToolCall(ToolCall),
    /// The end; nothing follows.
    Done(ChatEnd),
}

/// How a reply ended, and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatEnd {
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// The server's own counts of tokens.
    pub usage: Usage,
    /// The server's own times.
    pub timings: Timings,
    /// The model that answered, as the server names it.
    pub model: Option<String>,
    /// Where it really ran, for a cloud model.
    pub remote: Option<Remote>,
}

/// Why a reply ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishReason {
    /// The model was done, or a stop text came.
    Stop,
    /// The limit of tokens was reached.
    Length,
    /// The model calls tools.
    ToolCalls,
    /// A reason that has no name here (`load`, `unload`, `content_filter` ...).
    Other(String),
}

impl FinishReason {
    /// OpenAI's name, or the server's own.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::Other(reason) => reason,
        }
    }
}

/// Counts of tokens as the server gave them; absent where it gave none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Tokens of the prompt that were evaluated.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the reply.
    pub completion_tokens: Option<u64>,
}

/// Times as the server measured them; absent where it told none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// The whole request.
    pub total: Option<Duration>,
    /// Loading the model.
    pub load: Option<Duration>,
    /// Evaluating the prompt.
    pub prompt_eval: Option<Duration>,
    /// Generating the reply.
    pub eval: Option<Duration>,
}
