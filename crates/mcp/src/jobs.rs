//! Jobs as tools answer them, and their progress.

use std::pin::Pin;
use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::answer::next_step;
use super::failure::error_body;
use super::progress::{HEARTBEAT, Progress};
use super::replies;
use service::tasks::job::{Job, JobOutput, JobState, TransferReport};
use service::tasks::registry::Task;
use service::{ErrorCode, ServiceError};
use text::format::human_size;
use text::sanitize;

/// A transfer's state.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct TransferAnswer<'a> {
    status: &'static str,
    completion_id: &'a str,
    operation: &'static str,
    model: &'a str,
    /// Ollama's last word
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_bytes: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    already_present: bool,
}

/// The answer for a job; `ended` is whether its end was waited for and came.
///
/// # Errors
/// The job's own failure.
pub(super) fn answer(registered: &Task, job: &Job, ended: bool) -> Result<CallToolResult, ServiceError> {
    let state = job.state();
    let status = match state.outcome.clone().filter(|_| ended) {
        None => "in_progress",
        Some(Ok(())) => "completed",
        Some(Err(error)) if error.code == ErrorCode::Cancelled => "cancelled",
        Some(Err(error)) => {
            registered.mark_seen();
            return Err(error);
        }
    };
    if ended {
        registered.mark_seen();
    }
    let (text, structured) = match &state.report {
        JobOutput::Transfer(transfer) => of_transfer(registered, transfer, status),
        JobOutput::Comparison(replies) => replies::comparison(registered, replies, status),
        JobOutput::Batch(replies) => replies::batch(registered, replies, status),
    };
    let failure = match &state.report {
        JobOutput::Comparison(replies) | JobOutput::Batch(replies) if status == "completed" => {
            replies::failure(replies)
        }
        _ => None,
    };
    let text = match (status, &state.report) {
        ("in_progress", _) => {
            let waiting_for =
                state.waiting_for.iter().map(|waiting_for| format!("Waiting for a model: {waiting_for}. "));
            let waiting_for = waiting_for.collect::<String>();
            format!("This is still in progress. {} {waiting_for}{text}", next_step(&registered.id))
        }
        // A transfer says so itself.
        ("cancelled", JobOutput::Comparison(_) | JobOutput::Batch(_)) => {
            format!("Cancelled before it was complete. {text}")
        }
        _ => text,
    };
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = structured;
    if let Some(structured) = result.structured_content.as_mut().and_then(Value::as_object_mut) {
        if status == "in_progress" {
            structured.insert("next_step".to_owned(), next_step(&registered.id).into());
        }
        if let Some(failure) = &failure {
            structured.insert("error".to_owned(), error_body(failure));
        }
    }
    result.is_error = failure.map(|_| true).or(result.is_error);
    Ok(result)
}

fn of_transfer(
    registered: &Task,
    transfer: &TransferReport,
    status: &'static str,
) -> (String, Option<Value>) {
    let model = &transfer.model;
    let verb = transfer.operation;
    let step = sanitize::name(&transfer.status);
    let text = match status {
        "completed" if transfer.already_present => format!("{model} is already installed and up to date."),
        "completed" => format!("{verb} of {model} is complete."),
        "cancelled" if verb == "pull" => {
            format!("{verb} of {model} was stopped at: {step}. pull_model resumes it.")
        }
        "cancelled" => format!("{verb} of {model} was stopped at: {step}."),
        _ => format!("{verb} of {model}: {}.", amount(transfer)),
    };
    let answer = TransferAnswer {
        status,
        completion_id: &registered.id,
        operation: verb,
        model,
        detail: &transfer.status,
        completed_bytes: transfer.completed_bytes,
        total_bytes: transfer.total_bytes,
        already_present: transfer.already_present,
    };
    (text, serde_json::to_value(&answer).ok())
}

fn amount(transfer: &TransferReport) -> String {
    let step = sanitize::name(&transfer.status);
    match (transfer.completed_bytes, transfer.total_bytes) {
        (Some(done), Some(total)) if total > 0 => {
            let percent = text::format::percent(done, total);
            format!("{step}, {percent:.0}% of {}", human_size(total))
        }
        _ => step,
    }
}

/// Tells of a job's state until its end, at most every `interval`. `false` where the deadline comes first.
pub(super) async fn follow(
    job: &Job,
    mut progress: Progress,
    interval: Duration,
    mut deadline: Pin<&mut impl Future<Output = ()>>,
) -> bool {
    let mut changes = job.watch();
    changes.mark_changed();
    let mut told = String::new();
    let mut size_told = false;
    let mut heartbeat = Instant::now() + HEARTBEAT;
    loop {
        let changed = tokio::select! {
            biased;
            () = deadline.as_mut() => return changes.borrow().outcome.is_some(),
            changed = timeout_at(heartbeat, changes.changed()) => changed.is_ok(),
        };
        let state: JobState = changes.borrow_and_update().clone();
        if !size_told && let Some(size) = size(&state) {
            // Before gigabytes have come: whoever pays for them can still stop it.
            progress.job(state.done, state.total, &size).await;
            size_told = true;
        }
        let text = line(&state);
        if !changed || text != told {
            progress.job(state.done, state.total, &text).await;
            told = text;
            heartbeat = Instant::now() + HEARTBEAT;
        }
        if state.outcome.is_some() {
            return true;
        }
        let pause = sleep_until(Instant::now() + interval);
        tokio::select! {
            () = pause => {}
            () = job.ended() => {}
            () = deadline.as_mut() => return changes.borrow().outcome.is_some(),
        }
    }
}

/// The size of a model that is pulled, once the server has told it. Further layers may come.
fn size(state: &JobState) -> Option<String> {
    let JobOutput::Transfer(transfer) = &state.report else { return None };
    let total = transfer.total_bytes.filter(|_| transfer.operation == "pull")?;
    Some(format!("{} is {} or more", transfer.model, human_size(total)))
}

fn line(state: &JobState) -> String {
    match &state.report {
        JobOutput::Transfer(transfer) => amount(transfer),
        JobOutput::Comparison(replies) | JobOutput::Batch(replies) => {
            let done = replies.replies.iter().filter(|reply| reply.is_some()).count();
            let waiting_for =
                state.waiting_for.iter().map(|waiting_for| format!("; {waiting_for}")).collect::<String>();
            format!("{done} of {} done{waiting_for}", replies.replies.len())
        }
    }
}
