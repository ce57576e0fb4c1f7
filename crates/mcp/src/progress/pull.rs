//! Progress of a model that a call pulls before its own work, such as an embedding.

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::notifier::{HEARTBEAT, Notifier};
use crate::deadline::Deadline;
use service::embeddings::Pulling;
use service::{Action, ErrorCode, ServiceError};
use text::format::pulling;

/// Runs work that may have to pull a model first, and reports that pull. Without an end of the pull, it ends at the deadline.
///
/// # Errors
/// Those of `work`, and `timeout`.
pub(crate) async fn while_pulling<T, F>(
    mut notifier: Option<Box<Notifier>>,
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
    let mut sent = String::new();
    let mut heartbeat = Instant::now() + HEARTBEAT;
    loop {
        let heartbeat_due = tokio::select! {
            biased;
            result = &mut work => return result,
            () = &mut deadline, if changes.borrow().is_some() => return Err(still_pulling(changes.borrow().as_ref())),
            Ok(()) = changes.changed() => false,
            () = sleep_until(heartbeat), if changes.borrow().is_some() => true,
        };
        let Some(now) = changes.borrow_and_update().clone() else { continue };
        let text = pulling(&now.model, now.done, now.total);
        if let Some(notifier) = &mut notifier
            && (heartbeat_due || text != sent)
        {
            notifier.job(now.done as f64, now.total.map(|total| total as f64), &text).await;
            sent = text;
        }
        heartbeat = Instant::now() + HEARTBEAT;
    }
}

fn still_pulling(pull: Option<&Pulling>) -> ServiceError {
    let Some(pull) = pull else { return ServiceError::internal() };
    let text = pulling(&pull.model, pull.done, pull.total);
    ServiceError::new(
        ErrorCode::Timeout,
        format!("The model is not installed, and the call timed out while {text}"),
    )
    .with_hint("The download so far is kept. Call again to resume.")
    .and_hint(Action::ResumePull { model: pull.model.clone() })
}
