//! A reply of the core in Ollama's own chunks: JSON lines, the last one with the counts.

use std::time::Duration;

use axum::http::HeaderValue;
use chrono::{SecondsFormat, Utc};
use futures_util::stream;
use serde::Serialize;
use serde_json::Value;

use crate::error::HttpError;
use crate::follow::{Follower, Step, shutting_down};
use crate::hint;
use crate::mount::Response;
use crate::sse::{self, QueueEvent};
use service::chat::timings::millis;
use service::tasks::reply::{Completion, Phase, Update};
use types::{FinishReason, ToolCall};

/// The route whose lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `/api/chat`
    Chat,
    /// `/api/generate`
    Prompt,
}

/// A line of Ollama's; its fields in Ollama's order.
#[derive(Default, Serialize)]
pub(crate) struct Line<'a> {
    model: &'a str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'a>>,
    /// The text of a prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a str>,
    /// The thinking of a prompt.
    #[serde(skip_serializing_if = "str::is_empty")]
    thinking: &'a str,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    done_reason: Option<&'a str>,
    /// Nanoseconds, as all durations.
    #[serde(skip_serializing_if = "Option::is_none")]
    total_duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load_duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_eval_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_eval_duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eval_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eval_duration: Option<u64>,
    /// Not Ollama's: the place in the queue, for clients that asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<QueueEvent<'a>>,
    /// Not Ollama's: what was done that the request did not ask for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Default, Serialize)]
struct Message<'a> {
    role: Role,
    content: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    thinking: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    #[default]
    Assistant,
}

#[derive(Debug, Serialize)]
struct Call<'a> {
    id: &'a str,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    index: usize,
    name: &'a str,
    arguments: Value,
}

impl<'a> Line<'a> {
    fn of(form: Form, message: Message<'a>) -> Self {
        match form {
            Form::Chat => Self { message: Some(message), ..Self::default() },
            Form::Prompt => {
                Self { response: Some(message.content), thinking: message.thinking, ..Self::default() }
            }
        }
    }
}

/// The response of a stream.
pub(crate) fn response(follower: Follower, form: Form, shows_queue: bool) -> Response {
    let lines = stream::unfold((Some(follower), 0), move |(follower, mut calls)| async move {
        let mut follower = follower?;
        loop {
            let last = match follower.next().await {
                Step::Silent => continue,
                Step::Update(update) => {
                    let model = follower.reply().model().unwrap_or_default();
                    let mut lines = lines_of(model, form, &update, &mut calls);
                    if let Some(queue) = queue_event(&follower, &update).filter(|_| shows_queue) {
                        let created_at = now();
                        lines.extend(line(&Line {
                            model,
                            created_at,
                            queue: Some(queue),
                            ..Line::of(form, Message::default())
                        }));
                    }
                    if lines.is_empty() {
                        continue;
                    }
                    return Some((lines, (Some(follower), calls)));
                }
                Step::Ended(Ok(completion)) => line(&end(&completion, form, follower.has_credential())),
                Step::Ended(Err(error)) => error_line(&follower.failure(error)),
                Step::ShuttingDown => error_line(&shutting_down()),
            };
            return Some((last, (None, calls)));
        }
    });
    sse::streamed(HeaderValue::from_static("application/x-ndjson"), lines)
}

/// The place in the queue, where the completion waits there.
fn queue_event<'a>(follower: &'a Follower, update: &Update) -> Option<QueueEvent<'a>> {
    let Phase::Queued(ahead) = update.phase else { return None };
    let estimate_ms = update.queue_estimate.map(millis);
    Some(QueueEvent { ahead, estimate_ms, completion_id: Some(&follower.task().id) })
}

/// The one object of a reply that is not streamed.
pub(crate) fn whole(completion: &Completion, form: Form, has_credential: bool) -> Line<'_> {
    let message = Message {
        content: &completion.content,
        thinking: &completion.thinking,
        tool_calls: calls(&completion.tool_calls, 0),
        ..Message::default()
    };
    let Line { message, response, thinking, .. } = Line::of(form, message);
    Line { message, response, thinking, ..end(completion, form, has_credential) }
}

/// The lines of what is new: thinking, text and calls each have one, as in Ollama. `calls` counts the calls so far.
fn lines_of(model: &str, form: Form, update: &Update, calls_so_far: &mut usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut write = |message| {
        let created_at = now();
        out.extend(line(&Line { model, created_at, ..Line::of(form, message) }));
    };
    if !update.thinking.is_empty() {
        write(Message { thinking: &update.thinking, ..Message::default() });
    }
    if !update.content.is_empty() {
        write(Message { content: &update.content, ..Message::default() });
    }
    if !update.tool_calls.is_empty() {
        write(Message { tool_calls: calls(&update.tool_calls, *calls_so_far), ..Message::default() });
        *calls_so_far += update.tool_calls.len();
    }
    out
}

/// The last line.
fn end(completion: &Completion, form: Form, has_credential: bool) -> Line<'_> {
    let summary = &completion.summary;
    let timings = &summary.timings;
    let nanoseconds = |time: Option<Duration>| time.and_then(|time| u64::try_from(time.as_nanos()).ok());
    Line {
        model: &summary.model,
        created_at: now(),
        done: true,
        done_reason: Some(match &summary.finish_reason {
            // Ollama has no reason of its own for tool calls.
            FinishReason::ToolCalls => "stop",
            reason => reason.as_str(),
        }),
        total_duration: nanoseconds(timings.total.or(Some(completion.total))),
        load_duration: nanoseconds(timings.load),
        prompt_eval_count: summary.usage.prompt_tokens,
        prompt_eval_duration: nanoseconds(timings.prompt_eval),
        eval_count: summary.usage.completion_tokens,
        eval_duration: nanoseconds(timings.eval),
        warnings: summary.warnings.iter().map(|warning| hint::warning(warning, has_credential)).collect(),
        ..Line::of(form, Message::default())
    }
}

fn calls(calls: &[ToolCall], first: usize) -> Vec<Call<'_>> {
    let numbered = calls.iter().zip(first..);
    numbered
        .map(|(call, index)| {
            // A server may have written something else than JSON; nothing that was generated is lost.
            let arguments = serde_json::from_str(&call.arguments)
                .unwrap_or_else(|_| Value::String(call.arguments.clone()));
            Call { id: &call.id, function: Function { index, name: &call.name, arguments } }
        })
        .collect()
}

fn error_line(error: &HttpError) -> Vec<u8> {
    line(&serde_json::json!({ "error": error.text() }))
}

fn line(value: &impl Serialize) -> Vec<u8> {
    // Strings and numbers: this cannot fail.
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(lines: &[u8]) -> Vec<Value> {
        let text = std::str::from_utf8(lines).unwrap();
        assert!(text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn thinking_text_and_calls_are_lines_of_their_own() {
        let call =
            |name: &str| ToolCall { id: "c".into(), name: name.into(), arguments: "{\n\"x\": 1}".into() };
        let update = Update {
            phase: Phase::Answering,
            thinking: "hm".into(),
            content: "a\nb".into(),
            tool_calls: vec![call("f"), call("g")],
            logprobs: Vec::new(),
            chunks: 1,
            queue_estimate: None,
        };
        let mut so_far = 1;
        let lines = lines_of("m", Form::Chat, &update, &mut so_far);
        let mut lines = parsed(&lines);
        for line in &mut lines {
            assert!(line.as_object_mut().unwrap().shift_remove("created_at").is_some());
        }
        let text: Vec<_> = lines.iter().map(Value::to_string).collect();
        assert_eq!(
            text,
            [
                r#"{"model":"m","message":{"role":"assistant","content":"","thinking":"hm"},"done":false}"#,
                r#"{"model":"m","message":{"role":"assistant","content":"a\nb"},"done":false}"#,
                r#"{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"id":"c","function":{"index":1,"name":"f","arguments":{"x":1}}},{"id":"c","function":{"index":2,"name":"g","arguments":{"x":1}}}]},"done":false}"#,
            ]
        );
        assert_eq!(so_far, 3);
        let update = Update { tool_calls: Vec::new(), ..update };
        let lines = parsed(&lines_of("m", Form::Prompt, &update, &mut so_far));
        let mut text = lines.iter().map(|line| (line["thinking"].clone(), line["response"].clone()));
        assert_eq!(text.next().unwrap(), ("hm".into(), "".into()));
        assert_eq!(text.next().unwrap(), (Value::Null, "a\nb".into()));
    }
}
