//! A response as it is written: its state now, and what is true of it beside OpenAI's fields.

use std::borrow::Cow;

use openai::responses::{
    Content, ErrorObject, IncompleteDetails, Object, OutputItem, Response, Status, Usage, name_of,
};
use serde::Serialize;
use serde_json::Value;

use super::record::{Record, waits};
use super::spans::{Kind, Span, Spans};
use crate::error::HttpError;
use crate::extras::Extras;
use crate::openai::chat::not_stored_text;
use service::ErrorCode;
use service::tasks::registry::Task;
use service::tasks::reply::{Completion, Outcome, ReplyBuffer, ReplyCursor, Update};
use types::FinishReason;

/// The name of a model that is not chosen yet.
const UNKNOWN_MODEL: &str = "default";

/// A response with what OpenAI's has no field for.
#[derive(Debug, Serialize)]
pub(super) struct Shown<'a> {
    #[serde(flatten)]
    pub(super) response: Response<'a>,
    ollama_mcp: Beside<'a>,
}

/// What is true of it, as far as it is known.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Beside<'a> {
    Running {
        completion_id: &'a str,
    },
    Failed {
        completion_id: &'a str,
        code: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    Ended(Box<Extras<'a>>),
}

/// All that a response is made of at one moment.
pub(super) struct Snapshot {
    pub(super) status: Status,
    pub(super) spans: Spans,
    /// All of the reply.
    pub(super) whole: Update,
    outcome: Option<Outcome>,
    model: Option<String>,
}

impl Snapshot {
    /// The state now. It is cut as the response's stream is.
    pub(super) fn of(record: &Record, reply: &ReplyBuffer) -> Self {
        let outcome = reply.outcome();
        let (whole, entries) = record.note(reply, ReplyCursor::default(), 0);
        let mut spans = Spans::default();
        for entry in &entries {
            if let super::log::Entry::Cut(position) = entry {
                spans.advance(*position);
            }
        }
        let status = match &outcome {
            None if waits(reply, whole.phase) => Status::Queued,
            None => Status::InProgress,
            Some(outcome) => status_of(outcome),
        };
        if outcome.is_some() {
            spans.finish(status == Status::Completed);
        }
        Self { status, spans, whole, outcome, model: reply.model().map(str::to_owned) }
    }

    pub(super) fn shown<'a>(&'a self, record: &'a Record, task: &'a Task) -> Shown<'a> {
        let Some(outcome) = &self.outcome else {
            let mut shown = running(record, task, self.status, self.model.as_deref());
            shown.response.output = self.output(record);
            return shown;
        };
        let model = self.model.as_deref().unwrap_or(UNKNOWN_MODEL);
        let mut response = Response {
            status: self.status,
            output: self.output(record),
            ..blank(record, task, self.status, model.into())
        };
        let beside = match outcome {
            Ok(completion) => {
                response.completed_at = Some(task.created.saturating_add(completion.total.as_secs()));
                response.model = completion.summary.model.as_str().into();
                response.usage = Usage::new(completion.summary.usage);
                response.incomplete_details = incomplete(completion);
                Beside::Ended(Box::new(extras(record, task, completion)))
            }
            Err(error) if error.code == ErrorCode::Cancelled => Beside::Running { completion_id: &task.id },
            Err(error) => {
                let shown = worded(HttpError::from_service(error, record.has_credential));
                response.error = Some(error_object(&shown));
                let (code, hint) = (shown.code.to_string(), shown.hint.clone());
                Beside::Failed { completion_id: &task.id, code, hint }
            }
        };
        Shown { response, ollama_mcp: beside }
    }

    /// What the model has answered so far.
    pub(super) fn output(&self, record: &Record) -> Vec<OutputItem<'_>> {
        let items = self.spans.list().iter().enumerate();
        items.map(|(index, span)| item(record.suffix(), index, span, &self.whole)).collect()
    }

    pub(super) fn output_values(&self, record: &Record) -> Vec<Value> {
        self.output(record).iter().filter_map(|item| serde_json::to_value(item).ok()).collect()
    }
}

/// A response without output that has not ended.
pub(super) fn running<'a>(
    record: &'a Record,
    task: &'a Task,
    status: Status,
    model: Option<&'a str>,
) -> Shown<'a> {
    let model = Cow::from(model.unwrap_or(UNKNOWN_MODEL));
    let response = blank(record, task, status, model);
    Shown { response, ollama_mcp: Beside::Running { completion_id: &task.id } }
}

fn blank<'a>(record: &'a Record, task: &Task, status: Status, model: Cow<'a, str>) -> Response<'a> {
    Response {
        id: &record.id,
        object: Object::Response,
        created_at: task.created,
        completed_at: None,
        status,
        error: None,
        incomplete_details: None,
        model,
        output: Vec::new(),
        usage: None,
        settings: &record.settings,
    }
}

fn extras<'a>(record: &Record, task: &'a Task, completion: &'a Completion) -> Extras<'a> {
    let mut extras = Extras::of(task, completion, record.has_credential);
    extras.reword(in_words);
    if let Some(reason) = record.not_stored.get() {
        extras.warn(not_stored_text(reason));
    }
    extras
}

fn status_of(outcome: &Outcome) -> Status {
    match outcome {
        Ok(completion) if incomplete(completion).is_some() => Status::Incomplete,
        Ok(_) => Status::Completed,
        Err(error) if error.code == ErrorCode::Cancelled => Status::Cancelled,
        Err(_) => Status::Failed,
    }
}

fn incomplete(completion: &Completion) -> Option<IncompleteDetails> {
    match &completion.summary.finish_reason {
        FinishReason::Length => Some(IncompleteDetails { reason: "max_output_tokens" }),
        FinishReason::Other(reason) if reason == "content_filter" => {
            Some(IncompleteDetails { reason: "content_filter" })
        }
        _ => None,
    }
}

/// An item of the output.
pub(super) fn item<'a>(suffix: &str, index: usize, span: &Span, whole: &'a Update) -> OutputItem<'a> {
    let id = item_id(suffix, index, span.kind);
    let status = span.status;
    match span.kind {
        Kind::Reasoning => {
            let text = whole.thinking.get(span.from..span.to).unwrap_or_default();
            let content = vec![Content::reasoning(text)];
            OutputItem::Reasoning { id, summary: [], content, status }
        }
        Kind::Message => {
            let text = whole.content.get(span.from..span.to).unwrap_or_default();
            let logprobs = whole.logprobs.get(span.logprobs.0..span.logprobs.1).unwrap_or_default();
            let content = vec![Content::text(text, logprobs)];
            OutputItem::Message { id, status, role: "assistant", content }
        }
        Kind::Call => {
            let call = whole.tool_calls.get(span.from);
            let text = |text: fn(&types::ToolCall) -> &str| call.map_or("", text).into();
            OutputItem::FunctionCall {
                id,
                call_id: text(|call| &call.id),
                name: text(|call| &call.name),
                arguments: text(|call| &call.arguments),
                status,
            }
        }
    }
}

pub(super) fn item_id(suffix: &str, index: usize, kind: Kind) -> String {
    let prefix = match kind {
        Kind::Reasoning => "rs",
        Kind::Message => "msg",
        Kind::Call => "fc",
    };
    format!("{prefix}_{suffix}_{index}")
}

/// A failure with the names that this API has for a chat's fields.
pub(super) fn worded(mut error: HttpError) -> HttpError {
    if let Some(param) = error.param.take() {
        let name = name_of(&param).into_owned();
        if let Some(rest) = error.message.strip_prefix(&param) {
            error.message = format!("{name}{rest}");
        }
        error.param = Some(name);
    }
    error.message = in_words(&error.message);
    error.hint = error.hint.as_deref().map(in_words);
    error
}

/// A text with the names that this API has for a chat's fields.
fn in_words(text: &str) -> String {
    const NAMES: [&str; 4] = ["max_completion_tokens", "max_tokens", "response_format", "reasoning_effort"];
    NAMES.iter().fold(text.to_owned(), |text, name| text.replace(name, &name_of(name)))
}

/// OpenAI has one code for all failures of the server.
fn error_object(error: &HttpError) -> ErrorObject {
    let code = match error.status.as_u16() {
        400..=499 => error.code.to_string(),
        _ => "server_error".to_owned(),
    };
    ErrorObject { code, message: error.text() }
}
