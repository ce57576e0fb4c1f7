//! Progress of a call, for callers that sent a token.
//!
//! MCP 2025-11-25, basic/utilities/progress. Beside the standard fields, the exact new text is in
//! `_meta["ollama-mcp/delta"]` and its kind in `_meta["ollama-mcp/channel"]`.

mod job;
mod notifier;
mod pull;
mod reply;

pub(crate) use notifier::{CHANNEL, DELTA, Notifier};
pub(crate) use pull::while_pulling;

use super::deadline::Deadline;
use reply::ReplyProgress;
use service::Services;
use service::tasks::registry::{Task, TaskKind};
use service::tasks::reply::ReplyCursor;

/// Waits for the end of work and reports its progress; with `from_now` only text that comes from now on. `false`:
/// `deadline` comes first.
pub(crate) async fn follow(
    services: &Services,
    completion: &Task,
    notifier: Option<Box<Notifier>>,
    from_now: bool,
    deadline: Deadline,
) -> bool {
    // Never cancel an in-progress send at the deadline: the notification would arrive after the response.
    let deadline = deadline.passed();
    tokio::pin!(deadline);
    match (&completion.kind, notifier) {
        (_, None) => tokio::select! {
            biased;
            () = completion.ended() => true,
            () = deadline => false,
        },
        // Boxed: without a token, a call would hold their room for nothing.
        (TaskKind::Job(job), Some(notifier)) => Box::pin(job::follow(job, notifier, deadline)).await,
        (TaskKind::Reply(reply), Some(notifier)) => {
            let mut cursor = ReplyCursor::default();
            if from_now {
                reply.update(&mut cursor);
            }
            Box::pin(ReplyProgress { services, reply, notifier, cursor }.run(deadline)).await
        }
    }
}
