//! A whole answer: Anthropic's message, and beside it what is true of the reply.

use anthropic::message::{ContentBlock, Message, SIGNATURE, StopReason, Usage, tool_input};
use serde::Serialize;

use super::request::AnswerForm;
use crate::extras::Extras;
use service::tasks::id::in_form;
use service::tasks::registry::Task;
use service::tasks::reply::Completion;
use types::FinishReason;

/// The form of ids in this API.
const PREFIX: &str = "msg_";

#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    #[serde(flatten)]
    message: Message<'a>,
    ollama_mcp: Extras<'a>,
}

impl<'a> Answer<'a> {
    pub(super) fn of(
        task: &'a Task,
        completion: &'a Completion,
        form: AnswerForm,
        has_credential: bool,
    ) -> Self {
        let mut content = Vec::new();
        if !completion.thinking.is_empty() {
            let thinking = if form.omits_thinking { "" } else { completion.thinking.as_str() };
            content.push(ContentBlock::Thinking { thinking: thinking.into(), signature: SIGNATURE.into() });
        }
        if !completion.content.is_empty() {
            content.push(ContentBlock::Text { text: completion.content.as_str().into() });
        }
        content.extend(completion.tool_calls.iter().map(|call| ContentBlock::ToolUse {
            id: call.id.as_str().into(),
            name: call.name.as_str().into(),
            input: tool_input(&call.arguments).0,
        }));
        let summary = &completion.summary;
        let message = Message {
            id: message_id(task).into(),
            model: summary.model.as_str().into(),
            content,
            stop_reason: Some(stop_reason(completion, form.max_tokens)),
            stop_sequence: summary.stopped_at.as_deref().map(Into::into),
            usage: Usage::from(summary.usage),
            ..Message::default()
        };
        Self { message, ollama_mcp: extras(task, completion, has_credential) }
    }

    pub(super) fn extras(&self) -> &Extras<'a> {
        &self.ollama_mcp
    }
}

/// The id of a task as this API writes it.
pub(super) fn message_id(task: &Task) -> String {
    in_form(&task.id, PREFIX)
}

/// What is true of a reply, with a warning of each tool call whose arguments cannot be given as they are.
pub(super) fn extras<'a>(task: &'a Task, completion: &'a Completion, has_credential: bool) -> Extras<'a> {
    let mut extras = Extras::of(task, completion, has_credential);
    for call in completion.tool_calls.iter().filter(|call| !tool_input(&call.arguments).1) {
        extras.warn(format!(
            "The model has called {:?} with arguments that are no JSON object; the field invalid_json of its input has them.",
            call.name
        ));
    }
    extras
}

/// Why a reply ended. One that calls tools ends with `tool_use`, whatever its server says.
pub(super) fn stop_reason(completion: &Completion, max_tokens: Option<u64>) -> StopReason {
    let summary = &completion.summary;
    let is_short = || {
        let written = summary.usage.completion_tokens;
        written.zip(max_tokens).is_some_and(|(written, most)| written < most)
    };
    match &summary.finish_reason {
        _ if !completion.tool_calls.is_empty() => StopReason::ToolUse,
        _ if summary.stopped_at.is_some() => StopReason::StopSequence,
        // The one other limit is that of the context.
        FinishReason::Length if is_short() => StopReason::ModelContextWindowExceeded,
        FinishReason::Length => StopReason::MaxTokens,
        FinishReason::Other(reason) if reason == "content_filter" => StopReason::Refusal,
        FinishReason::Stop | FinishReason::ToolCalls | FinishReason::Other(_) => StopReason::EndTurn,
    }
}
