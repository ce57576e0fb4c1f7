//! Progress of a call, for the callers that sent a token.
//!
//! MCP 2025-11-25, basic/utilities/progress. Beside the standard fields, the exact new text is in
//! `_meta["ollama-mcp/delta"]` and its kind in `_meta["ollama-mcp/channel"]`.

use std::pin::Pin;
use std::time::Duration;

use rmcp::model::{NotificationMetaObject, ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext, RoleServer};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::deadline::Deadline;
use super::jobs;
use super::server::McpServer;
use service::embeddings::Pulling;
use service::tasks::registry::{Task, TaskKind};
use service::tasks::reply::{Cursor, Phase, ReplyBuffer, Update};
use service::{ErrorCode, ServiceError};
use text::format::pulling;
use text::sanitize;

/// `_meta` key of the exact new text.
pub(super) const DELTA: &str = "ollama-mcp/delta";
/// `_meta` key of what the text is: `content`, `thinking` or `status`.
pub(super) const CHANNEL: &str = "ollama-mcp/channel";

/// Most characters of `message`.
const MESSAGE_CHARS: usize = 200;

/// A call that is silent for so long gets a word of why; a quick one needs none.
const FIRST_SIGN: Duration = Duration::from_secs(1);
/// A sign of life goes out this often; with [`LOOK`] before it, at least every 5 s.
pub(super) const HEARTBEAT: Duration = Duration::from_millis(4400);
/// What the model server may take to say whether the model is loaded, for a sign of life.
const LOOK: Duration = Duration::from_millis(500);

/// How far a status message, which is no new token, moves `progress`.
const STATUS_STEP: f64 = 0.001;

/// Sends progress to one caller.
pub(super) struct Progress {
    peer: Peer<RoleServer>,
    token: ProgressToken,
    last: f64,
    total: Option<f64>,
    /// The end of the text so far, for people.
    tail: String,
}

impl Progress {
    /// For the caller of `context`, if it asked for progress.
    pub(super) fn of(context: &RequestContext<RoleServer>) -> Option<Self> {
        let token = context.meta.get_progress_token()?;
        Some(Self { peer: context.peer.clone(), token, last: 0.0, total: None, tail: String::new() })
    }

    async fn status(&mut self, text: String) {
        let progress = self.last + STATUS_STEP;
        self.send(progress, sanitize::line(&text), "status", None).await;
    }

    /// Tells how far a job is.
    pub(super) async fn job(&mut self, done: f64, total: Option<f64>, text: &str) {
        let progress = done.max(self.last + STATUS_STEP);
        let message = sanitize::line_of(text, MESSAGE_CHARS);
        // Signs of life after the last byte move it too.
        self.total = total.map(|total| total.max(progress));
        self.send(progress, message, "status", None).await;
    }

    async fn delta(&mut self, pieces: u64, text: String, channel: &'static str) {
        // That of a pull before it is none of the reply's.
        self.total = None;
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
        param.total = self.total;
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

/// Follows work to its end, and tells of what is new; of a reply's text, with `from_now` only what
/// comes from now on. `false` where `deadline` comes first.
pub(super) async fn follow(
    server: &McpServer,
    completion: &Task,
    progress: Option<Progress>,
    from_now: bool,
    deadline: Deadline,
) -> bool {
    // A message that is on its way is never given up: it would come after the answer.
    let deadline = deadline.passed();
    tokio::pin!(deadline);
    match (&completion.kind, progress) {
        (_, None) => tokio::select! {
            biased;
            () = completion.ended() => true,
            () = deadline => false,
        },
        (TaskKind::Job(job), Some(progress)) => {
            jobs::follow(job, progress, server.options().progress_interval, deadline).await
        }
        (TaskKind::Reply(live), Some(progress)) => {
            let mut cursor = Cursor::default();
            if from_now {
                live.update(&mut cursor);
            }
            Follower { server, live, progress, cursor }.run(deadline).await
        }
    }
}

/// Runs what may have to pull a model first, and tells of that pull, which ends at the deadline.
///
/// # Errors
/// Those of `work`, and `timeout`.
pub(super) async fn while_pulling<T, F>(
    mut progress: Option<Progress>,
    deadline: Deadline,
    work: impl FnOnce(watch::Sender<Option<Pulling>>) -> F,
) -> Result<T, ServiceError>
where
    F: Future<Output = Result<T, ServiceError>>,
{
    let (pull, mut changes) = watch::channel(None);
    let work = work(pull);
    let deadline = deadline.passed();
    tokio::pin!(work, deadline);
    let mut told = String::new();
    let mut heartbeat = Instant::now() + HEARTBEAT;
    loop {
        let alive = tokio::select! {
            biased;
            result = &mut work => return result,
            () = &mut deadline, if changes.borrow().is_some() => return Err(still_pulling(changes.borrow().as_ref())),
            Ok(()) = changes.changed() => false,
            () = sleep_until(heartbeat), if changes.borrow().is_some() => true,
        };
        let Some(now) = changes.borrow_and_update().clone() else { continue };
        let text = pulling(&now.model, now.done, now.total);
        if let Some(progress) = &mut progress
            && (alive || text != told)
        {
            progress.job(now.done as f64, now.total.map(|total| total as f64), &text).await;
            told = text;
        }
        heartbeat = Instant::now() + HEARTBEAT;
    }
}

fn still_pulling(pull: Option<&Pulling>) -> ServiceError {
    let Some(pull) = pull else { return ServiceError::internal() };
    let text = pulling(&pull.model, pull.done, pull.total);
    ServiceError::new(ErrorCode::Timeout, format!("The model is not installed, and the call timed out while {text}"))
        .with_hint(format!(
            "The download so far is kept. Call again to resume. Or fetch the rest with pull_model {{\"model\":{:?},\"background\":true}}, then call again.",
            pull.model
        ))
}

struct Follower<'a> {
    server: &'a McpServer,
    live: &'a ReplyBuffer,
    progress: Progress,
    cursor: Cursor,
}

impl Follower<'_> {
    /// Until the end, `true`, or the deadline, `false`.
    async fn run(mut self, mut deadline: Pin<&mut impl Future<Output = ()>>) -> bool {
        let interval = self.server.options().progress_interval;
        let mut changes = self.live.changes();
        changes.mark_changed();
        let mut phase = Phase::Waiting;
        let mut pulled = String::new();
        let mut quiet_until = Instant::now();
        let mut sign_due = Instant::now() + FIRST_SIGN;
        loop {
            let changed = tokio::select! {
                biased;
                () = deadline.as_mut() => return self.last_look().await,
                changed = self.changed(&mut changes, sign_due) => changed,
            };
            if !changed {
                let sign = tokio::select! {
                    biased;
                    () = deadline.as_mut() => return self.last_look().await,
                    sign = self.sign_of_life() => sign,
                };
                if let Some(sign) = sign {
                    self.progress.status(sign).await;
                }
                sign_due = Instant::now() + HEARTBEAT;
                continue;
            }
            let now = self.live.phase();
            if now != phase {
                phase = now;
                if let Phase::Pulling { done, total } = now {
                    let text = self.told_at_once(now).unwrap_or_default();
                    if text != pulled {
                        self.progress.job(done as f64, total.map(|total| total as f64), &text).await;
                        pulled = text;
                        quiet_until = Instant::now() + interval;
                        sign_due = Instant::now() + HEARTBEAT;
                    }
                } else if let Some(text) = self.told_at_once(now) {
                    self.progress.total = None;
                    self.progress.status(text).await;
                    sign_due = Instant::now() + HEARTBEAT;
                }
            }
            // Coalesced: what comes within the interval goes out together; the end does not wait for it.
            tokio::select! {
                () = sleep_until(quiet_until) => {}
                () = self.live.ended() => {}
                () = deadline.as_mut() => return self.last_look().await,
            }
            let ended = self.live.outcome().is_some();
            let update = self.live.update(&mut self.cursor);
            if !update.content.is_empty() || !update.thinking.is_empty() {
                self.progress.update(update).await;
                quiet_until = Instant::now() + interval;
                sign_due = Instant::now() + HEARTBEAT;
            }
            if ended {
                return true;
            }
        }
    }

    /// At the deadline: an end that has come meanwhile is told whole.
    async fn last_look(mut self) -> bool {
        let ended = self.live.outcome().is_some();
        if ended {
            let update = self.live.update(&mut self.cursor);
            self.progress.update(update).await;
        }
        ended
    }

    /// Waits for a change; `false` where a sign of life is due before one comes.
    async fn changed(&self, changes: &mut watch::Receiver<u64>, sign_due: Instant) -> bool {
        // The sender lives as long as the completion.
        timeout_at(sign_due, changes.changed()).await.is_ok()
    }

    /// What a caller should know without delay: its place, and that a busy server is asked again.
    fn told_at_once(&self, phase: Phase) -> Option<String> {
        match phase {
            Phase::Pulling { done, total } => {
                Some(pulling(self.live.model().unwrap_or_default(), done, total))
            }
            Phase::Queued(ahead) => Some(format!("queued, {ahead} ahead")),
            Phase::Retrying(wait) if !wait.is_zero() => Some(format!(
                "the model server does not accept the request; retrying in {:.1} s",
                wait.as_secs_f64()
            )),
            _ => None,
        }
    }

    async fn sign_of_life(&self) -> Option<String> {
        Some(match self.live.phase() {
            Phase::Waiting => self.waiting().await,
            Phase::Thinking => "thinking".to_owned(),
            Phase::Answering => "answering".to_owned(),
            Phase::Ended => return None,
            phase => self.told_at_once(phase).unwrap_or_else(|| "waiting".to_owned()),
        })
    }

    /// Ollama does not say why nothing comes yet; whether the model is loaded tells.
    async fn waiting(&self) -> String {
        let Some(model) = self.live.model() else { return "choosing the model".to_owned() };
        let loaded = tokio::time::timeout(LOOK, self.server.services().models.is_loaded(model)).await;
        match loaded {
            Ok(Some(false)) => format!("loading model {model}"),
            Ok(Some(true)) => "reading prompt".to_owned(),
            Ok(None) | Err(_) => format!("waiting for {model}"),
        }
    }
}
