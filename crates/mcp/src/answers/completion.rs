//! A completion as tools answer it: OpenAI's `chat.completion` object, with what a local model adds.

use openai::completion::{AssistantMessage, ChatCompletion, Choice};
use openai::logprobs::Logprobs;
use rmcp::model::{CallToolResult, ContentBlock};
use schemars::JsonSchema;
use serde::Serialize;

use super::content_and_data;
use crate::arguments::schema;
use crate::hint::Wording;
use service::Partial;
use service::chat::timings::{TimingsReport, millis};
use service::tasks::registry::Task;
use service::tasks::reply::Sent;
use service::tasks::reply::{Completion, Outcome, Phase, ReplyBuffer};
use service::{ErrorCode, ServiceError};
use text::format::pulling;
use text::sanitize;
use types::ToolCall;

/// OpenAI's `chat.completion`, and beside it `status`, `location`, `warnings` and `timings`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CompletionAnswer<'a> {
    #[serde(flatten)]
    completion: ChatCompletion<'a>,
    /// completed, in_progress or cancelled
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_step: Option<String>,
    /// Of a turn of a stored conversation
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_id: Option<&'a str>,
    /// Where the model ran: local, or the host
    #[serde(skip_serializing_if = "str::is_empty")]
    location: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_reason: Option<&'static str>,
    /// The files that the model was given
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "schema::objects")]
    attachments: Vec<SentAnswer<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
    /// Milliseconds
    #[schemars(schema_with = "schema::object")]
    timings: TimingsReport,
}

/// A file that the model was given.
#[derive(Debug, Serialize)]
pub(crate) struct SentAnswer<'a> {
    name: &'a str,
    kind: &'static str,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pages: Option<usize>,
}

/// Files as answers tell them.
pub(crate) fn sent(files: &[Sent]) -> Vec<SentAnswer<'_>> {
    files
        .iter()
        .map(|file| SentAnswer { name: &file.name, kind: file.kind, bytes: file.bytes, pages: file.pages })
        .collect()
}

/// The answer for a reply that has ended, or with `None` one that goes on.
///
/// # Errors
/// The completion's own failure. One that was cancelled is an answer: its text is what is asked for.
pub(crate) fn of_reply(
    completion: &Task,
    reply: &ReplyBuffer,
    outcome: Option<Outcome>,
    wording: &Wording,
) -> Result<CallToolResult, ServiceError> {
    if outcome.is_some() {
        completion.mark_seen();
    }
    match outcome {
        Some(Ok(ended)) => completed(completion, reply, &ended, wording),
        Some(Err(error)) if error.code == ErrorCode::Cancelled => {
            let partial = error.partial.as_deref().cloned().unwrap_or_default();
            let text = match partial.content.as_str() {
                "" => "The completion was cancelled before any text was generated.".to_owned(),
                content => format!("The completion was cancelled. Text so far:\n{content}"),
            };
            unfinished(completion, reply, "cancelled", &partial, text)
        }
        Some(Err(error)) => Err(error),
        None => {
            let partial = reply.partial();
            let so_far = match partial.content.as_str() {
                "" => match reply.phase() {
                    Phase::Pulling { done, total } => {
                        let pulling = pulling(reply.model().unwrap_or_default(), done, total);
                        format!("The model is not installed yet: {pulling}.")
                    }
                    _ => "No text has been generated yet.".to_owned(),
                },
                content => format!("So far:\n{content}"),
            };
            let text = format!("This is still in progress. {} {so_far}", next_step(&completion.id));
            unfinished(completion, reply, "in_progress", &partial, text)
        }
    }
}

/// What tells a host's model how to go on.
pub(crate) fn next_step(id: &str) -> String {
    format!("Call get_completion {{\"completion_id\":\"{id}\"}} to wait for the rest.")
}

fn unfinished(
    completion: &Task,
    reply: &ReplyBuffer,
    status: &'static str,
    partial: &Partial,
    text: String,
) -> Result<CallToolResult, ServiceError> {
    let answer = CompletionAnswer {
        completion: ChatCompletion {
            created: completion.created,
            model: reply.model().unwrap_or_default().into(),
            choices: vec![choice(&partial.content, &partial.thinking, &[], None)],
            ..ChatCompletion::default()
        },
        status,
        completion_id: Some(&completion.id),
        next_step: (status == "in_progress").then(|| next_step(&completion.id)),
        conversation_id: reply.conversation(),
        location: reply.location().unwrap_or_default(),
        model_reason: None,
        attachments: Vec::new(),
        warnings: &[],
        timings: TimingsReport { total_ms: millis(completion.elapsed()), ..TimingsReport::default() },
    };
    let mut content = vec![ContentBlock::text(text)];
    content.extend(in_conversation(reply));
    content_and_data(content, &answer)
}

/// The conversation's id, for hosts that show only text: the next turn needs it.
fn in_conversation(reply: &ReplyBuffer) -> Option<ContentBlock> {
    reply.conversation().map(|id| ContentBlock::text(format!("conversation_id: {id}")))
}

fn completed(
    task: &Task,
    reply: &ReplyBuffer,
    completion: &Completion,
    wording: &Wording,
) -> Result<CallToolResult, ServiceError> {
    let summary = &completion.summary;
    let warnings = wording.warnings(&summary.warnings);
    let finish_reason = Some(summary.finish_reason.as_str());
    let answer = CompletionAnswer {
        completion: ChatCompletion {
            id: Some(task.id.as_str().into()),
            created: task.created,
            model: summary.model.as_str().into(),
            choices: vec![Choice {
                logprobs: Logprobs::new(&completion.logprobs),
                ..choice(&completion.content, &completion.thinking, &completion.tool_calls, finish_reason)
            }],
            usage: summary.usage.into(),
            ..ChatCompletion::default()
        },
        status: "completed",
        completion_id: None,
        next_step: None,
        conversation_id: reply.conversation(),
        location: summary.location.describe(),
        model_reason: summary.model_reason,
        attachments: sent(&summary.attachments),
        warnings: &warnings,
        timings: completion.into(),
    };
    let mut content = vec![ContentBlock::text(text_of(completion))];
    content.extend(in_conversation(reply));
    content.extend(
        warnings.iter().map(|warning| ContentBlock::text(format!("Warning: {}", sanitize::line(warning)))),
    );
    content_and_data(content, &answer)
}

/// A completion's answer, in brief, for the schemas of tools that answer as `chat_completion` does.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct BriefAnswer {
    /// completed, in_progress or cancelled
    status: String,
    completion_id: String,
    /// As chat_completion answers
    #[schemars(schema_with = "schema::objects")]
    choices: (),
    #[schemars(schema_with = "schema::object")]
    usage: (),
}

/// The same, for a turn of a conversation.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct TurnAnswer {
    /// As chat_completion answers
    #[schemars(schema_with = "schema::objects")]
    choices: (),
    conversation_id: String,
    /// completed, in_progress or cancelled
    status: String,
    completion_id: String,
    warnings: Vec<String>,
}

/// What a host that shows only text shows.
fn text_of(completion: &Completion) -> String {
    if !completion.content.is_empty() {
        return completion.content.clone();
    }
    if !completion.tool_calls.is_empty() {
        let calls: Vec<_> = completion.tool_calls.iter().map(openai::messages::ToolCall::from).collect();
        return serde_json::to_string(&calls).unwrap_or_default();
    }
    if completion.thinking.is_empty() {
        "(The model returned an empty answer.)".to_owned()
    } else {
        format!("(The model returned no answer, only its reasoning:)\n{}", completion.thinking)
    }
}

fn choice<'a>(
    content: &'a str,
    thinking: &'a str,
    tool_calls: &'a [ToolCall],
    finish_reason: Option<&'a str>,
) -> Choice<'a> {
    let message = AssistantMessage {
        content: Some(content.into()),
        reasoning: Some(thinking.into()).filter(|_| !thinking.is_empty()),
        tool_calls: tool_calls.iter().map(openai::messages::ToolCall::from).collect(),
        ..AssistantMessage::default()
    };
    Choice { message, finish_reason: finish_reason.map(Into::into), ..Choice::default() }
}
