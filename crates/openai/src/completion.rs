//! `chat.completion`: a whole reply.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::logprobs::Logprobs;
use crate::messages::ToolCall;

/// The object's type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Object {
    #[default]
    #[serde(rename = "chat.completion")]
    ChatCompletion,
}

/// A whole reply. A front may add fields of its own beside it (`#[serde(flatten)]`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatCompletion<'a> {
    /// Absent where the reply has not ended.
    #[cfg_attr(feature = "schema", schemars(skip))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Cow<'a, str>>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub object: Object,
    /// Unix seconds.
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub created: u64,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub model: Cow<'a, str>,
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::choices"))]
    pub choices: Vec<Choice<'a>>,
    #[cfg_attr(feature = "schema", schemars(skip))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<Cow<'a, str>>,
    #[cfg_attr(feature = "schema", schemars(schema_with = "crate::schema::object"))]
    #[serde(default, skip_serializing_if = "Usage::is_empty")]
    pub usage: Usage,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice<'a> {
    pub index: u32,
    pub message: AssistantMessage<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<Logprobs<'a>>,
    /// Null until the end.
    pub finish_reason: Option<Cow<'a, str>>,
}

/// The role of every reply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssistantRole {
    #[default]
    Assistant,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AssistantMessage<'a> {
    pub role: AssistantRole,
    /// OpenAI writes null beside tool calls.
    pub content: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Cow<'a, str>>,
    /// What the model thought before it answered, as Ollama names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<Cow<'a, str>>,
    /// The same as vLLM, llama.cpp and DeepSeek name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_content: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall<'a>>,
}

/// The server's own counts; absent where it gave none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_tokens_details: Option<PromptTokensDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion_tokens_details: Option<CompletionTokensDetails>,
}

/// What the tokens of the prompt were; the server's own counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptTokensDetails {
    /// Those that were read from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached_tokens: Option<u64>,
}

/// What the tokens of the reply were; the server's own counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionTokensDetails {
    /// Those of the thinking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<u64>,
}

impl Usage {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl From<types::Usage> for Usage {
    fn from(usage: types::Usage) -> Self {
        let types::Usage { prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens } = usage;
        let total = |(prompt, reply): (u64, u64)| prompt.checked_add(reply);
        Self {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.zip(completion_tokens).and_then(total),
            prompt_tokens_details: cached_tokens.map(|_| PromptTokensDetails { cached_tokens }),
            completion_tokens_details: reasoning_tokens.map(|_| CompletionTokensDetails { reasoning_tokens }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture;

    #[test]
    fn recorded_completions_survive_a_round_trip() {
        for case in [
            "v1_chat_nonstream",
            "v1_chat_logprobs",
            "v1_chat_json_schema",
            "v1_think_model_nonstream",
            "v1_tools_model_call_nonstream",
        ] {
            let read: ChatCompletion<'_> = fixture::read(case);
            assert!(read.usage.total_tokens.is_some() && read.choices.len() == 1, "{case}");
            fixture::round_trip(&read);
        }
        let thinking: ChatCompletion<'_> = fixture::read("v1_think_model_nonstream");
        assert!(thinking.choices[0].message.reasoning.is_some());
    }

    /// The example of OpenAI's reference, with what this type leaves out taken away.
    #[test]
    fn documented_example_is_written_as_documented() {
        let example = json!({
            "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
            "object": "chat.completion",
            "created": 1741569952,
            "model": "gpt-4.1-2025-04-14",
            "choices": [{
                "index": 0,
                "message": {"role": "assistant", "content": "Hello! How can I assist you today?"},
                "finish_reason": "stop"
            }],
            "usage": {"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29}
        });
        let read: ChatCompletion<'_> = serde_json::from_value(example.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), example);
    }

    #[test]
    fn details_are_written_where_they_are_known() {
        let usage = types::Usage { cached_tokens: Some(7), reasoning_tokens: Some(3), ..Default::default() };
        assert_eq!(
            serde_json::to_value(Usage::from(usage)).unwrap(),
            json!({"prompt_tokens_details": {"cached_tokens": 7}, "completion_tokens_details": {"reasoning_tokens": 3}})
        );
    }

    #[test]
    fn total_is_known_where_both_counts_are() {
        let usage = |prompt_tokens, completion_tokens| {
            Usage::from(types::Usage { prompt_tokens, completion_tokens, ..Default::default() }).total_tokens
        };
        assert_eq!(usage(Some(2), Some(3)), Some(5));
        assert_eq!((usage(Some(2), None), usage(Some(u64::MAX), Some(1))), (None, None));
    }
}
