//! The state that completions and jobs share: cancellation, the end, and whether the result was delivered.

use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::latch::Latch;
use crate::error::{ErrorCode, ServiceError};

/// The state of a task, apart from its output.
#[derive(Debug)]
pub(crate) struct TaskState {
    /// The id that callers know the task by. A reply of a job has that of the job.
    id: OnceLock<String>,
    cancel: CancellationToken,
    /// The reply is to end here, and what was generated is to be kept.
    stop: CancellationToken,
    ended: Latch,
    started: Instant,
    ended_at: OnceLock<Instant>,
    /// The result was delivered.
    seen: AtomicBool,
    /// No call waits for it: it was started in the background, or outlived its call's deadline.
    detached: AtomicBool,
}

impl TaskState {
    pub(crate) fn new() -> Self {
        Self {
            id: OnceLock::new(),
            cancel: CancellationToken::new(),
            stop: CancellationToken::new(),
            ended: Latch::default(),
            started: Instant::now(),
            ended_at: OnceLock::new(),
            seen: AtomicBool::new(false),
            detached: AtomicBool::new(false),
        }
    }

    pub(crate) fn set_id(&self, id: &str) {
        // It is set once, by what makes the task.
        let _ = self.id.set(id.to_owned());
    }

    pub(crate) fn id(&self) -> &str {
        self.id.get().map_or("", String::as_str)
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn cancel(&self) {
        self.cancel.cancel();
    }

    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    pub(crate) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    pub(crate) async fn ended(&self) {
        self.ended.wait().await;
    }

    pub(crate) fn ended_at(&self) -> Option<Instant> {
        self.ended_at.get().copied()
    }

    pub(crate) fn is_seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }

    pub(crate) fn mark_seen(&self) {
        self.seen.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_detached(&self) -> bool {
        self.detached.load(Ordering::Relaxed)
    }

    pub(crate) fn detach(&self) {
        self.detached.store(true, Ordering::Relaxed);
    }

    /// Runs `work` to its end, its cancellation or its panic.
    pub(crate) async fn run<T>(
        &self,
        work: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, ServiceError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => {
                Err(ServiceError::new(ErrorCode::Cancelled, "The completion was cancelled"))
            }
            result = caught(work) => result,
        }
    }

    /// Wakes the waiters. Set the outcome first.
    pub(crate) fn end(&self) {
        // It ends once.
        let _ = self.ended_at.set(Instant::now());
        self.ended.set();
    }
}

/// Turns a panic of `work` into an internal error.
pub(crate) async fn caught<T>(
    work: impl Future<Output = Result<T, ServiceError>>,
) -> Result<T, ServiceError> {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| Err(ServiceError::internal()))
}
