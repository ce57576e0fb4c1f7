//! Converts a chat request into OpenAI's words.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::wire::{CallBody, CallFunctionBody, ChatBody, Content, DataUrl, ImageUrl, MessageBody, Part};
use crate::{ProviderError, ProviderResult};
use types::{ChatRequest, Image, Message, ResponseFormat, Think};

/// Fields that carry the request itself; an option of that name would break it.
const OWN_FIELDS: [&str; 5] = ["model", "messages", "tools", "stream", "stream_options"];

/// The body of `POST /chat/completions`. `options` become top-level fields, as vLLM and llama.cpp
/// take their own; `num_ctx`, `keep_alive` and earlier thinking have no place in this API.
///
/// # Errors
/// [`ProviderError::InvalidRequest`] for an option that would replace a part of the request.
pub(super) fn chat_body(request: &ChatRequest) -> ProviderResult<ChatBody<'_>> {
    Ok(ChatBody {
        model: &request.model,
        messages: request.messages.iter().map(message_body).collect(),
        tools: &request.tools,
        fields: fields(request)?,
    })
}

fn fields(request: &ChatRequest) -> ProviderResult<Map<String, Value>> {
    if let Some(name) = request.options.keys().find(|name| OWN_FIELDS.contains(&name.as_str())) {
        return Err(ProviderError::InvalidRequest {
            argument: format!("options.{name}"),
            reason: "is a field of the request itself; leave it out of options".to_owned(),
        });
    }
    let mut fields = request.options.clone();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value);
        }
    };
    let sampling = &request.sampling;
    set("temperature", sampling.temperature.map(Value::from));
    set("top_p", sampling.top_p.map(Value::from));
    set("top_k", sampling.top_k.map(Value::from));
    set("max_tokens", sampling.max_tokens.map(Value::from));
    set("seed", sampling.seed.map(Value::from));
    set("stop", (!sampling.stop.is_empty()).then(|| Value::from(sampling.stop.clone())));
    set("presence_penalty", sampling.presence_penalty.map(Value::from));
    set("frequency_penalty", sampling.frequency_penalty.map(Value::from));
    set("response_format", request.response_format.as_ref().map(response_format));
    set("reasoning_effort", request.think.and_then(reasoning_effort).map(Value::from));
    set("stream", Some(Value::from(true)));
    set("stream_options", Some(json!({"include_usage": true})));
    Ok(fields)
}

fn response_format(format: &ResponseFormat) -> Value {
    match format {
        ResponseFormat::Json => json!({"type": "json_object"}),
        ResponseFormat::Schema(schema) => {
            json!({"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": true}})
        }
    }
}

fn reasoning_effort(think: Think) -> Option<&'static str> {
    match think {
        Think::Off => Some("none"),
        Think::On => None,
        Think::Low => Some("low"),
        Think::Medium => Some("medium"),
        // The most that OpenAI's API has a word for.
        Think::High | Think::Max => Some("high"),
    }
}

fn message_body(message: &Message) -> MessageBody<'_> {
    let content = if message.images.is_empty() {
        Content::Text(&message.content)
    } else {
        let text = (!message.content.is_empty()).then_some(Part::Text { text: &message.content });
        let image = |image| Part::ImageUrl { image_url: ImageUrl { url: data_url(image) } };
        Content::Parts(text.into_iter().chain(message.images.iter().map(image)).collect())
    };
    let calls = message.tool_calls.iter().map(|call| CallBody {
        id: &call.id,
        kind: "function",
        function: CallFunctionBody { name: &call.name, arguments: &call.arguments },
    });
    MessageBody {
        role: message.role.as_str(),
        content,
        tool_calls: calls.collect(),
        tool_call_id: message.tool_call_id.as_deref(),
    }
}

fn data_url(image: &Image) -> DataUrl<'_> {
    let media_type = image.media_type.as_deref().unwrap_or_else(|| sniffed(&image.base64));
    DataUrl { media_type, base64: &image.base64 }
}

/// The media type by the first bytes. What is not known is called PNG: the decoders of servers
/// look at the bytes too, but refuse a type that is no image's.
fn sniffed(base64: &str) -> &'static str {
    // 16 characters are the first 12 bytes, which hold every mark below.
    let head = base64.get(..16).and_then(|head| STANDARD.decode(head).ok()).unwrap_or_default();
    let riff_kind = head.get(8..12);
    match head.as_slice() {
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [b'R', b'I', b'F', b'F', ..] if riff_kind == Some(b"WEBP") => "image/webp",
        [b'B', b'M', ..] => "image/bmp",
        _ => "image/png",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::{Role, Sampling, ToolCall};

    fn sent(request: &ChatRequest) -> Value {
        serde_json::from_slice(&serde_json::to_vec(&chat_body(request).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn absent_fields_are_not_sent() {
        let mut request = ChatRequest::new("m", vec![Message::text(Role::User, "hi")]);
        (request.keep_alive, request.sampling.num_ctx) = (Some(json!(5)), Some(8192));
        assert_eq!(
            sent(&request),
            json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
                "stream": true, "stream_options": {"include_usage": true}})
        );
    }

    #[test]
    fn options_are_top_level_fields_and_sampling_overrides_them() {
        let mut request = ChatRequest::new("m", vec![]);
        request.options = json!({"temperature": 9, "min_p": 0.1}).as_object().unwrap().clone();
        request.sampling = Sampling {
            temperature: Some(0.5),
            top_p: Some(0.9),
            top_k: Some(3),
            max_tokens: Some(5),
            seed: Some(1),
            stop: vec!["E".to_owned()],
            presence_penalty: Some(0.25),
            frequency_penalty: Some(-1.0),
            num_ctx: None,
        };
        request.tools = vec![json!({"type": "function"})];
        request.think = Some(Think::Off);
        request.response_format = Some(ResponseFormat::Schema(json!({"type": "object"})));
        assert_eq!(
            sent(&request),
            json!({"model": "m", "messages": [], "tools": [{"type": "function"}], "temperature": 0.5, "min_p": 0.1,
                "top_p": 0.9, "top_k": 3, "max_tokens": 5, "seed": 1, "stop": ["E"], "presence_penalty": 0.25,
                "frequency_penalty": -1.0, "reasoning_effort": "none",
                "response_format": {"type": "json_schema",
                    "json_schema": {"name": "reply", "schema": {"type": "object"}, "strict": true}},
                "stream": true, "stream_options": {"include_usage": true}})
        );
        request.response_format = Some(ResponseFormat::Json);
        assert_eq!(sent(&request)["response_format"], json!({"type": "json_object"}));
        for (think, effort) in [
            (Think::On, Value::Null),
            (Think::Low, json!("low")),
            (Think::High, json!("high")),
            (Think::Max, json!("high")),
        ] {
            request.think = Some(think);
            assert_eq!(sent(&request)["reasoning_effort"], effort);
        }
        request.options.insert("stream".to_owned(), json!(false));
        let Err(ProviderError::InvalidRequest { argument, .. }) = chat_body(&request) else {
            panic!("accepted")
        };
        assert_eq!(argument, "options.stream");
    }

    #[test]
    fn images_and_tool_messages_are_sent() {
        let mut user = Message::text(Role::User, "look");
        let image = |base64: &str, media_type: Option<&str>| Image {
            base64: base64.to_owned(),
            media_type: media_type.map(str::to_owned),
        };
        user.images = vec![image("QUJD", Some("image/tiff")), image("/9j/4AAQSkZJRgABAQ==", None)];
        let mut assistant = Message::text(Role::Assistant, "");
        let call = ToolCall { id: "c1".into(), name: "f".into(), arguments: "{\"a\":1}".into() };
        assistant.tool_calls = vec![call];
        let mut tool = Message::text(Role::Tool, "42");
        (tool.tool_call_id, tool.tool_name) = (Some("c1".to_owned()), Some("f".to_owned()));
        assert_eq!(
            sent(&ChatRequest::new("m", vec![user, assistant, tool]))["messages"],
            json!([
                {"role": "user", "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "data:image/tiff;base64,QUJD"}},
                    {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQ=="}}]},
                {"role": "assistant", "content": "", "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
                {"role": "tool", "content": "42", "tool_call_id": "c1"},
            ])
        );
    }

    #[test]
    fn media_type_is_detected_from_first_bytes() {
        for (bytes, media_type) in [
            (&b"\x89PNG\r\n\x1a\n0000"[..], "image/png"),
            (b"GIF89a000000", "image/gif"),
            (b"RIFF0000WEBPVP8 ", "image/webp"),
            (b"RIFF0000WAVEfmt ", "image/png"),
            (b"BM0000000000", "image/bmp"),
            (b"", "image/png"),
        ] {
            assert_eq!(sniffed(&STANDARD.encode(bytes)), media_type);
        }
    }
}
