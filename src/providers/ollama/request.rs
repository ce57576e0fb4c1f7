//! Converts a chat request into Ollama's words.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::wire::{CallBody, CallFunctionBody, ChatBody, Format, MessageBody, ThinkBody};
use crate::providers::types::{ChatRequest, Message, ResponseFormat, Sampling, Think, ToolCall};
use crate::providers::{ProviderError, ProviderResult};

/// The body of `POST /api/chat`; it borrows the texts, which can be large.
///
/// # Errors
/// [`ProviderError::InvalidRequest`] where a tool call's arguments are no JSON object.
pub(super) fn chat_body(request: &ChatRequest) -> ProviderResult<ChatBody<'_>> {
    let messages = request.messages.iter().enumerate().map(|(index, message)| message_body(index, message));
    Ok(ChatBody {
        model: &request.model,
        messages: messages.collect::<ProviderResult<_>>()?,
        stream: true,
        options: options(&request.options, &request.sampling),
        format: request.response_format.as_ref().map(|format| match format {
            ResponseFormat::Json => Format::Name("json"),
            ResponseFormat::Schema(schema) => Format::Schema(schema),
        }),
        think: request.think.map(|think| match think {
            Think::Off => ThinkBody::Switch(false),
            Think::On => ThinkBody::Switch(true),
            Think::Low => ThinkBody::Level("low"),
            Think::Medium => ThinkBody::Level("medium"),
            Think::High => ThinkBody::Level("high"),
        }),
        tools: &request.tools,
        keep_alive: request.keep_alive.as_ref(),
    })
}

/// The options as sent: the caller's own, and over them what is sampled by.
fn options(own: &Map<String, Value>, sampling: &Sampling) -> Map<String, Value> {
    let mut options = own.clone();
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            options.insert(name.to_owned(), value);
        }
    };
    set("temperature", sampling.temperature.map(Value::from));
    set("top_p", sampling.top_p.map(Value::from));
    set("top_k", sampling.top_k.map(Value::from));
    set("num_predict", sampling.max_tokens.map(Value::from));
    set("seed", sampling.seed.map(Value::from));
    set("stop", (!sampling.stop.is_empty()).then(|| Value::from(sampling.stop.clone())));
    set("presence_penalty", sampling.presence_penalty.map(Value::from));
    set("frequency_penalty", sampling.frequency_penalty.map(Value::from));
    set("num_ctx", sampling.num_ctx.map(Value::from));
    options
}

fn message_body(index: usize, message: &Message) -> ProviderResult<MessageBody<'_>> {
    let calls = message.tool_calls.iter().enumerate().map(|(call_index, call)| {
        call_body(call_index, call).ok_or_else(|| ProviderError::InvalidRequest {
            argument: format!("messages[{index}].tool_calls[{call_index}].function.arguments"),
            reason: "must be the text of a JSON object, such as {\"city\":\"Paris\"}".to_owned(),
        })
    });
    Ok(MessageBody {
        role: message.role.as_str(),
        content: &message.content,
        thinking: message.thinking.as_deref(),
        images: message.images.iter().map(|image| image.base64.as_str()).collect(),
        tool_calls: calls.collect::<ProviderResult<_>>()?,
        tool_name: message.tool_name.as_deref(),
        tool_call_id: message.tool_call_id.as_deref(),
    })
}

fn call_body(index: usize, call: &ToolCall) -> Option<CallBody<'_>> {
    // A function without parameters is often called with no text at all.
    let text = if call.arguments.trim().is_empty() { "{}" } else { call.arguments.as_str() };
    let arguments = serde_json::from_str::<&RawValue>(text).ok().filter(|raw| raw.get().starts_with('{'))?;
    Some(CallBody { id: &call.id, function: CallFunctionBody { index, name: &call.name, arguments } })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::providers::types::{Image, Role};

    fn sent(request: &ChatRequest) -> Value {
        serde_json::from_slice(&serde_json::to_vec(&chat_body(request).unwrap()).unwrap()).unwrap()
    }

    #[test]
    fn what_is_absent_is_not_sent() {
        let request = ChatRequest::new("m", vec![Message::text(Role::User, "hi")]);
        assert_eq!(
            sent(&request),
            json!({"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": true})
        );
    }

    #[test]
    fn sampling_goes_by_ollamas_names_and_wins_over_options() {
        let mut request = ChatRequest::new("m", vec![]);
        request.options = json!({"temperature": 9, "mirostat": 2}).as_object().unwrap().clone();
        request.sampling = Sampling {
            temperature: Some(0.7),
            top_p: Some(1.0),
            top_k: Some(40),
            max_tokens: Some(5),
            seed: Some(-1),
            stop: vec!["END".to_owned()],
            presence_penalty: Some(-0.5),
            frequency_penalty: Some(0.5),
            num_ctx: Some(8192),
        };
        assert_eq!(
            sent(&request)["options"],
            json!({"temperature": 0.7, "mirostat": 2, "top_p": 1.0, "top_k": 40, "num_predict": 5, "seed": -1,
                "stop": ["END"], "presence_penalty": -0.5, "frequency_penalty": 0.5, "num_ctx": 8192})
        );
    }

    #[test]
    fn format_think_tools_and_keep_alive() {
        let mut request = ChatRequest::new("m", vec![]);
        request.tools = vec![json!({"type": "function"})];
        request.keep_alive = Some(json!("10m"));
        for (think, expected) in
            [(Think::Off, json!(false)), (Think::On, json!(true)), (Think::High, json!("high"))]
        {
            request.think = Some(think);
            assert_eq!(sent(&request)["think"], expected);
        }
        request.response_format = Some(ResponseFormat::Json);
        assert_eq!(sent(&request)["format"], "json");
        request.response_format = Some(ResponseFormat::Schema(json!({"type": "object"})));
        let body = sent(&request);
        assert_eq!(body["format"], json!({"type": "object"}));
        assert_eq!((&body["tools"], &body["keep_alive"]), (&json!([{"type": "function"}]), &json!("10m")));
    }

    #[test]
    fn images_and_tool_messages() {
        let mut assistant = Message::text(Role::Assistant, "");
        assistant.thinking = Some("hm".to_owned());
        let call = |id: &str, arguments: &str| ToolCall {
            id: id.into(),
            name: "f".into(),
            arguments: arguments.into(),
        };
        assistant.tool_calls = vec![call("c1", r#" {"b":1,"a":1.0}"#), call("", "")];
        let mut tool = Message::text(Role::Tool, "42");
        (tool.tool_call_id, tool.tool_name) = (Some("c1".to_owned()), Some("f".to_owned()));
        let mut user = Message::text(Role::User, "look");
        user.images = vec![Image { base64: "QUJD".to_owned(), media_type: Some("image/png".to_owned()) }];
        assert_eq!(
            sent(&ChatRequest::new("m", vec![user, assistant.clone(), tool]))["messages"],
            json!([
                {"role": "user", "content": "look", "images": ["QUJD"]},
                {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": [
                    {"id": "c1", "function": {"index": 0, "name": "f", "arguments": {"b": 1, "a": 1.0}}},
                    {"function": {"index": 1, "name": "f", "arguments": {}}}]},
                {"role": "tool", "content": "42", "tool_call_id": "c1", "tool_name": "f"},
            ])
        );
        for bad in ["{", "[1]", "\"{}\"", "null"] {
            assistant.tool_calls = vec![call("", "{}"), call("", bad)];
            let request = ChatRequest::new("m", vec![Message::text(Role::User, ""), assistant.clone()]);
            let Err(ProviderError::InvalidRequest { argument, .. }) = chat_body(&request) else {
                panic!("{bad}")
            };
            assert_eq!(argument, "messages[1].tool_calls[1].function.arguments");
        }
    }
}
