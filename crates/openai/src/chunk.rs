//! `chat.completion.chunk`: one event of a streamed reply.
//!
//! This is the strict form, as a front writes it. What servers send differs much; the provider reads it leniently.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::completion::{AssistantRole, Usage};
use crate::logprobs::Logprobs;
use crate::messages::FunctionKind;
use types::ChatEvent;

/// The object's type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Object {
    #[default]
    #[serde(rename = "chat.completion.chunk")]
    ChatCompletionChunk,
}

/// One event of a streamed reply; `id`, `created` and `model` are the same in all of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatCompletionChunk<'a> {
    pub id: Cow<'a, str>,
    pub object: Object,
    /// Unix seconds.
    pub created: u64,
    pub model: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<Cow<'a, str>>,
    /// Empty in the chunk that has the usage.
    pub choices: Vec<ChunkChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChunkChoice<'a> {
    pub index: u32,
    pub delta: Delta<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Logprobs<'a>>,
    /// Null in every chunk but the last of its choice.
    pub finish_reason: Option<Cow<'a, str>>,
}

/// What an event adds to a message. Empty in the chunk with the finish reason.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Delta<'a> {
    /// In the first chunk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<AssistantRole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Cow<'a, str>>,
    /// Ollama's name of the thinking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Cow<'a, str>>,
    /// The name of the thinking that vLLM, llama.cpp and DeepSeek use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCallDelta<'a>>,
}

/// A part of a tool call; the parts of one call have the same index.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCallDelta<'a> {
    pub index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<FunctionKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<FunctionDelta<'a>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionDelta<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<Cow<'a, str>>,
}

impl<'a> Delta<'a> {
    /// The delta of an event; empty for the end, and for log probabilities, which stand beside it. `calls` counts the tool calls so far, which are numbered by it.
    pub fn of_event(event: &'a ChatEvent, calls: &mut u32) -> Self {
        match event {
            ChatEvent::Content(text) => Self { content: Some(text.into()), ..Self::default() },
            ChatEvent::Thinking(text) => Self { reasoning_content: Some(text.into()), ..Self::default() },
            ChatEvent::ToolCall(call) => {
                let function = FunctionDelta {
                    name: Some(call.name.as_str().into()),
                    arguments: Some(call.arguments.as_str().into()),
                };
                let call = ToolCallDelta {
                    index: *calls,
                    id: Some(call.id.as_str().into()),
                    kind: Some(FunctionKind::Function),
                    function: Some(function),
                };
                *calls = calls.saturating_add(1);
                Self { tool_calls: vec![call], ..Self::default() }
            }
            ChatEvent::Logprobs(_) | ChatEvent::Done(_) => Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use types::ToolCall;

    use super::*;
    use crate::fixture;

    #[test]
    fn recorded_chunks_survive_a_round_trip() {
        for case in [
            "v1_chat_stream_include_usage",
            "v1_tools_model_call_stream",
            "v1_think_model_stream",
            "v1_chat_stream",
        ] {
            let body = fixture::body(case);
            let events = body.lines().filter_map(|line| line.strip_prefix("data: "));
            let chunks: Vec<ChatCompletionChunk<'_>> = events
                .filter(|data| *data != "[DONE]")
                .map(|data| {
                    serde_json::from_str(data).unwrap_or_else(|error| panic!("{case}: {error}: {data}"))
                })
                .collect();
            assert!(chunks.len() > 1, "{case}");
            chunks.iter().for_each(fixture::round_trip);
            let has_finish = |chunk: &&ChatCompletionChunk<'_>| {
                chunk.choices.iter().any(|choice| choice.finish_reason.is_some())
            };
            assert_eq!(chunks.iter().filter(has_finish).count(), 1, "{case}");
        }
    }

    #[test]
    fn events_become_deltas() {
        let mut calls = 0;
        let mut delta = |event| serde_json::to_value(Delta::of_event(&event, &mut calls)).unwrap();
        assert_eq!(delta(ChatEvent::Content("a".into())), json!({"content": "a"}));
        assert_eq!(delta(ChatEvent::Thinking("t".into())), json!({"reasoning_content": "t"}));
        let call = |id: &str| {
            ChatEvent::ToolCall(ToolCall { id: id.into(), name: "f".into(), arguments: "{}".into() })
        };
        delta(call("a"));
        assert_eq!(
            delta(call("b")),
            json!({"tool_calls": [{"index": 1, "id": "b", "type": "function", "function": {"name": "f", "arguments": "{}"}}]})
        );
    }

    #[test]
    fn finish_reason_is_null_until_the_end() {
        let choices = vec![ChunkChoice::default()];
        let chunk = ChatCompletionChunk { id: "x".into(), model: "m".into(), choices, ..Default::default() };
        assert_eq!(
            serde_json::to_value(chunk).unwrap(),
            json!({"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m",
                "choices": [{"index": 0, "delta": {}, "finish_reason": null}]})
        );
    }
}
