//! Follows completions: until each has begun, and to their ends. A completion stops when its caller goes, unless it was
//! asked for in a way that lets the caller come back.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::error::HttpError;
use crate::follow::{BEGIN_WITHIN, shutting_down};
use service::ServiceError;
use service::tasks::cancel_on_drop::CancelOnDrop;
use service::tasks::registry::{Task, TaskKind};
use service::tasks::reply::{Outcome, Phase, ReplyBuffer};

/// A completion and its reply.
pub(crate) struct Followed {
    pub(crate) task: Arc<Task>,
    pub(crate) reply: Arc<ReplyBuffer>,
    /// Cancels it when the caller goes.
    tie: Option<CancelOnDrop>,
}

impl Followed {
    /// Follows a completion. `stays`: it goes on without its caller.
    ///
    /// # Errors
    /// The task is no completion, which none of ours is not.
    pub(crate) fn new(task: Arc<Task>, stays: bool) -> Result<Self, HttpError> {
        let TaskKind::Reply(reply) = &task.kind else { return Err(HttpError::internal()) };
        let reply = Arc::clone(reply);
        let tie = CancelOnDrop::new(Arc::clone(&task));
        let tie = if stays {
            tie.detach();
            None
        } else {
            Some(tie)
        };
        Ok(Self { task, reply, tie })
    }

    /// How it ended, once it has. Its end has reached the caller then.
    pub(crate) fn outcome(&mut self) -> Option<Outcome> {
        let outcome = self.reply.outcome()?;
        self.task.mark_seen();
        self.tie = None;
        Some(outcome)
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// Its own, and that of a server that ends.
    pub(crate) async fn ended(&mut self, shutdown: &CancellationToken) -> Result<Outcome, HttpError> {
        tokio::select! {
            biased;
            () = self.reply.ended() => {}
            () = shutdown.cancelled() => return Err(shutting_down()),
        }
        self.outcome().ok_or_else(HttpError::internal)
    }

    /// Waits until the model has answered with something, or for a limited time.
    ///
    /// # Errors
    /// It failed before; inside, its own failure, outside that of a server that ends.
    pub(crate) async fn begun(
        &self,
        shutdown: &CancellationToken,
    ) -> Result<Result<(), ServiceError>, HttpError> {
        tokio::select! {
            biased;
            begun = self.has_begun() => Ok(begun),
            () = shutdown.cancelled() => Err(shutting_down()),
        }
    }

    async fn has_begun(&self) -> Result<(), ServiceError> {
        let until = Instant::now() + BEGIN_WITHIN;
        let mut changes = self.reply.changes();
        loop {
            changes.borrow_and_update();
            match self.reply.phase() {
                Phase::Thinking | Phase::Answering => return Ok(()),
                Phase::Ended => return self.reply.outcome().map_or(Ok(()), |outcome| outcome.map(drop)),
                Phase::Pulling { .. } | Phase::Queued(_) | Phase::Retrying(_) | Phase::Waiting => {}
            }
            if timeout_at(until, changes.changed()).await.is_err() {
                return Ok(());
            }
        }
    }

    /// A channel that changes with each update, and has changed already.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        let mut changes = self.reply.changes();
        changes.mark_changed();
        changes
    }
}
