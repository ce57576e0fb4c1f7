//! Follows a job (a pull, a batch, work over files) for one response: as events, or to its end.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use super::completion_state::CompletionState;
use super::events::{Event, shutdown};
use crate::call::Call;
use crate::error::HttpError;
use crate::follow::shutting_down;
use crate::mount::Response;
use crate::sse;
use crate::state::App;
use service::tasks::cancel_on_drop::CancelOnDrop;
use service::tasks::job::{Job, JobOutput, JobState};
use service::tasks::registry::{Task, TaskKind};
use service::{ErrorCode, ServiceError};

/// A response of events waits this long for the job to get on: until then a failure has a status of its own.
const BEGIN_WITHIN: Duration = Duration::from_secs(5);

/// A job that a response follows.
pub(super) struct JobFollower {
    app: Arc<App>,
    task: Arc<Task>,
    job: Arc<Job>,
    changes: watch::Receiver<JobState>,
    /// Cancels the job when the response is dropped.
    guard: Option<CancelOnDrop>,
    /// The text that was sent last.
    text: String,
    has_credential: bool,
}

/// The progress of a job.
#[derive(Debug, Serialize)]
pub(super) struct Progress<'a> {
    status: &'a str,
    done: f64,
    total: Option<f64>,
    /// The text so far, where it has changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

impl JobFollower {
    /// Follows a job that is cancelled when the response is dropped before its end: its caller has gone.
    ///
    /// # Errors
    /// The task is no job.
    pub(super) fn owning(call: &Call, task: Arc<Task>) -> Result<Self, HttpError> {
        let guard = CancelOnDrop::new(Arc::clone(&task));
        Ok(Self { guard: Some(guard), ..Self::attached(call, task)? })
    }

    /// Lets a job go on without a response.
    pub(super) fn staying(task: Arc<Task>) {
        CancelOnDrop::new(task).detach();
    }

    /// Follows a job that does not depend on the response.
    ///
    /// # Errors
    /// The task is no job.
    pub(super) fn attached(call: &Call, task: Arc<Task>) -> Result<Self, HttpError> {
        let TaskKind::Job(job) = &task.kind else { return Err(HttpError::internal()) };
        let job = Arc::clone(job);
        let mut changes = job.watch();
        changes.mark_changed();
        Ok(Self {
            app: Arc::clone(&call.app),
            task,
            job,
            changes,
            guard: None,
            text: String::new(),
            has_credential: call.identity.has_credential(),
        })
    }

    /// Waits until there is progress, or for a limited time.
    ///
    /// # Errors
    /// The job failed before, or the server ends.
    pub(super) async fn begun(&mut self) -> Result<(), HttpError> {
        let until = Instant::now() + BEGIN_WITHIN;
        let mut changes = self.job.watch();
        loop {
            let (done, outcome) = {
                let state = changes.borrow_and_update();
                (state.done, state.outcome.clone())
            };
            match outcome {
                Some(Err(error)) => return Err(self.failure(error)),
                Some(Ok(())) => return Ok(()),
                None if done > 0.0 => return Ok(()),
                None => {}
            }
            tokio::select! {
                biased;
                () = self.app.shutdown.cancelled() => return Err(shutting_down()),
                changed = timeout_at(until, changes.changed()) => {
                    if changed.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Waits for the end; the state then.
    ///
    /// # Errors
    /// The job's own, or the end of the server.
    pub(super) async fn ended(mut self) -> Result<CompletionState, HttpError> {
        tokio::select! {
            biased;
            () = self.job.ended() => {}
            () = self.app.shutdown.cancelled() => return Err(shutting_down()),
        }
        self.guard = None;
        match self.job.outcome() {
            Some(Ok(())) => Ok(CompletionState::of(&self.task, self.has_credential)),
            Some(Err(error)) => {
                self.task.mark_seen();
                Err(self.failure(error))
            }
            None => Err(HttpError::internal()),
        }
    }

    /// The events from now on: the progress, and the state at the end.
    pub(super) fn events(self) -> Response {
        sse::response(stream::unfold(Some(self), |follower| async move {
            let mut follower = follower?;
            let mut out = Vec::new();
            let goes_on = follower.write_next(&mut out).await;
            Some((out, goes_on.then_some(follower)))
        }))
    }

    /// Writes the next event; `false` if it is the last one.
    async fn write_next(&mut self, out: &mut Vec<u8>) -> bool {
        let silence = async {
            match self.app.options.comment_after {
                Some(time) => sleep(time).await,
                None => std::future::pending().await,
            }
        };
        let changed = tokio::select! {
            biased;
            changed = self.changes.changed() => changed.is_ok(),
            () = self.app.shutdown.cancelled() => false,
            () = silence => {
                out.extend_from_slice(sse::COMMENT);
                return true;
            }
        };
        if !changed {
            sse::write_event(out, None, &shutdown());
            return false;
        }
        let JobState { status, done, total, report, outcome, .. } = self.changes.borrow_and_update().clone();
        match outcome {
            Some(Err(error)) if self.is_of_server(&error) => {
                sse::write_event(out, None, &shutdown());
                false
            }
            Some(_) => {
                self.guard = None;
                let state = Box::new(CompletionState::of(&self.task, self.has_credential));
                sse::write_event(out, None, &Event::State { state });
                false
            }
            None => {
                let text = match report {
                    JobOutput::Documents(report) if report.text != self.text => {
                        self.text = report.text;
                        Some(self.text.as_str())
                    }
                    _ => None,
                };
                let progress = Progress { status: &status, done, total, text };
                sse::write_event(out, None, &Event::Progress(progress));
                true
            }
        }
    }

    /// The failure of the job, as this caller may see it. What it has made can still be fetched.
    fn failure(&self, error: ServiceError) -> HttpError {
        if self.is_of_server(&error) {
            return shutting_down();
        }
        let mut shown = HttpError::from_service(&error, self.has_credential);
        let has_text =
            matches!(&self.job.state().report, JobOutput::Documents(report) if !report.text.is_empty());
        if has_text {
            let fetch = format!("GET /x/completions/{} has the text so far.", self.task.id);
            let hint = shown.hint.take();
            shown.hint = Some(hint.map_or(fetch.clone(), |hint| format!("{hint} {fetch}")));
        }
        shown
    }

    /// The end of the server cancels jobs, too: the caller must learn which of the two it was.
    fn is_of_server(&self, error: &ServiceError) -> bool {
        error.code == ErrorCode::Cancelled && self.app.shutdown.is_cancelled()
    }
}
