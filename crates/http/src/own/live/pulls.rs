//! The caller's pulls of models, with their progress.

use std::future;
use std::time::Duration;

use tokio::time::sleep;

use super::event::{Event, PullState};
use crate::error::HttpError;
use crate::sse;
use service::tasks::job::{JobOutput, JobState};
use service::tasks::registry::{Task, TaskKind};
use service::{Caller, ErrorCode, Services};

/// How often progress is told.
const EVERY: Duration = Duration::from_millis(250);

/// What was told of the pulls.
pub(super) struct Pulls {
    told: Vec<PullState>,
    has_credential: bool,
}

impl Pulls {
    pub(super) fn new(has_credential: bool) -> Self {
        Self { told: Vec::new(), has_credential }
    }

    /// Waits until there may be progress; for ever while nothing is pulled.
    pub(super) async fn changed(&self) {
        if self.told.iter().any(|pull| pull.state == "in_progress") {
            sleep(EVERY).await;
        } else {
            future::pending().await
        }
    }

    /// Writes the pulls if they differ from what was told.
    pub(super) fn write(&mut self, services: &Services, caller: &Caller, out: &mut Vec<u8>) {
        let tasks = services.tasks.transfers(caller);
        let now: Vec<_> = tasks.iter().filter_map(|task| self.state(task)).collect();
        if now != self.told {
            sse::write_event(out, None, &Event::Jobs { jobs: &now });
            self.told = now;
        }
    }

    fn state(&self, task: &Task) -> Option<PullState> {
        let TaskKind::Job(job) = &task.kind else { return None };
        let JobState { status, done, total, outcome, report, .. } = job.state();
        let JobOutput::Transfer(report) = report else { return None };
        let (state, error) = match outcome {
            None => ("in_progress", None),
            Some(Ok(())) => ("completed", None),
            Some(Err(error)) if error.code == ErrorCode::Cancelled => ("cancelled", None),
            Some(Err(error)) => {
                let shown = HttpError::from_service(&error, self.has_credential);
                // Only strings: this cannot fail.
                ("failed", serde_json::to_value(shown.object().error).ok())
            }
        };
        let (id, model) = (task.id.clone(), report.model);
        Some(PullState { id, kind: report.operation, model, status, done, total, state, error })
    }
}
