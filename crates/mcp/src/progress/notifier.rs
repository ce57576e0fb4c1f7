//! Sends `notifications/progress` to one caller.

use std::time::Duration;

use rmcp::model::{NotificationMetaObject, ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext, RoleServer};

use service::tasks::reply::Update;
use text::sanitize;

/// `_meta` key of the exact new text.
pub(crate) const DELTA: &str = "ollama-mcp/delta";
/// `_meta` key of what the text is: `content`, `thinking` or `status`.
pub(crate) const CHANNEL: &str = "ollama-mcp/channel";

/// Interval of heartbeats. With the time of a look at the model server, a caller hears at least every 5 s.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(4400);

/// Maximum length of `message`.
const MESSAGE_CHARS: usize = 200;

/// By how much a status, which is no new token, moves `progress`: it must grow with each notification.
const STATUS_STEP: f64 = 0.001;

/// The progress of one call.
pub(crate) struct Notifier {
    peer: Peer<RoleServer>,
    token: ProgressToken,
    interval: Duration,
    last: f64,
    total: Option<f64>,
    /// The end of the text so far, for `message`.
    tail: String,
}

impl Notifier {
    /// For the caller of `context`, if it sent a progress token. New text goes out at most every `interval`. Boxed: the
    /// futures that it passes through would hold its room each, also without a token.
    pub(crate) fn of(context: &RequestContext<RoleServer>, interval: Duration) -> Option<Box<Self>> {
        let token = context.meta.get_progress_token()?;
        Some(Box::new(Self {
            peer: context.peer.clone(),
            token,
            interval,
            last: 0.0,
            total: None,
            tail: String::new(),
        }))
    }

    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// From now on there is no `total`: that of a pull is not the reply's.
    pub(super) fn no_total(&mut self) {
        self.total = None;
    }

    /// Sends a status.
    pub(super) async fn status(&mut self, text: String) {
        let progress = self.last + STATUS_STEP;
        self.send(progress, sanitize::line(&text), "status", None).await;
    }

    /// Sends the state of a job.
    pub(super) async fn job(&mut self, done: f64, total: Option<f64>, text: &str) {
        let progress = done.max(self.last + STATUS_STEP);
        let message = sanitize::line_of(text, MESSAGE_CHARS);
        // Heartbeats after the last byte move `progress`, too: `total` must not fall behind it.
        self.total = total.map(|total| total.max(progress));
        self.send(progress, message, "status", None).await;
    }

    /// Sends new text of a reply.
    pub(super) async fn update(&mut self, update: Update) {
        if !update.thinking.is_empty() {
            self.delta(update.chunks, update.thinking, "thinking").await;
        }
        if !update.content.is_empty() {
            self.delta(update.chunks, update.content, "content").await;
        }
    }

    async fn delta(&mut self, chunks: u64, text: String, channel: &'static str) {
        self.no_total();
        self.tail.push_str(&text);
        if let Some((start, _)) = self.tail.char_indices().rev().nth(MESSAGE_CHARS - 1) {
            self.tail.drain(..start);
        }
        let progress = (chunks as f64).max(self.last + STATUS_STEP);
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
        param.total = self.total;
        param.meta = Some(meta);
        // Progress is best effort; a failed send must not fail the call.
        if let Err(error) = Box::pin(self.peer.notify_progress(param)).await {
            tracing::debug!(%error, "progress could not be sent");
        }
    }
}
