//! A completion that has ended: the reply, how it ended and what it cost.

use std::sync::Arc;
use std::time::Duration;

use crate::error::ServiceError;
use crate::hint::Warning;
use types::{FinishReason, Location, Timings, TokenLogprob, ToolCall, Usage};

/// A reply that reached its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// Text of the answer.
    pub content: String,
    /// Text of the thinking; empty where the model did not think.
    pub thinking: String,
    /// Tools that the model calls, each with an id.
    pub tool_calls: Vec<ToolCall>,
    /// The tokens of `content`, where log probabilities were asked for and the server gave them.
    pub logprobs: Vec<TokenLogprob>,
    /// From the start of the call to the first chunk of the reply.
    pub first_chunk: Option<Duration>,
    /// From the start of the call to the end of the reply.
    pub total: Duration,
    /// The part of `total` that was spent in the queue.
    pub queued: Duration,
    /// How it ended.
    pub summary: CompletionSummary,
}

/// A file that a model was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Its path below the allowed directory.
    pub name: String,
    /// `text`, `pdf` or `image`.
    pub kind: &'static str,
    /// Its size on disk.
    pub bytes: u64,
    /// Pages of a PDF.
    pub pages: Option<usize>,
    /// Pages of it that could not be read.
    pub unread: usize,
}

/// How a completion ended, and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct CompletionSummary {
    /// The model that answered.
    pub model: String,
    /// Reason for the choice, where the call named no model; a predicate such as "the loaded model".
    pub model_reason: Option<&'static str>,
    /// Where it ran.
    pub location: Location,
    /// Why the reply ended.
    pub finish_reason: FinishReason,
    /// Which of the call's `stop_texts` ended the reply.
    pub stopped_at: Option<String>,
    /// The server's own counts.
    pub usage: Usage,
    /// The server's own times.
    pub timings: Timings,
    /// The files that the model was given.
    pub attachments: Vec<Sent>,
    /// Where the reply does not match the response format; empty where it does, or was not checked.
    pub format_violations: Vec<String>,
    /// What the server did without reporting it, and what is wrong with the reply.
    pub warnings: Vec<Warning>,
}

/// How a completion ended.
pub type Outcome = Result<Arc<Completion>, ServiceError>;
