//! The events of a streamed message.

use serde::Serialize;

use crate::message::{ContentBlock, Message, StopReason, Usage};

/// An event; its name stands in the line before its data, too.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event<'a> {
    MessageStart {
        message: Message<'a>,
    },
    Ping,
    ContentBlockStart {
        index: u32,
        content_block: ContentBlock<'a>,
    },
    ContentBlockDelta {
        index: u32,
        delta: Delta<'a>,
    },
    ContentBlockStop {
        index: u32,
    },
    /// How the message ended, with counts for all of it.
    MessageDelta {
        delta: MessageDelta<'a>,
        usage: Usage,
    },
    MessageStop,
}

/// What is added to a content block.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Delta<'a> {
    TextDelta { text: &'a str },
    ThinkingDelta { thinking: &'a str },
    SignatureDelta { signature: &'a str },
    InputJsonDelta { partial_json: &'a str },
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct MessageDelta<'a> {
    pub stop_reason: StopReason,
    pub stop_sequence: Option<&'a str>,
}

impl Event<'_> {
    pub fn name(&self) -> &'static str {
        match self {
            Self::MessageStart { .. } => "message_start",
            Self::Ping => "ping",
            Self::ContentBlockStart { .. } => "content_block_start",
            Self::ContentBlockDelta { .. } => "content_block_delta",
            Self::ContentBlockStop { .. } => "content_block_stop",
            Self::MessageDelta { .. } => "message_delta",
            Self::MessageStop => "message_stop",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_are_written_as_documented() {
        let text = ContentBlock::Text { text: "".into() };
        let delta = MessageDelta { stop_reason: StopReason::EndTurn, stop_sequence: None };
        let usage = Usage { output_tokens: 15, ..Usage::default() };
        let events = [
            (Event::Ping, json!({"type": "ping"})),
            (
                Event::ContentBlockStart { index: 0, content_block: text },
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            ),
            (
                Event::ContentBlockDelta { index: 0, delta: Delta::TextDelta { text: "Hello" } },
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}}),
            ),
            (
                Event::ContentBlockDelta { index: 1, delta: Delta::InputJsonDelta { partial_json: "{}" } },
                json!({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}}),
            ),
            (Event::ContentBlockStop { index: 0 }, json!({"type": "content_block_stop", "index": 0})),
            (
                Event::MessageDelta { delta, usage },
                json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": null},
                    "usage": {"input_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 15}}),
            ),
            (Event::MessageStop, json!({"type": "message_stop"})),
        ];
        for (event, expected) in events {
            assert_eq!(expected["type"], event.name());
            assert_eq!(serde_json::to_value(event).unwrap(), expected);
        }
    }
}
