//! The answer for a job: a transfer, a comparison, a batch, or work over files.

use rmcp::model::{CallToolResult, ContentBlock};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::completion::next_step;
use super::{batch, documents, to_json};
use crate::answers::error::error_body;
use crate::hint::Wording;
use service::tasks::job::{Job, JobOutput, TransferReport};
use service::tasks::registry::Task;
use service::{ErrorCode, ServiceError};
use text::format::human_size;
use text::sanitize;

/// A transfer's state.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TransferAnswer<'a> {
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

/// The answer for a job; `ended`: the call has waited for its end, and it came.
///
/// # Errors
/// The job's own failure.
pub(crate) fn answer(
    task: &Task,
    job: &Job,
    ended: bool,
    wording: &Wording,
) -> Result<CallToolResult, ServiceError> {
    let state = job.state();
    let status = match state.outcome.clone().filter(|_| ended) {
        None => "in_progress",
        Some(Ok(())) => "completed",
        Some(Err(error)) if error.code == ErrorCode::Cancelled => "cancelled",
        Some(Err(error)) => {
            task.mark_seen();
            return Err(error);
        }
    };
    if ended {
        task.mark_seen();
    }
    let (text, mut data) = match &state.report {
        JobOutput::Transfer(transfer) => of_transfer(task, transfer, status)?,
        JobOutput::Comparison(replies) => batch::comparison(task, replies, status, wording)?,
        JobOutput::Batch(replies) => batch::batch(task, replies, status, wording)?,
        JobOutput::Documents(report) => documents::documents(task, report, &state.status, status, wording)?,
    };
    let failure = match &state.report {
        JobOutput::Comparison(replies) | JobOutput::Batch(replies) if status == "completed" => {
            batch::failure(replies).map(|failure| wording.error(failure))
        }
        _ => None,
    };
    let text = match (status, &state.report) {
        ("in_progress", _) => {
            let waiting_for =
                state.waiting_for.iter().map(|waiting_for| format!("Waiting for a model: {waiting_for}. "));
            let waiting_for = waiting_for.collect::<String>();
            format!("This is still in progress. {} {waiting_for}{text}", next_step(&task.id))
        }
        // The text of a transfer says it already.
        ("cancelled", JobOutput::Comparison(_) | JobOutput::Batch(_) | JobOutput::Documents(_)) => {
            format!("Cancelled before it was complete. {text}")
        }
        _ => text,
    };
    if let Some(data) = data.as_object_mut() {
        if status == "in_progress" {
            data.insert("next_step".to_owned(), next_step(&task.id).into());
        }
        if let Some(failure) = &failure {
            data.insert("error".to_owned(), error_body(failure));
        }
    }
    let mut result = CallToolResult::success(vec![ContentBlock::text(text)]);
    result.structured_content = Some(data);
    result.is_error = failure.map(|_| true).or(result.is_error);
    Ok(result)
}

fn of_transfer(
    task: &Task,
    transfer: &TransferReport,
    status: &'static str,
) -> Result<(String, Value), ServiceError> {
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
        completion_id: &task.id,
        operation: verb,
        model,
        detail: &transfer.status,
        completed_bytes: transfer.completed_bytes,
        total_bytes: transfer.total_bytes,
        already_present: transfer.already_present,
    };
    Ok((text, to_json(&answer)?))
}

/// The last step of a transfer, and how much of it is done.
pub(crate) fn amount(transfer: &TransferReport) -> String {
    let step = sanitize::name(&transfer.status);
    match (transfer.completed_bytes, transfer.total_bytes) {
        (Some(done), Some(total)) if total > 0 => {
            let percent = done as f64 / total as f64 * 100.0;
            format!("{step}, {percent:.0}% of {}", human_size(total))
        }
        _ => step,
    }
}
