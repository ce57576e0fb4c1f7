//! A completion, or a job, as JSON.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::documents_state::DocumentsState;
use crate::call::Call;
use crate::error::HttpError;
use crate::hint;
use openai::completion::{ChatCompletion, Usage};
use openai::messages::ToolCall;
use service::ErrorCode;
use service::chat::timings::TimingsReport;
use service::stored_answers::StoredAnswer;
use service::tasks::job::{Job, JobOutput};
use service::tasks::registry::{Task, TaskKind};
use service::tasks::reply::{Completion, Outcome, Phase, ReplyBuffer};

/// A completion that runs, or has ended.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "Completion")]
pub(super) struct CompletionState {
    id: String,
    /// queued, running, completed, failed or cancelled
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Unix seconds
    created: u64,
    /// How many are ahead in the queue
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<usize>,
    /// The conversation of which it is a turn
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_id: Option<String>,
    /// The text so far, or all of it
    content: String,
    /// What the model thought before it answered
    #[serde(skip_serializing_if = "String::is_empty")]
    reasoning: String,
    /// OpenAI's form
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Value>")]
    tool_calls: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finish_reason: Option<String>,
    #[serde(skip_serializing_if = "Usage::is_empty")]
    #[schemars(with = "Value")]
    usage: Usage,
    /// `local`, or the host that the model ran on
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// Of one that failed
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
    /// Of work that is no single reply: `{status, done, total}`
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<Value>,
    /// Of work over files
    #[serde(skip_serializing_if = "Option::is_none")]
    documents: Option<DocumentsState>,
}

/// A completion, with how long it took.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TimedCompletion")]
pub(super) struct TimedState {
    #[serde(flatten)]
    state: CompletionState,
    /// Milliseconds: `queued_ms`, `load_ms`, `prompt_ms`, `first_token_ms`, `total_ms`; and `tokens_per_second`
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Value>")]
    timings: Option<TimingsReport>,
}

impl TimedState {
    pub(super) fn of(task: &Task, reply: &ReplyBuffer, has_credential: bool) -> Self {
        let timings = match reply.outcome() {
            Some(Ok(completion)) => Some(completion.as_ref().into()),
            _ => None,
        };
        Self { state: CompletionState::of(task, has_credential), timings }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    Queued,
    #[default]
    Running,
    Completed,
    Failed,
    Cancelled,
}

impl CompletionState {
    /// The state now. Once it has ended, its end counts as delivered.
    pub(super) fn of(task: &Task, has_credential: bool) -> Self {
        let state = match &task.kind {
            TaskKind::Reply(reply) => Self::of_reply(reply, has_credential),
            TaskKind::Job(job) => Self::of_job(job, has_credential),
        };
        if !matches!(state.status, Status::Queued | Status::Running) {
            task.mark_seen();
        }
        Self { id: task.id.clone(), created: task.created, ..state }
    }

    /// The state of a completion whose answer is stored; `None` where what is stored cannot be read.
    pub(super) fn of_stored(stored: &StoredAnswer) -> Option<Self> {
        let answer: ChatCompletion<'_> = serde_json::from_str(&stored.answer).ok()?;
        let choice = answer.choices.into_iter().next()?;
        let text = |text: Option<Cow<'_, str>>| text.unwrap_or_default().into_owned();
        let calls = choice.message.tool_calls.iter();
        Some(Self {
            id: stored.id.clone(),
            status: Status::Completed,
            model: Some(stored.model.clone()),
            created: answer.created,
            content: text(choice.message.content),
            reasoning: text(choice.message.reasoning),
            tool_calls: calls.filter_map(|call| serde_json::to_value(call).ok()).collect(),
            finish_reason: choice.finish_reason.map(Cow::into_owned),
            usage: answer.usage,
            ..Self::default()
        })
    }

    /// The state of a completion that is a stored response of OpenAI's API.
    pub(super) fn of_response(id: String, response: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let count = |path: &str| response.pointer(path).and_then(Value::as_u64);
        let mut state = Self {
            id,
            status: match response["status"].as_str() {
                Some("failed") => Status::Failed,
                Some("cancelled") => Status::Cancelled,
                _ => Status::Completed,
            },
            model: text(&response["model"]),
            created: response["created_at"].as_u64().unwrap_or_default(),
            error: Some(response["error"].clone()).filter(|error| !error.is_null()),
            usage: Usage {
                prompt_tokens: count("/usage/input_tokens"),
                completion_tokens: count("/usage/output_tokens"),
                total_tokens: count("/usage/total_tokens"),
                ..Usage::default()
            },
            ..Self::default()
        };
        for item in response["output"].as_array().into_iter().flatten() {
            let parts = item["content"].as_array().into_iter().flatten();
            let texts: String = parts.filter_map(|part| part["text"].as_str()).collect();
            match item["type"].as_str() {
                Some("message") => state.content.push_str(&texts),
                Some("reasoning") => state.reasoning.push_str(&texts),
                Some("function_call") => state.tool_calls.push(json!({
                    "id": item["call_id"],
                    "type": "function",
                    "function": { "name": item["name"], "arguments": item["arguments"] },
                })),
                _ => {}
            }
        }
        state.finish_reason = match (response["status"].as_str(), state.tool_calls.is_empty()) {
            (Some("completed"), false) => Some("tool_calls".to_owned()),
            (Some("completed"), true) => Some("stop".to_owned()),
            (Some("incomplete"), _) => Some("length".to_owned()),
            _ => None,
        };
        state
    }

    fn of_reply(reply: &ReplyBuffer, has_credential: bool) -> Self {
        let state = Self {
            model: reply.model().map(str::to_owned),
            chat_id: reply.conversation().map(str::to_owned),
            ..Self::default()
        };
        // Read first: what follows an end is complete.
        let outcome = reply.outcome();
        match outcome {
            Some(Ok(completion)) => state.completed(&completion, has_credential),
            outcome => {
                let partial = reply.partial();
                let state = Self {
                    content: partial.content,
                    reasoning: partial.thinking,
                    tool_calls: calls(&reply.tool_calls()),
                    ..state
                };
                match (outcome, reply.phase()) {
                    (None, Phase::Queued(place)) => {
                        Self { status: Status::Queued, place: Some(place), ..state }
                    }
                    (None, _) => state,
                    (Some(outcome), _) => state.failed(outcome, has_credential),
                }
            }
        }
    }

    fn of_job(job: &Job, has_credential: bool) -> Self {
        let now = job.state();
        let state = Self {
            job: Some(json!({ "status": now.status, "done": now.done, "total": now.total })),
            ..Self::default()
        };
        let state = state.with_report(now.report, has_credential);
        match now.outcome {
            None => state,
            Some(Ok(())) => Self { status: Status::Completed, ..state },
            Some(Err(error)) => state.failed(Err(error), has_credential),
        }
    }

    fn with_report(self, report: JobOutput, has_credential: bool) -> Self {
        let JobOutput::Documents(mut report) = report else { return self };
        Self {
            model: report.model.take(),
            content: std::mem::take(&mut report.text),
            location: report.location.as_ref().map(|location| location.describe().to_owned()),
            warnings: report.warnings.iter().map(|warning| hint::warning(warning, has_credential)).collect(),
            documents: Some(DocumentsState::of(*report)),
            ..self
        }
    }

    fn completed(self, completion: &Completion, has_credential: bool) -> Self {
        let summary = &completion.summary;
        Self {
            status: Status::Completed,
            model: Some(summary.model.clone()),
            content: completion.content.clone(),
            reasoning: completion.thinking.clone(),
            tool_calls: calls(&completion.tool_calls),
            finish_reason: Some(summary.finish_reason.as_str().to_owned()),
            usage: summary.usage.into(),
            location: Some(summary.location.describe().to_owned()),
            warnings: summary.warnings.iter().map(|warning| hint::warning(warning, has_credential)).collect(),
            ..self
        }
    }

    fn failed(self, outcome: Outcome, has_credential: bool) -> Self {
        let Err(error) = outcome else { return self };
        if error.code == ErrorCode::Cancelled {
            return Self { status: Status::Cancelled, ..self };
        }
        let shown = HttpError::from_service(&error, has_credential);
        // Only strings: this cannot fail.
        let shown = serde_json::to_value(shown.object().error).ok();
        Self { status: Status::Failed, error: shown, ..self }
    }
}

/// The caller's completion that the path names.
///
/// # Errors
/// 404, also for those of others.
pub(super) fn find(call: &Call) -> Result<std::sync::Arc<Task>, HttpError> {
    let found = call.app.services.tasks.find(call.caller(), Some(call.path("id")));
    found.map_err(|error| call.error(&error))
}

fn calls(calls: &[types::ToolCall]) -> Vec<Value> {
    calls.iter().filter_map(|call| serde_json::to_value(ToolCall::from(call)).ok()).collect()
}
