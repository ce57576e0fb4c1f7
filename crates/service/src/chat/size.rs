//! How many bytes a call holds in memory.

use serde_json::Value;

use super::request::ChatCall;
use super::response_format::ReplyFormat;
use types::{GenerateRequest, Message, ResponseFormat};

/// The bytes of a chat's texts and images.
pub(crate) fn bytes_of_call(call: &ChatCall) -> usize {
    let messages: usize = call.messages.iter().map(bytes_of_message).sum();
    let schema = match call.response_format.as_ref().map(ReplyFormat::as_requested) {
        Some(ResponseFormat::Schema(schema)) => bytes_of_value(schema),
        _ => 0,
    };
    let tools: usize = call.tools.iter().map(bytes_of_value).sum();
    let options: usize = call.options.values().map(bytes_of_value).sum();
    let stop: usize = call.sampling.stop.iter().chain(&call.stop_texts).map(String::len).sum();
    let files = call.attachments.bytes_held();
    messages + files + schema + tools + options + stop + call.system.as_ref().map_or(0, String::len)
}

/// The bytes of a prompt and what goes with it.
pub(crate) fn bytes_of_prompt(prompt: &GenerateRequest) -> usize {
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
    fn all_texts_of_call_are_counted() {
        let text = "x".repeat(1_000);
        let call = ChatCall {
            messages: vec![Message::text(Role::User, text.clone())],
            system: Some(text.clone()),
            tools: vec![Value::from(text.clone())],
            response_format: Some(
                ReplyFormat::new(ResponseFormat::Schema(serde_json::json!({ "title": text.clone() })))
                    .unwrap(),
            ),
            ..ChatCall::default()
        };
        assert!((4_000..5_000).contains(&bytes_of_call(&call)), "{}", bytes_of_call(&call));
        let prompt =
            GenerateRequest { suffix: Some(text.clone()), ..GenerateRequest::new("m".to_owned(), text) };
        assert_eq!(bytes_of_prompt(&prompt), 2_000);
    }
}
