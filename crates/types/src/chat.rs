//! A chat: the request, the events of the reply, and its end.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Message, Remote, TokenLogprob, ToolCall};

#[derive(Debug, Clone, PartialEq)]
pub struct ChatRequest {
    pub model: String,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// Absent values mean the model's defaults.
    pub sampling: Sampling,
    /// Options of the provider, passed through; [`Sampling`] wins over them.
    pub options: Map<String, Value>,
    pub response_format: Option<ResponseFormat>,
    pub think: Option<Think>,
    /// OpenAI function tools, unchanged.
    pub tools: Vec<Value>,
    /// Which of them the model is to call. Ollama has no such option; the service checks the reply.
    pub tool_choice: Option<ToolChoice>,
    /// `false`: at most one tool call. Ollama has no such option.
    pub parallel_tool_calls: Option<bool>,
    /// Log probabilities of the tokens, each with so many alternatives (0 to [`TokenLogprob::MAX_TOP`]).
    pub logprobs: Option<u8>,
    /// How long the model stays loaded: seconds, or a duration such as `"10m"` (Ollama's `keep_alive`).
    pub keep_alive: Option<Value>,
    /// Whether the server may cut a prompt that does not fit the context (Ollama only). With `false` it refuses with the
    /// exact counts; without a value Ollama cuts silently.
    pub truncate: Option<bool>,
}

impl ChatRequest {
    pub fn new(model: impl Into<String>, messages: Vec<Message>) -> Self {
        Self {
            model: model.into(),
            messages,
            sampling: Sampling::default(),
            options: Map::new(),
            response_format: None,
            think: None,
            tools: Vec::new(),
            tool_choice: None,
            parallel_tool_calls: None,
            logprobs: None,
            keep_alive: None,
            truncate: None,
        }
    }
}

/// Sampling options under OpenAI's names. The service checks their ranges.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sampling {
    /// 0 to 2.
    pub temperature: Option<f64>,
    /// 0 to 1.
    pub top_p: Option<f64>,
    /// The number of most likely tokens that are considered.
    pub top_k: Option<u64>,
    /// Ollama's `num_predict`.
    pub max_tokens: Option<u64>,
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
    Json,
    /// JSON that is valid against a JSON Schema.
    Schema(Value),
}

/// Which tools the model may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    None,
    Auto,
    /// At least one.
    Required,
    /// This function.
    Function(String),
}

/// Whether, and how hard, a model thinks before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Think {
    Off,
    /// The model's default level.
    On,
    Low,
    Medium,
    High,
    Max,
}

/// An event of a reply.
#[derive(Debug, Clone, PartialEq)]
pub enum ChatEvent {
    /// Text of the answer. Never empty.
    Content(String),
    /// The tokens of the content that follows, where they were asked for.
    Logprobs(Vec<TokenLogprob>),
    /// Text of the thinking. Never empty.
    Thinking(String),
    /// A complete tool call.
    ToolCall(ToolCall),
    /// The last event.
    Done(ChatEnd),
}

/// The end of a reply, with its counts and times.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatEnd {
    pub finish_reason: FinishReason,
    /// The server's own counts of tokens.
    pub usage: Usage,
    /// The server's own times.
    pub timings: Timings,
    /// The model that answered, under the server's name.
    pub model: Option<String>,
    /// Where a cloud model ran.
    pub remote: Option<Remote>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishReason {
    /// The model finished, or a stop text occurred.
    Stop,
    Length,
    ToolCalls,
    /// Another reason, such as `load`, `unload` or `content_filter`.
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

/// Token counts of the server; absent where it gives none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub prompt_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
    /// Tokens of the prompt that were read from a cache.
    pub cached_tokens: Option<u64>,
    /// Tokens of the reply that are thinking.
    pub reasoning_tokens: Option<u64>,
}

/// Times of the server; absent where it gives none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    pub total: Option<Duration>,
    pub load: Option<Duration>,
    pub prompt_eval: Option<Duration>,
    pub eval: Option<Duration>,
}
