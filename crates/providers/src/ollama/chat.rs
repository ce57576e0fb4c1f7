//! Decodes the lines of `POST /api/chat` and `/api/generate` into the events of a reply.

use std::time::Duration;

use serde_json::value::RawValue;

use super::models::remote;
use super::ndjson::NdJson;
use super::wire::{CallLine, ChatLine};
use crate::decode::{Events, StreamDecoder};
use crate::error_body::ErrorBody;
use crate::logprobs::ContentTokens;
use crate::{ProviderError, ProviderResult};
use types::{ChatEnd, ChatEvent, FinishReason, Timings, ToolCall, Usage};

/// Decodes one reply; also the single object that answers a load or unload.
#[derive(Debug, Default)]
pub(super) struct ChatDecoder {
    lines: NdJson,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    calls_tools: bool,
    tokens: ContentTokens,
    /// The last event was emitted.
    ended: bool,
}

impl StreamDecoder for ChatDecoder {
    type Event = ChatEvent;

    fn is_last(event: &ChatEvent) -> bool {
        matches!(event, ChatEvent::Done(_))
    }

    fn push(&mut self, chunk: &[u8], events: &mut Events) {
        if !self.state.ended {
            self.lines.push(chunk, |line| self.state.take(line, events));
        }
    }

    fn finish(&mut self, events: &mut Events) {
        self.lines.finish(|line| self.state.take(line, events));
        if !std::mem::replace(&mut self.state.ended, true) {
            let reason = "the server ended the answer before it was done".to_owned();
            events.push_back(Err(ProviderError::Interrupted { reason }));
        }
    }
}

impl State {
    fn take(&mut self, line: ProviderResult<ChatLine>, events: &mut Events) {
        if self.ended {
            return;
        }
        match line {
            Ok(line) => self.line(line, events),
            Err(error) => self.fail(error, events),
        }
    }

    /// Any line may have any field: the last one may have text, one line may have several calls.
    fn line(&mut self, line: ChatLine, events: &mut Events) {
        if let Some(error) = &line.error {
            let body = ErrorBody::in_stream(error.get());
            let error = body.context_exceeded().unwrap_or(ProviderError::Failed { message: body.message });
            return self.fail(error, events);
        }
        if line.message.is_none() && line.response.is_none() && line.done.is_none() {
            let reason = "a line has neither a message, nor an error, nor an end".to_owned();
            return self.fail(ProviderError::Malformed { reason }, events);
        }
        let mut line = line;
        self.logprobs(&mut line, events);
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        events.extend(text(line.thinking.take()).map(|text| Ok(ChatEvent::Thinking(text))));
        events.extend(text(line.response.take()).map(|text| Ok(ChatEvent::Content(text))));
        if let Some(message) = line.message.take() {
            events.extend(text(message.thinking).map(|text| Ok(ChatEvent::Thinking(text))));
            events.extend(text(message.content).map(|text| Ok(ChatEvent::Content(text))));
            for call in message.tool_calls.unwrap_or_default() {
                self.calls_tools = true;
                events.push_back(Ok(ChatEvent::ToolCall(tool_call(call))));
            }
        }
        if line.done == Some(true) {
            self.ended = true;
            events.push_back(Ok(ChatEvent::Done(self.end(line))));
        }
    }

    /// Before the content that has the tokens.
    fn logprobs(&mut self, line: &mut ChatLine, events: &mut Events) {
        let Some(tokens) = line.logprobs.take() else { return };
        let message = line.message.as_ref();
        let content = line.response.as_deref().or_else(|| message?.content.as_deref());
        let thinking = line.thinking.as_deref().or_else(|| message?.thinking.as_deref());
        let calls = message.and_then(|message| message.tool_calls.as_ref());
        let is_other =
            thinking.is_some_and(|text| !text.is_empty()) || calls.is_some_and(|calls| !calls.is_empty());
        let tokens = self.tokens.take(tokens, content.unwrap_or_default(), is_other);
        if !tokens.is_empty() {
            events.push_back(Ok(ChatEvent::Logprobs(tokens)));
        }
    }

    fn end(&self, line: ChatLine) -> ChatEnd {
        let finish_reason = match line.done_reason.as_deref() {
            None | Some("" | "stop") if self.calls_tools => FinishReason::ToolCalls,
            None | Some("" | "stop") => FinishReason::Stop,
            Some("length") => FinishReason::Length,
            Some("tool_calls") => FinishReason::ToolCalls,
            Some(other) => FinishReason::Other(other.to_owned()),
        };
        let time = |nanoseconds: Option<u64>| nanoseconds.map(Duration::from_nanos);
        ChatEnd {
            finish_reason,
            usage: Usage {
                prompt_tokens: line.prompt_eval_count,
                completion_tokens: line.eval_count,
                ..Usage::default()
            },
            timings: Timings {
                total: time(line.total_duration),
                load: time(line.load_duration),
                prompt_eval: time(line.prompt_eval_duration),
                eval: time(line.eval_duration),
            },
            model: line.model.filter(|model| !model.is_empty()),
            remote: remote(line.remote_host, line.remote_model),
        }
    }

    fn fail(&mut self, error: ProviderError, events: &mut Events) {
        self.ended = true;
        events.push_back(Err(error));
    }
}

fn tool_call(call: CallLine) -> ToolCall {
    let function = call.function.unwrap_or_default();
    ToolCall {
        id: call.id.unwrap_or_default(),
        name: function.name.unwrap_or_default(),
        arguments: function.arguments.as_deref().map_or_else(|| "{}".to_owned(), arguments_text),
    }
}

/// The JSON text as the server wrote it; text inside a JSON string is used as it is.
fn arguments_text(arguments: &RawValue) -> String {
    serde_json::from_str::<String>(arguments.get()).unwrap_or_else(|_| arguments.get().to_owned())
}

#[cfg(test)]
mod tests;
