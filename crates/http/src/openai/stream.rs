//! The chunks of a streamed answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use openai::chunk::{ChatCompletionChunk, ChunkChoice, Delta, FunctionDelta, ToolCallDelta};
use openai::completion::AssistantRole;
use openai::logprobs::Logprobs;
use openai::messages::FunctionKind;
use serde::Serialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use super::answer::{finish_reason, usage_of};
use super::chat::not_stored;
use super::recording::Recording;
use crate::error::HttpError;
use crate::extras::Extras;
use crate::follow::{Follower, shutting_down};
use crate::mount::Response;
use crate::sse::{self, QueueEvent};
use crate::state::App;
use service::chat::timings::millis;
use service::tasks::reply::{Completion, Phase, ReplyCursor, Update};
use types::{ToolCall, Usage};

/// How a stream is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct StreamOptions {
    pub(super) include_usage: bool,
    /// Events tell the place in the queue.
    pub(super) shows_queue: bool,
    /// Events have ids, by which a caller goes on later. Parsers written by hand may not know such lines.
    pub(super) has_event_ids: bool,
    /// Where the caller goes on.
    pub(super) after: ReplyCursor,
}

/// The model and the usage of a choice that has ended; `None` where it failed.
type Ended = Option<(String, Usage)>;

/// A chunk with what OpenAI's has no field for.
#[derive(Serialize)]
struct Chunk<'a> {
    #[serde(flatten)]
    chunk: ChatCompletionChunk<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ollama_mcp: Option<Extras<'a>>,
}

/// A chunk without text, after the last one of the answer.
#[derive(Serialize)]
struct Warned<'a> {
    #[serde(flatten)]
    chunk: ChatCompletionChunk<'a>,
    ollama_mcp: serde_json::Value,
}

/// The response that streams these completions.
pub(super) fn response(
    app: Arc<App>,
    followed: Vec<Follower>,
    options: StreamOptions,
    recording: Option<Recording>,
) -> Response {
    let Some(first) = followed.first() else {
        return HttpError::internal().into_response(crate::error::Dialect::OpenAi);
    };
    let id = first.task().id.clone();
    let created = first.task().created;
    let has_credential = first.has_credential();
    let usages = Arc::new(Mutex::new(Vec::new()));
    let choices = followed.into_iter().zip(0..).map(|(one, index)| {
        let choice = ChoiceStream {
            changes: one.changes(),
            one,
            app: Arc::clone(&app),
            index,
            id: id.clone(),
            created,
            cursor: options.after,
            begun: false,
            place: None,
            options,
            usages: Arc::clone(&usages),
        };
        Box::pin(stream::unfold(Some(choice), |choice| async { choice?.next().await }))
    });
    let mut choices: Vec<_> = choices.collect();
    let end = async move {
        let failure = match recording {
            Some(recording) => recording.failure().await,
            None => None,
        };
        let warning = failure.map(|error| not_stored(&HttpError::from_service(&error, has_credential)));
        let usages = platform::sync::lock(&usages);
        // A choice that failed has none: the stream ends with its error.
        let is_whole = usages.iter().all(Option::is_some);
        if is_whole { end_of(&id, created, &usages, options.include_usage, warning) } else { Vec::new() }
    };
    let end = stream::once(end).filter(|end| {
        let has_text = !end.is_empty();
        async move { has_text }
    });
    match choices.pop() {
        Some(only) if choices.is_empty() => sse::response(only.chain(end)),
        last => sse::response(stream::select_all(choices.into_iter().chain(last)).chain(end)),
    }
}

/// A warning, the usage where it was asked for, and the end.
fn end_of(id: &str, created: u64, usages: &[Ended], include_usage: bool, warning: Option<String>) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(warning) = warning {
        let chunk = ChatCompletionChunk { id: id.into(), created, ..ChatCompletionChunk::default() };
        sse::write_event(&mut out, None, &Warned { chunk, ollama_mcp: json!({ "warnings": [warning] }) });
    }
    if include_usage {
        let model = usages.iter().flatten().next().map_or("", |(model, _)| model);
        let usage = usage_of(usages.iter().flatten().map(|(_, usage)| *usage));
        let chunk = ChatCompletionChunk {
            id: id.into(),
            created,
            model: model.into(),
            usage: Some(usage),
            ..ChatCompletionChunk::default()
        };
        sse::write_event(&mut out, None, &chunk);
    }
    out.extend_from_slice(sse::DONE);
    out
}

/// The chunks of one choice.
struct ChoiceStream {
    one: Follower,
    changes: watch::Receiver<u64>,
    app: Arc<App>,
    index: u32,
    /// The id of the whole answer: that of the first choice.
    id: String,
    created: u64,
    cursor: ReplyCursor,
    /// The chunk with the role was sent.
    begun: bool,
    /// The place in the queue that was sent last.
    place: Option<usize>,
    options: StreamOptions,
    /// What each choice that has ended took, with the model; `None` for one that failed.
    usages: Arc<Mutex<Vec<Ended>>>,
}

impl ChoiceStream {
    /// The next bytes, and what comes after them; `None` after the end.
    async fn next(mut self) -> Option<(Vec<u8>, Option<Self>)> {
        loop {
            match self.wait().await {
                Waited::Changed => {}
                Waited::Silent => return Some((sse::COMMENT.to_vec(), Some(self))),
                Waited::Shutdown => return Some((self.failed(&shutting_down()), None)),
            }
            let mut out = Vec::new();
            // Before the update, so that no text comes after the end.
            let outcome = self.one.outcome();
            let update = self.one.reply().update(&mut self.cursor);
            self.write_place(&mut out, &update);
            self.write_update(&mut out, &update);
            match outcome {
                Some(Ok(completion)) => {
                    self.write_end(&mut out, &completion);
                    return Some((out, None));
                }
                Some(Err(error)) => {
                    let error = self.one.failure(error);
                    out.append(&mut self.failed(&error));
                    return Some((out, None));
                }
                None if out.is_empty() => {}
                None => return Some((out, Some(self))),
            }
        }
    }

    async fn wait(&mut self) -> Waited {
        let silence = self.app.options.comment_after.unwrap_or(Duration::MAX);
        tokio::select! {
            biased;
            changed = timeout(silence, self.changes.changed()) => match changed {
                Ok(_) => Waited::Changed,
                Err(_) => Waited::Silent,
            },
            () = self.app.shutdown.cancelled() => Waited::Shutdown,
        }
    }

    fn write_place(&mut self, out: &mut Vec<u8>, update: &Update) {
        if !self.options.shows_queue {
            return;
        }
        let place = match update.phase {
            Phase::Queued(ahead) => Some(ahead),
            _ => None,
        };
        if let Some(ahead) = place.filter(|_| place != self.place) {
            let estimate_ms = update.queue_estimate.map(millis);
            let completion_id = Some(self.one.task().id.as_str());
            sse::write_queue(out, &QueueEvent { ahead, estimate_ms, completion_id });
        }
        self.place = place;
    }

    fn write_update(&mut self, out: &mut Vec<u8>, update: &Update) {
        let Update { thinking, content, tool_calls, logprobs, .. } = update;
        if thinking.is_empty() && content.is_empty() && tool_calls.is_empty() && logprobs.is_empty() {
            return;
        }
        self.write_role(out);
        let mut deltas = Vec::new();
        if !thinking.is_empty() {
            let delta = Delta { reasoning_content: Some(thinking.as_str().into()), ..Delta::default() };
            deltas.push((delta, None));
        }
        if !content.is_empty() || !logprobs.is_empty() {
            let delta = Delta { content: Some(content.as_str().into()), ..Delta::default() };
            deltas.push((delta, Logprobs::new(logprobs)));
        }
        let first = self.cursor.tool_calls().saturating_sub(tool_calls.len());
        let numbers = (0..).skip(first);
        deltas.extend(tool_calls.iter().zip(numbers).map(|(call, number)| (tool_call(call, number), None)));
        let last = deltas.pop();
        for (delta, logprobs) in deltas {
            self.write(out, delta, logprobs, None);
        }
        if let Some((last, logprobs)) = last {
            // One that is lost is sent again: the id of an update stands on its last event.
            let id = self.options.has_event_ids.then(|| self.cursor.to_string());
            self.write(out, last, logprobs, id.as_deref());
        }
    }

    fn write_role(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let delta =
            Delta { role: Some(AssistantRole::Assistant), content: Some("".into()), ..Delta::default() };
        self.write(out, delta, None, None);
    }

    fn write(&self, out: &mut Vec<u8>, delta: Delta<'_>, logprobs: Option<Logprobs<'_>>, id: Option<&str>) {
        let choice = ChunkChoice { index: self.index, delta, logprobs, ..ChunkChoice::default() };
        let model = self.one.reply().model().unwrap_or_default();
        sse::write_event(out, id, &self.chunk(choice, model, None));
    }

    fn write_end(&mut self, out: &mut Vec<u8>, completion: &Completion) {
        self.write_role(out);
        let choice = ChunkChoice {
            index: self.index,
            finish_reason: Some(finish_reason(completion).into()),
            ..ChunkChoice::default()
        };
        let model = completion.summary.model.as_str();
        let extras = Extras::of(self.one.task(), completion, self.one.has_credential());
        sse::write_event(out, None, &self.chunk(choice, model, Some(extras)));
        let usage = (model.to_owned(), completion.summary.usage);
        platform::sync::lock(&self.usages).push(Some(usage));
    }

    fn chunk<'a>(&'a self, choice: ChunkChoice<'a>, model: &'a str, extras: Option<Extras<'a>>) -> Chunk<'a> {
        let chunk = ChatCompletionChunk {
            id: self.id.as_str().into(),
            created: self.created,
            model: model.into(),
            choices: vec![choice],
            ..ChatCompletionChunk::default()
        };
        Chunk { chunk, ollama_mcp: extras }
    }

    /// An error in mid-stream.
    fn failed(&self, error: &HttpError) -> Vec<u8> {
        platform::sync::lock(&self.usages).push(None);
        let mut out = Vec::new();
        sse::write_event(&mut out, None, &error.object());
        out
    }
}

fn tool_call(call: &ToolCall, index: u32) -> Delta<'_> {
    let function = FunctionDelta {
        name: Some(call.name.as_str().into()),
        arguments: Some(call.arguments.as_str().into()),
    };
    let call = ToolCallDelta {
        index,
        id: Some(call.id.as_str().into()),
        kind: Some(FunctionKind::Function),
        function: Some(function),
    };
    Delta { tool_calls: vec![call], ..Delta::default() }
}

enum Waited {
    /// There may be something new.
    Changed,
    Silent,
    Shutdown,
}
