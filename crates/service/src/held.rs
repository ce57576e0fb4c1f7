//! How much the calls that wait or run hold in memory together: their prompts, images and files.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::{ChatCall, ErrorCode, ServiceError};
use types::{GenerateRequest, Message, ResponseFormat};

/// The most that all of them hold, in bytes. One alone may hold more, as far as the other bounds allow.
const MAX_HELD: usize = 256 << 20;

/// The bytes that are held. Clones count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory(Arc<AtomicUsize>);

/// Bytes that are held until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    memory: Memory,
    bytes: usize,
}

impl Memory {
    /// Counts bytes in.
    ///
    /// # Errors
    /// `overloaded` where others hold so much that these would be too many.
    pub(super) fn hold(&self, bytes: usize) -> Result<Held, ServiceError> {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        let held = Held { memory: self.clone(), bytes };
        if before > 0 && before.saturating_add(bytes) > MAX_HELD {
            return Err(ServiceError::new(
                ErrorCode::Overloaded,
                format!(
                    "The calls that wait or run hold {before} bytes of prompts, images and files, and this one has {bytes} more; together they may hold {MAX_HELD}"
                ),
            )
            .with_hint("Try again when some have ended."));
        }
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// The bytes of a chat's texts and images.
pub(super) fn bytes_of_call(call: &ChatCall) -> usize {
    let messages: usize = call.messages.iter().map(bytes_of_message).sum();
    let schema = match &call.response_format {
        Some(ResponseFormat::Schema(schema)) => bytes_of_value(schema),
        _ => 0,
    };
    let tools: usize = call.tools.iter().map(bytes_of_value).sum();
    let options: usize = call.options.values().map(bytes_of_value).sum();
    let stop: usize = call.sampling.stop.iter().map(String::len).sum();
    messages + schema + tools + options + stop + call.system.as_ref().map_or(0, String::len)
}

/// The bytes of a prompt and what goes with it.
pub(super) fn bytes_of_prompt(prompt: &GenerateRequest) -> usize {
    let texts = [&prompt.suffix, &prompt.system, &prompt.template];
    let images: usize = prompt.images.iter().map(|image| image.base64.len()).sum();
    prompt.prompt.len() + images + texts.into_iter().flatten().map(String::len).sum::<usize>()
}

fn bytes_of_message(message: &Message) -> usize {
    let images: usize = message.images.iter().map(|image| image.base64.len()).sum();
    let calls: usize =
        message.tool_calls.iter().map(|call| call.id.len() + call.name.len() + call.arguments.len()).sum();
    size_of::<Message>()
        + message.content.len()
        + message.thinking.as_ref().map_or(0, String::len)
        + images
        + calls
}

/// What a value takes in memory, about.
fn bytes_of_value(value: &Value) -> usize {
    size_of::<Value>()
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(bytes_of_value).sum(),
            Value::Object(fields) => {
                fields.iter().map(|(name, field)| 64 + name.len() + bytes_of_value(field)).sum()
            }
            _ => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Role;

    #[test]
    fn held_bytes_are_bounded_and_released() {
        let memory = Memory::default();
        let alone = memory.hold(MAX_HELD + 1).unwrap();
        let refused = memory.hold(1).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Overloaded);
        drop(alone);
        let first = memory.hold(MAX_HELD - 1).unwrap();
        assert!(memory.hold(2).is_err());
        let second = memory.hold(1).unwrap();
        drop((first, second));
        assert_eq!(memory.0.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn all_texts_of_call_are_counted() {
        let text = "x".repeat(1_000);
        let call = ChatCall {
            messages: vec![Message::text(Role::User, text.clone())],
            system: Some(text.clone()),
            tools: vec![Value::from(text.clone())],
            response_format: Some(ResponseFormat::Schema(serde_json::json!({ "title": text.clone() }))),
            ..ChatCall::default()
        };
        assert!((4_000..5_000).contains(&bytes_of_call(&call)), "{}", bytes_of_call(&call));
        let prompt =
            GenerateRequest { suffix: Some(text.clone()), ..GenerateRequest::new("m".to_owned(), text) };
        assert_eq!(bytes_of_prompt(&prompt), 2_000);
    }
}
