//! The answer for work that calls start and wait for: a reply or a job.

use rmcp::model::CallToolResult;

use super::{completion, job};
use crate::hint::Wording;
use service::ServiceError;
use service::tasks::registry::{Task, TaskKind};

/// The answer for work; `ended`: the call has waited for its end, and it came.
///
/// # Errors
/// The work's own failure.
pub(crate) fn of(work: &Task, ended: bool, wording: &Wording) -> Result<CallToolResult, ServiceError> {
    match &work.kind {
        TaskKind::Reply(reply) => {
            completion::of_reply(work, reply, reply.outcome().filter(|_| ended), wording)
        }
        TaskKind::Job(job) => job::answer(work, job, ended, wording),
    }
}
