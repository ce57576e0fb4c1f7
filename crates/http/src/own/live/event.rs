//! The events of `/x/events`.

use serde::Serialize;
use serde_json::Value;

use crate::accounts::Me;
use crate::own::completion_state::TimedState;

/// An event.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Event<'a> {
    /// The first one.
    Hello {
        version: &'static str,
        me: &'a Me,
    },
    /// Whether the model server answers.
    Server {
        name: &'static str,
        up: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<&'a str>,
        /// Why it does not
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<&'a str>,
    },
    /// What may differ from what was fetched before.
    Changed {
        models: bool,
        conversations: Vec<&'a str>,
        everything: bool,
    },
    /// All pulls of the caller that are known.
    Jobs {
        jobs: &'a [PullState],
    },
    /// A turn of the conversation. The events that follow name its `id`.
    Turn {
        id: &'a str,
        /// Messages that are stored with a later time are those of this turn.
        created_at: String,
        question: Question<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<&'a str>,
    },
    Phase {
        id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        model: Option<&'a str>,
        #[serde(flatten)]
        phase: ShownPhase,
    },
    /// New text of the thinking.
    Reasoning {
        id: &'a str,
        content: &'a str,
    },
    /// Blocks of the answer that are new or differ.
    Blocks {
        id: &'a str,
        count: usize,
        blocks: Vec<Block>,
    },
    End {
        id: &'a str,
        stored: bool,
        state: Box<TimedState>,
    },
    /// The server ends.
    Shutdown,
}

/// What was said in a turn.
#[derive(Serialize)]
pub(super) struct Question<'a> {
    /// Empty where the last question is asked again.
    pub(super) content: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(super) attachments: &'a [String],
    pub(super) replaces_last: bool,
}

/// What a turn is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "lowercase")]
pub(super) enum ShownPhase {
    Pulling {
        done: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    },
    Queued {
        place: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        estimate_ms: Option<u64>,
    },
    Retrying {
        after_ms: u64,
    },
    Waiting,
    Thinking,
    Answering,
}

/// A block of an answer.
#[derive(Serialize)]
pub(super) struct Block {
    pub(super) index: usize,
    pub(super) html: String,
    /// Whether it may still change.
    pub(super) open: bool,
}

/// A pull.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct PullState {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) model: String,
    pub(super) status: String,
    pub(super) done: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<f64>,
    /// `in_progress`, `completed`, `failed` or `cancelled`
    pub(super) state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<Value>,
}
