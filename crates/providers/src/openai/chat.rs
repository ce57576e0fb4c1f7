//! Decodes the events of `POST /chat/completions` into the events of a reply.

use std::time::Duration;

use super::sse::Sse;
use super::tool_calls::ToolCallAssembler;
use super::wire::{Chunk, Delta, LogprobsAnswer};
use crate::ProviderError;
use crate::decode::{Events, StreamDecoder};
use crate::error_body::{ErrorBody, excerpt};
use crate::lines::{LineTooLong, MAX_LINE};
use crate::logprobs::{ContentTokens, TokenAnswer};
use types::{ChatEnd, ChatEvent, FinishReason, Timings, Usage};

#[derive(Debug, Default)]
pub(super) struct ChatDecoder {
    sse: Sse,
    any_bytes: bool,
    state: State,
}

#[derive(Debug, Default)]
struct State {
    calls: ToolCallAssembler,
    calls_tools: bool,
    tokens: ContentTokens,
    finish_reason: Option<String>,
    usage: Usage,
    timings: Timings,
    model: Option<String>,
    /// An event has arrived.
    any: bool,
    /// The body has ended.
    at_end: bool,
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
            self.any_bytes |= !chunk.is_empty();
            let pushed = self.sse.push(chunk, |data| self.state.data(data, events));
            self.state.check(pushed, events);
        }
    }

    fn finish(&mut self, events: &mut Events) {
        if !self.state.ended {
            self.state.at_end = true;
            let finished = self.sse.finish(|data| self.state.data(data, events));
            self.state.check(finished, events);
            if self.any_bytes && !self.state.any {
                let reason = "there is no event in it".to_owned();
                self.state.fail(ProviderError::Malformed { reason }, events);
            }
            // Some servers leave `[DONE]` out; a finish reason is an end too.
            let reason = "the server ended the answer without a finish_reason".to_owned();
            self.state.end_or(ProviderError::Interrupted { reason }, events);
        }
    }

    /// Once the finish reason is known, only counts can be lost.
    fn cut(&mut self, error: ProviderError, events: &mut Events) {
        self.state.end_or(error, events);
    }
}

impl State {
    fn data(&mut self, data: &[u8], events: &mut Events) {
        self.any = true;
        if self.ended || data.is_empty() {
            return;
        }
        if data.trim_ascii() == b"[DONE]" {
            return self.end(events);
        }
        match serde_json::from_slice::<Chunk>(data) {
            Ok(chunk) => self.chunk(chunk, events),
            Err(error) if self.at_end && error.is_eof() => {
                let reason = "the server ended the answer in the middle of an event".to_owned();
                self.end_or(ProviderError::Interrupted { reason }, events);
            }
            Err(error) => {
                let head = String::from_utf8_lossy(data.get(..400).unwrap_or(data)).into_owned();
                let reason =
                    format!("an event is not the JSON of a reply ({error}): {}", excerpt(&head, 100));
                self.fail(ProviderError::Malformed { reason }, events);
            }
        }
    }

    fn chunk(&mut self, chunk: Chunk, events: &mut Events) {
        if let Some(error) = &chunk.error {
            let body = ErrorBody::in_stream(error.get());
            let error = body.context_exceeded().unwrap_or(ProviderError::Failed { message: body.message });
            return self.fail(error, events);
        }
        if let (None, Some(message)) = (&chunk.choices, &chunk.message) {
            return self.fail(ProviderError::Failed { message: excerpt(message, 2_000) }, events);
        }
        if let Some(model) = chunk.model.filter(|model| !model.is_empty()) {
            self.model = Some(model);
        }
        if let Some(usage) = chunk.usage {
            self.usage = Usage {
                prompt_tokens: usage.prompt_tokens,
                completion_tokens: usage.completion_tokens,
                cached_tokens: usage.prompt_tokens_details.and_then(|details| details.cached_tokens),
                reasoning_tokens: usage
                    .completion_tokens_details
                    .and_then(|details| details.reasoning_tokens),
            };
        }
        if let Some(timings) = chunk.timings {
            self.timings.prompt_eval = milliseconds(timings.prompt_ms);
            self.timings.eval = milliseconds(timings.predicted_ms);
        }
        for choice in chunk.choices.unwrap_or_default() {
            // Only an option can cause a second choice; a reply has one text.
            if choice.index.unwrap_or(0) != 0 {
                continue;
            }
            let tokens = choice.logprobs.and_then(LogprobsAnswer::into_tokens);
            let mut delta = choice.delta.unwrap_or_default();
            delta.content = delta.content.or(choice.text);
            self.delta(delta, tokens, events);
            if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
                self.finish_reason = Some(reason);
                self.last_call(events);
            }
        }
    }

    fn delta(&mut self, delta: Delta, tokens: Option<Vec<TokenAnswer>>, events: &mut Events) {
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        // A server that sends both names sends the same text in both.
        let thinking = text(delta.reasoning_content).or(text(delta.reasoning));
        if let Some(tokens) = tokens {
            let content = delta.content.as_deref().unwrap_or_default();
            let is_other =
                thinking.is_some() || delta.tool_calls.as_ref().is_some_and(|calls| !calls.is_empty());
            let tokens = self.tokens.take(tokens, content, is_other);
            events.extend((!tokens.is_empty()).then_some(Ok(ChatEvent::Logprobs(tokens))));
        }
        events.extend(thinking.map(|text| Ok(ChatEvent::Thinking(text))));
        events.extend(text(delta.content).map(|text| Ok(ChatEvent::Content(text))));
        for call in delta.tool_calls.unwrap_or_default() {
            self.calls_tools = true;
            events.extend(self.calls.take(call).map(|call| Ok(ChatEvent::ToolCall(call))));
        }
        if self.calls.size() > MAX_LINE {
            let reason = format!("a tool call is longer than {MAX_LINE} bytes");
            self.fail(ProviderError::Interrupted { reason }, events);
        }
    }

    fn last_call(&mut self, events: &mut Events) {
        events.extend(self.calls.finish().map(|call| Ok(ChatEvent::ToolCall(call))));
    }

    fn end_or(&mut self, error: ProviderError, events: &mut Events) {
        if self.finish_reason.is_some() {
            self.end(events);
        } else {
            self.fail(error, events);
        }
    }

    fn end(&mut self, events: &mut Events) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        self.last_call(events);
        let finish_reason = match self.finish_reason.take().as_deref() {
            None | Some("stop") if self.calls_tools => FinishReason::ToolCalls,
            None | Some("stop") => FinishReason::Stop,
            Some("length") => FinishReason::Length,
            Some("tool_calls" | "function_call") => FinishReason::ToolCalls,
            Some(other) => FinishReason::Other(other.to_owned()),
        };
        let end = ChatEnd {
            finish_reason,
            usage: self.usage,
            timings: self.timings,
            model: self.model.take(),
            remote: None,
        };
        events.push_back(Ok(ChatEvent::Done(end)));
    }

    fn fail(&mut self, error: ProviderError, events: &mut Events) {
        if !std::mem::replace(&mut self.ended, true) {
            events.push_back(Err(error));
        }
    }

    fn check(&mut self, result: Result<(), LineTooLong>, events: &mut Events) {
        if let Err(LineTooLong { limit }) = result {
            let reason = format!("an event is longer than {limit} bytes");
            self.fail(ProviderError::Malformed { reason }, events);
        }
    }
}

fn milliseconds(time: Option<f64>) -> Option<Duration> {
    Duration::try_from_secs_f64(time? / 1000.0).ok()
}

#[cfg(test)]
mod tests;
