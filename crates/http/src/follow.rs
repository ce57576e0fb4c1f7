//! Follows a completion for one response: until the model has begun, through its updates, to its end or that of the server.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::call::Call;
use crate::error::HttpError;
use crate::sse::{self, QueueEvent};
use crate::state::App;
use service::chat::timings::millis;
use service::tasks::cancel_on_drop::CancelOnDrop;
use service::tasks::registry::{Task, TaskKind};
use service::tasks::reply::{Completion, Outcome, Phase, ReplyBuffer, ReplyCursor, Update};
use service::{ErrorCode, ServiceError};

/// A response waits this long for the model to begin: until then a failure has a status of its own.
pub(crate) const BEGIN_WITHIN: Duration = Duration::from_secs(15);

/// What a follower sees next.
pub(crate) enum Step {
    /// New text, new tool calls, or another phase.
    Update(Update),
    /// The completion has ended, and all updates were seen.
    Ended(Outcome),
    /// Nothing has come for [`HttpOptions::comment_after`](crate::HttpOptions).
    Silent,
    /// The server ends.
    ShuttingDown,
}

/// A completion that a response follows.
pub(crate) struct Follower {
    app: Arc<App>,
    task: Arc<Task>,
    reply: Arc<ReplyBuffer>,
    changes: watch::Receiver<u64>,
    cursor: ReplyCursor,
    phase: Phase,
    /// Cancels the completion when the response is dropped.
    guard: Option<CancelOnDrop>,
    has_credential: bool,
}

impl Follower {
    /// Follows a completion that is cancelled when the response is dropped before its end: its caller has gone.
    ///
    /// # Errors
    /// The task is no completion.
    pub(crate) fn owning(call: &Call, task: Arc<Task>) -> Result<Self, HttpError> {
        let guard = CancelOnDrop::new(Arc::clone(&task));
        let follower = Self::attached(call, task, ReplyCursor::default())?;
        Ok(Self { guard: Some(guard), ..follower })
    }

    /// Follows a completion that goes on when the response is dropped: its caller can come back.
    ///
    /// # Errors
    /// The task is no completion.
    pub(crate) fn staying(call: &Call, task: Arc<Task>) -> Result<Self, HttpError> {
        CancelOnDrop::new(Arc::clone(&task)).detach();
        Self::attached(call, task, ReplyCursor::default())
    }

    /// Follows a completion from a position on. It does not depend on the response.
    ///
    /// # Errors
    /// The task is no completion.
    pub(crate) fn attached(call: &Call, task: Arc<Task>, cursor: ReplyCursor) -> Result<Self, HttpError> {
        let TaskKind::Reply(reply) = &task.kind else { return Err(HttpError::internal()) };
        let reply = Arc::clone(reply);
        let changes = reply.changes();
        Ok(Self {
            app: Arc::clone(&call.app),
            task,
            reply,
            changes,
            cursor,
            phase: Phase::Waiting,
            guard: None,
            has_credential: call.identity.has_credential(),
        })
    }

    pub(crate) fn task(&self) -> &Arc<Task> {
        &self.task
    }

    /// Whether the completion goes on when the response is dropped.
    pub(crate) fn goes_on(&self) -> bool {
        self.guard.is_none()
    }

    pub(crate) fn reply(&self) -> &ReplyBuffer {
        &self.reply
    }

    /// The position up to which it has read.
    pub(crate) fn cursor(&self) -> ReplyCursor {
        self.cursor
    }

    /// Whether errors and warnings may name addresses and settings.
    pub(crate) fn has_credential(&self) -> bool {
        self.has_credential
    }

    /// Waits until the model has answered with something, or for a limited time.
    ///
    /// # Errors
    /// The completion failed before anything was generated, or the server ends.
    pub(crate) async fn begun(&mut self) -> Result<(), HttpError> {
        let until = Instant::now() + BEGIN_WITHIN;
        loop {
            self.changes.borrow_and_update();
            // A reply that has begun is answered as one, however soon it failed afterwards.
            if let Some(Err(error)) = self.reply.outcome()
                && error.partial.is_none()
                && self.reply.tool_calls().is_empty()
            {
                return Err(self.failure(error));
            }
            if matches!(self.reply.phase(), Phase::Thinking | Phase::Answering | Phase::Ended) {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = self.app.shutdown.cancelled() => return Err(shutting_down()),
                changed = timeout_at(until, self.changes.changed()) => {
                    if changed.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// The completion's own, or the end of the server.
    pub(crate) async fn completion(&mut self) -> Result<Arc<Completion>, HttpError> {
        tokio::select! {
            biased;
            () = self.reply.ended() => {}
            () = self.app.shutdown.cancelled() => return Err(shutting_down()),
        }
        let outcome = self.reply.outcome().unwrap_or_else(|| Err(ServiceError::internal()));
        self.delivered();
        outcome.map_err(|error| self.failure(error))
    }

    /// How it ended, once it has. Its end has reached the caller then.
    pub(crate) fn outcome(&mut self) -> Option<Outcome> {
        let outcome = self.reply.outcome()?;
        self.delivered();
        Some(outcome)
    }

    /// A channel that changes with each update, and has changed already.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.reply.changes();
        changes.mark_changed();
        changes
    }

    /// Waits for what comes next.
    pub(crate) async fn next(&mut self) -> Step {
        loop {
            self.changes.borrow_and_update();
            // The outcome is read first: the update after it has all that there is.
            let outcome = self.reply.outcome();
            let update = self.reply.update(&mut self.cursor);
            let is_new = !update.content.is_empty()
                || !update.thinking.is_empty()
                || !update.tool_calls.is_empty()
                || (update.phase != self.phase && update.phase != Phase::Ended);
            if is_new {
                self.phase = update.phase;
                return Step::Update(update);
            }
            if let Some(outcome) = outcome {
                self.delivered();
                return Step::Ended(outcome);
            }
            let silence = async {
                match self.app.options.comment_after {
                    Some(time) => sleep(time).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                changed = self.changes.changed() => {
                    // The reply holds the sender, and this holds the reply.
                    if changed.is_err() {
                        return Step::ShuttingDown;
                    }
                }
                () = self.app.shutdown.cancelled() => return Step::ShuttingDown,
                () = silence => return Step::Silent,
            }
        }
    }

    /// The failure of a completion, as this caller may see it. What had been generated can still be fetched.
    pub(crate) fn failure(&self, error: ServiceError) -> HttpError {
        if self.is_of_server(&error) {
            return shutting_down();
        }
        let mut shown = HttpError::from_service(&error, self.has_credential);
        if shown.partial.is_none() && !self.reply.tool_calls().is_empty() {
            // The text of it is empty, and a client that repeats the request would generate the calls twice.
            shown.partial = Some(Box::default());
        }
        if shown.partial.is_some() {
            let fetch = format!("GET /x/completions/{} has what was generated.", self.task.id);
            let hint = shown.hint.take();
            shown.hint = Some(hint.map_or(fetch.clone(), |hint| format!("{hint} {fetch}")));
        }
        shown
    }

    /// Whether a completion ended because the server does.
    pub(crate) fn ended_with_server(&self, outcome: &Outcome) -> bool {
        outcome.as_ref().is_err_and(|error| self.is_of_server(error))
    }

    /// The end of the server cancels completions, too: the caller must learn which of the two it was.
    fn is_of_server(&self, error: &ServiceError) -> bool {
        error.code == ErrorCode::Cancelled && self.app.shutdown.is_cancelled()
    }

    /// Writes an event with the place in the queue, where the completion waits there.
    pub(crate) fn write_place(&self, out: &mut Vec<u8>, update: &Update) {
        if let Phase::Queued(ahead) = update.phase {
            let estimate_ms = update.queue_estimate.map(millis);
            sse::write_queue(out, &QueueEvent { ahead, estimate_ms, completion_id: Some(&self.task.id) });
        }
    }

    fn delivered(&mut self) {
        self.task.mark_seen();
        self.guard = None;
    }
}

/// The server ends while a response is open.
pub(crate) fn shutting_down() -> HttpError {
    HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "server_shutdown", "The server is shutting down")
        .with_hint("What was generated is lost with it. Ask again when it is back.")
}
