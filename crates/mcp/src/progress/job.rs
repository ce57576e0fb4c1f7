//! Progress of a job: bytes of a transfer, how many of the replies are done, or what is done with files.

use std::pin::Pin;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::notifier::{HEARTBEAT, Notifier};
use crate::answers::documents::progress;
use crate::answers::job::amount;
use service::tasks::job::{Job, JobOutput, JobState};
use text::format::human_size;

/// How much of the text so far a message shows, in characters.
const MAX_TAIL: usize = 140;

/// Reports a job's state until its end. `false`: the deadline comes first.
pub(super) async fn follow(
    job: &Job,
    mut notifier: Box<Notifier>,
    mut deadline: Pin<&mut impl Future<Output = ()>>,
) -> bool {
    let mut changes = job.watch();
    changes.mark_changed();
    let mut sent = String::new();
    let mut size_sent = false;
    let mut heartbeat = Instant::now() + HEARTBEAT;
    loop {
        let changed = tokio::select! {
            biased;
            () = deadline.as_mut() => return changes.borrow().outcome.is_some(),
            changed = timeout_at(heartbeat, changes.changed()) => changed.is_ok(),
        };
        let state: JobState = changes.borrow_and_update().clone();
        if !size_sent && let Some(size) = size(&state) {
            // First of all: the user can still stop a download of gigabytes.
            notifier.job(state.done, state.total, &size).await;
            size_sent = true;
        }
        let text = line(&state);
        if !changed || text != sent {
            notifier.job(state.done, state.total, &text).await;
            sent = text;
            heartbeat = Instant::now() + HEARTBEAT;
        }
        if state.outcome.is_some() {
            return true;
        }
        let pause = sleep_until(Instant::now() + notifier.interval());
        tokio::select! {
            () = pause => {}
            () = job.ended() => {}
            () = deadline.as_mut() => return changes.borrow().outcome.is_some(),
        }
    }
}

/// The size of a model that is being pulled, once the server has reported it. More layers may follow.
fn size(state: &JobState) -> Option<String> {
    let JobOutput::Transfer(transfer) = &state.report else { return None };
    let total = transfer.total_bytes.filter(|_| transfer.operation == "pull")?;
    Some(format!("{} is {} or more", transfer.model, human_size(total)))
}

fn line(state: &JobState) -> String {
    match &state.report {
        JobOutput::Transfer(transfer) => amount(transfer),
        JobOutput::Documents(report) => progress(report, &state.status, MAX_TAIL),
        JobOutput::Comparison(replies) | JobOutput::Batch(replies) => {
            let done = replies.replies.iter().filter(|reply| reply.is_some()).count();
            let waiting_for =
                state.waiting_for.iter().map(|waiting_for| format!("; {waiting_for}")).collect::<String>();
            format!("{done} of {} done{waiting_for}", replies.replies.len())
        }
    }
}
