//! Progress of a call, for the callers that sent a token.
//!
//! MCP 2025-11-25, basic/utilities/progress. Beside the standard fields, the exact new text is in
//! `_meta["ollama-mcp/delta"]` and its kind in `_meta["ollama-mcp/channel"]`.

use std::time::Duration;

use rmcp::model::{NotificationMetaObject, ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext, RoleServer};
use tokio::time::{Instant, sleep_until};

use crate::service::completions::{Attachment, Cursor, Outcome, Phase, Update};

/// `_meta` key of the exact new text.
pub(super) const DELTA: &str = "ollama-mcp/delta";
/// `_meta` key of what the text is: `content`, `thinking` or `status`.
pub(super) const CHANNEL: &str = "ollama-mcp/channel";

/// Most characters of `message`.
const MESSAGE_CHARS: usize = 200;

/// A sign of life goes out at least this often.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// How far a status message, which is no new token, moves `progress`.
const STATUS_STEP: f64 = 0.001;

/// Sends progress to one caller.
pub(super) struct Progress {
    peer: Peer<RoleServer>,
    token: ProgressToken,
    last: f64,
    /// The end of the text so far, for people.
    tail: String,
}

impl Progress {
    /// For the caller of `context`, if it asked for progress.
    pub(super) fn of(context: &RequestContext<RoleServer>) -> Option<Self> {
        let token = context.meta.get_progress_token()?;
        Some(Self { peer: context.peer.clone(), token, last: 0.0, tail: String::new() })
    }

    /// Tells what is going on, in words for people.
    pub(super) async fn status(&mut self, text: &str) {
        let progress = self.last + STATUS_STEP;
        self.send(progress, text.to_owned(), "status", None).await;
    }

    async fn delta(&mut self, pieces: u64, text: String, channel: &'static str) {
        self.tail.push_str(&text);
        if let Some((start, _)) = self.tail.char_indices().rev().nth(MESSAGE_CHARS - 1) {
            self.tail.drain(..start);
        }
        let progress = (pieces as f64).max(self.last + STATUS_STEP);
        self.send(progress, self.tail.clone(), channel, Some(text)).await;
    }

    async fn send(&mut self, progress: f64, message: String, channel: &'static str, delta: Option<String>) {
        self.last = progress;
        let mut meta = NotificationMetaObject::new();
        meta.insert(CHANNEL.to_owned(), channel.into());
        if let Some(delta) = delta {
            meta.insert(DELTA.to_owned(), delta.into());
        }
        let mut param = ProgressNotificationParam::new(self.token.clone(), progress).with_message(message);
        param.meta = Some(meta);
        // Who does not listen misses no answer.
        if let Err(error) = self.peer.notify_progress(param).await {
            tracing::debug!(%error, "progress could not be sent");
        }
    }

    async fn update(&mut self, update: Update) {
        if !update.thinking.is_empty() {
            self.delta(update.pieces, update.thinking, "thinking").await;
        }
        if !update.content.is_empty() {
            self.delta(update.pieces, update.content, "content").await;
        }
    }
}

/// Follows a completion to its end, and tells of its text at most every `interval`.
pub(super) async fn follow(
    attachment: &Attachment,
    progress: Option<Progress>,
    interval: Duration,
) -> Outcome {
    let Some(mut progress) = progress else { return attachment.outcome().await };
    let live = attachment.live();
    let mut changes = live.changes();
    let mut cursor = Cursor::default();
    let mut quiet_until = Instant::now();
    loop {
        let heartbeat = sleep_until(Instant::now() + HEARTBEAT);
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return attachment.outcome().await;
                }
            }
            () = heartbeat => {
                progress.status(waiting_text(live.phase())).await;
                continue;
            }
        }
        // Coalesced: what comes within the interval goes out together; the end does not wait for it.
        tokio::select! {
            () = sleep_until(quiet_until) => {}
            () = live.ended() => {}
        }
        progress.update(live.update(&mut cursor)).await;
        quiet_until = Instant::now() + interval;
        if let Some(outcome) = live.outcome() {
            // What came between the look at the text and the look at the end.
            progress.update(live.update(&mut cursor)).await;
            return outcome;
        }
    }
}

fn waiting_text(phase: Phase) -> &'static str {
    match phase {
        Phase::Waiting => "waiting for the first token (the model loads or reads the prompt)",
        Phase::Thinking => "thinking",
        Phase::Answering => "answering",
        Phase::Ended => "done",
    }
}
