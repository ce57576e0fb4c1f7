//! A message of the assistant: a whole answer, and the start of a streamed one.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

/// What stands for the signature of thinking. Only Anthropic's servers can sign; nothing here checks it.
pub const SIGNATURE: &str = "ollama-mcp";

/// The type of the object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    #[default]
    Message,
}

/// The role of every answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AssistantRole {
    #[default]
    Assistant,
}

/// An answer. At the start of a stream it has no content, no `stop_reason`, and the usage so far.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Message<'a> {
    pub id: Cow<'a, str>,
    #[serde(rename = "type")]
    pub kind: MessageKind,
    pub role: AssistantRole,
    pub model: Cow<'a, str>,
    pub content: Vec<ContentBlock<'a>>,
    /// Null until the end.
    pub stop_reason: Option<StopReason>,
    /// The stop sequence that ended it.
    pub stop_sequence: Option<Cow<'a, str>>,
    pub usage: Usage,
}

#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentBlock<'a> {
    Text { text: Cow<'a, str> },
    Thinking { thinking: Cow<'a, str>, signature: Cow<'a, str> },
    ToolUse { id: Cow<'a, str>, name: Cow<'a, str>, input: Box<RawValue> },
}

/// Why an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    EndTurn,
    MaxTokens,
    StopSequence,
    ToolUse,
    Refusal,
    ModelContextWindowExceeded,
}

/// Counts of tokens. `input_tokens` are those that came from no cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    pub input_tokens: u64,
    pub cache_creation_input_tokens: u64,
    pub cache_read_input_tokens: u64,
    pub output_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens_details: Option<OutputTokensDetails>,
}

/// What the tokens of an answer were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OutputTokensDetails {
    pub thinking_tokens: u64,
}

/// A count that the server has not given is 0: Anthropic's object requires it.
impl From<types::Usage> for Usage {
    fn from(usage: types::Usage) -> Self {
        let cached = usage.cached_tokens.unwrap_or_default();
        Self {
            input_tokens: usage.prompt_tokens.unwrap_or_default().saturating_sub(cached),
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: cached,
            output_tokens: usage.completion_tokens.unwrap_or_default(),
            output_tokens_details: usage
                .reasoning_tokens
                .map(|thinking_tokens| OutputTokensDetails { thinking_tokens }),
        }
    }
}

/// The arguments of a tool call as `input`, which is always an object. Text that is none is kept in an object; `false` then.
pub fn tool_input(arguments: &str) -> (Box<RawValue>, bool) {
    let text = arguments.trim();
    let is_object = text.starts_with('{');
    if let Some(read) = RawValue::from_string(text.to_owned()).ok().filter(|_| is_object) {
        return (read, true);
    }
    let kept = if text.is_empty() {
        serde_json::json!({})
    } else {
        serde_json::json!({ "invalid_json": arguments })
    };
    // A value is always valid JSON.
    (serde_json::value::to_raw_value(&kept).unwrap_or_default(), text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The example of Anthropic's reference for an answer with a tool call.
    #[test]
    fn documented_example_is_written_as_documented() {
        let message = Message {
            id: "msg_01Aq9w938a90dw8q".into(),
            model: "claude-opus-4-6".into(),
            content: vec![
                ContentBlock::Text { text: "I'll check.".into() },
                ContentBlock::ToolUse {
                    id: "toolu_01A09q90qw90lq917835lq9".into(),
                    name: "get_weather".into(),
                    input: tool_input(r#"{"location": "San Francisco, CA"}"#).0,
                },
            ],
            stop_reason: Some(StopReason::ToolUse),
            usage: Usage { input_tokens: 5, output_tokens: 7, ..Usage::default() },
            ..Message::default()
        };
        assert_eq!(
            serde_json::to_value(message).unwrap(),
            json!({
                "id": "msg_01Aq9w938a90dw8q", "type": "message", "role": "assistant", "model": "claude-opus-4-6",
                "content": [
                    {"type": "text", "text": "I'll check."},
                    {"type": "tool_use", "id": "toolu_01A09q90qw90lq917835lq9", "name": "get_weather",
                        "input": {"location": "San Francisco, CA"}},
                ],
                "stop_reason": "tool_use", "stop_sequence": null,
                "usage": {"input_tokens": 5, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 7},
            })
        );
    }

    #[test]
    fn cached_tokens_are_not_counted_twice() {
        let usage = types::Usage {
            prompt_tokens: Some(10),
            completion_tokens: Some(4),
            cached_tokens: Some(7),
            reasoning_tokens: Some(3),
        };
        assert_eq!(
            serde_json::to_value(Usage::from(usage)).unwrap(),
            json!({"input_tokens": 3, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 7, "output_tokens": 4,
                "output_tokens_details": {"thinking_tokens": 3}})
        );
    }

    #[test]
    fn input_is_an_object_and_nothing_is_lost() {
        for (arguments, expected, is_valid) in [
            (r#"{"a": 1}"#, json!({"a": 1}), true),
            ("", json!({}), true),
            ("{\"a\": ", json!({"invalid_json": "{\"a\": "}), false),
            ("[1]", json!({"invalid_json": "[1]"}), false),
        ] {
            let (input, valid) = tool_input(arguments);
            assert_eq!((serde_json::to_value(input).unwrap(), valid), (expected, is_valid), "{arguments}");
        }
    }
}
