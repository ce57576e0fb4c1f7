//! What is known of a response while its completion is in memory.

use std::sync::{Arc, Mutex, OnceLock, Weak};

use platform::sync::lock;
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::log::{Entry, EventLog, Seen};
use super::previous::Turn;
use crate::call::Call;
use service::Caller;
use service::tasks::id::in_form;
use service::tasks::registry::{Task, TaskKind};
use service::tasks::reply::{Phase, ReplyBuffer, ReplyCursor, Update};
use types::Owner;

/// What the ids of responses begin with.
pub(super) const PREFIX: &str = "resp_";

/// A request for a response, as it is remembered.
#[derive(Debug, Clone)]
pub(super) struct Remembered {
    /// The fields of the response that say what it was asked with.
    pub(super) settings: Map<String, Value>,
    /// Without ids.
    pub(super) input: Vec<Value>,
    /// What it continues.
    pub(super) previous: Option<Arc<Turn>>,
    /// It can be fetched, and continued.
    pub(super) is_visible: bool,
    pub(super) is_background: bool,
    /// It is on disk as well.
    pub(super) is_stored: bool,
    /// The caller's labels.
    pub(super) metadata: Option<String>,
}

/// How far a response is on its way to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Starting,
    /// Its row is there.
    Begun,
    /// Its end is there, or it is not stored.
    Recorded,
}

/// A response whose completion runs, or has ended and is retained.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) caller: Caller,
    task: Weak<Task>,
    pub(super) settings: Map<String, Value>,
    pub(super) input: Arc<Vec<Value>>,
    pub(super) previous: Option<Arc<Turn>>,
    pub(super) is_visible: bool,
    pub(super) is_background: bool,
    pub(super) is_stored: bool,
    pub(super) metadata: Option<String>,
    /// Its events have ids, by which a caller goes on later.
    pub(super) has_event_ids: bool,
    pub(super) has_credential: bool,
    /// What it holds, with the conversation before it.
    pub(super) bytes: usize,
    /// Held for a few instructions, and never across an await.
    log: Mutex<EventLog>,
    pub(super) stage: watch::Sender<Stage>,
    /// Why it could not be stored.
    pub(super) not_stored: OnceLock<String>,
}

impl Record {
    pub(super) fn new(call: &Call, task: &Arc<Task>, remembered: Remembered) -> Self {
        let id = in_form(&task.id, PREFIX);
        let mut input = remembered.input;
        openai::responses::set_item_ids(&mut input, suffix(&id));
        let before = remembered.previous.as_ref().map_or(0, |turn| turn.bytes());
        let own = input.iter().chain(remembered.settings.values()).map(bytes_of).sum::<usize>();
        let stage = if remembered.is_stored { Stage::Starting } else { Stage::Recorded };
        Self {
            id,
            caller: call.caller().clone(),
            task: Arc::downgrade(task),
            settings: remembered.settings,
            input: Arc::new(input),
            previous: remembered.previous,
            is_visible: remembered.is_visible,
            is_background: remembered.is_background,
            is_stored: remembered.is_stored,
            metadata: remembered.metadata,
            has_event_ids: remembered.is_background || call.parts.headers.contains_key("idempotency-key"),
            has_credential: call.identity.has_credential(),
            bytes: before.saturating_add(own),
            log: Mutex::default(),
            stage: watch::Sender::new(stage),
            not_stored: OnceLock::new(),
        }
    }

    pub(super) fn owner(&self) -> &Owner {
        &self.caller.owner
    }

    /// The completion; `None` where it is not retained any more.
    pub(super) fn task(&self) -> Option<Arc<Task>> {
        self.task.upgrade()
    }

    pub(super) fn is_retained(&self) -> bool {
        self.task.strong_count() > 0
    }

    /// Whether it has ended, or is gone.
    pub(super) fn has_ended(&self) -> bool {
        self.task().is_none_or(|task| reply_of(&task).is_none_or(|reply| reply.outcome().is_some()))
    }

    /// What its ids of items have in common.
    pub(super) fn suffix(&self) -> &str {
        suffix(&self.id)
    }

    /// Notes what has come, and gives what is new after a position with the entries from the given one on.
    pub(super) fn note(
        &self,
        reply: &ReplyBuffer,
        mut after: ReplyCursor,
        first: usize,
    ) -> (Update, Vec<Entry>) {
        let mut log = lock(&self.log);
        // Read before the update, which has all that there is then.
        let has_ended = reply.outcome().is_some();
        let names_model = reply.model().is_some();
        let update = reply.update(&mut after);
        let waits = waits(reply, update.phase);
        let seen = Seen { waits, names_model, position: after, has_ended };
        log.note(seen, self.is_background);
        (update, log.from(first).to_vec())
    }

    /// Waits until it is on the way to the disk as far as this.
    pub(super) async fn reached(&self, stage: Stage) {
        // The record holds the sender.
        let _ = self.stage.subscribe().wait_for(|now| *now >= stage).await;
    }
}

/// What follows the prefix of an id.
pub(super) fn suffix(id: &str) -> &str {
    id.strip_prefix(PREFIX).unwrap_or(id)
}

/// The reply of a completion; a job has none.
pub(super) fn reply_of(task: &Task) -> Option<&Arc<ReplyBuffer>> {
    match &task.kind {
        TaskKind::Reply(reply) => Some(reply),
        TaskKind::Job(_) => None,
    }
}

/// Whether it waits for its turn, or has not even begun to.
pub(super) fn waits(reply: &ReplyBuffer, phase: Phase) -> bool {
    matches!(phase, Phase::Queued(_)) || *reply.changes().borrow() == 0
}

/// Estimated size of a value in memory.
pub(super) fn bytes_of(value: &Value) -> usize {
    const VALUE: usize = 32;
    VALUE
        + match value {
            Value::String(text) => text.len(),
            Value::Array(values) => values.iter().map(bytes_of).sum(),
            Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + bytes_of(value)).sum(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
}
