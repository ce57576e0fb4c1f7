//! Converts requests into Ollama's bodies.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::wire::{
    CallBody, CallFunctionBody, ChatBody, CreateBody, EmbedBody, Format, GenerateBody, MessageBody, ThinkBody,
};
use crate::{ProviderError, ProviderResult};
use types::{
    ChatRequest, CreateRequest, EmbedRequest, GenerateRequest, Message, ResponseFormat, Sampling, Think,
    ToolCall,
};

/// Replaces a model's own system prompt with none in `/api/generate`, where an empty text counts as absent
/// (`server/routes.go`: `req.System != ""`). In `/api/chat` an empty system message does it.
const NO_SYSTEM: &str = " ";

/// The body of `POST /api/chat`; it borrows the texts, which can be large.
///
/// # Errors
/// [`ProviderError::InvalidRequest`] where a tool call's arguments are no JSON object.
pub(super) fn chat_body(request: &ChatRequest) -> ProviderResult<ChatBody<'_>> {
    Ok(ChatBody {
        model: &request.model,
        messages: messages(&request.messages)?,
        stream: true,
        options: options(&request.options, &request.sampling),
        format: request.response_format.as_ref().map(format_body),
        think: request.think.map(think_body),
        tools: &request.tools,
        logprobs: request.logprobs.map(|_| true),
        top_logprobs: request.logprobs.filter(|top| *top > 0),
        keep_alive: request.keep_alive.as_ref(),
        truncate: request.truncate,
    })
}

/// The body of `POST /api/generate`. An empty prompt would load the model and answer nothing; the service refuses it.
pub(super) fn generate_body(request: &GenerateRequest) -> GenerateBody<'_> {
    GenerateBody {
        model: &request.model,
        prompt: &request.prompt,
        suffix: request.suffix.as_deref(),
        system: request.system.as_deref().map(|system| if system.is_empty() { NO_SYSTEM } else { system }),
        template: request.template.as_deref(),
        raw: request.raw,
        images: request.images.iter().map(|image| image.base64.as_str()).collect(),
        stream: true,
        options: options(&request.options, &request.sampling),
        format: request.response_format.as_ref().map(format_body),
        think: request.think.map(think_body),
        logprobs: request.logprobs.map(|_| true),
        top_logprobs: request.logprobs.filter(|top| *top > 0),
        keep_alive: request.keep_alive.as_ref(),
        truncate: request.truncate,
    }
}

/// The body of `POST /api/embed`.
pub(super) fn embed_body(request: &EmbedRequest) -> EmbedBody<'_> {
    EmbedBody {
        model: &request.model,
        input: &request.input,
        truncate: request.truncate,
        dimensions: request.dimensions,
        options: request.options.clone(),
        keep_alive: request.keep_alive.as_ref(),
    }
}

/// The body of `POST /api/create`.
///
/// # Errors
/// As [`chat_body`].
pub(super) fn create_body(request: &CreateRequest) -> ProviderResult<CreateBody<'_>> {
    Ok(CreateBody {
        model: &request.model,
        from: request.from.as_deref(),
        files: &request.files,
        template: request.template.as_deref(),
        system: request.system.as_deref(),
        license: request.license.as_deref(),
        parameters: &request.parameters,
        messages: messages(&request.messages)?,
        quantize: request.quantize.as_deref(),
        stream: true,
    })
}

fn format_body(format: &ResponseFormat) -> Format<'_> {
    match format {
        ResponseFormat::Json => Format::Name("json"),
        ResponseFormat::Schema(schema) => Format::Schema(schema),
    }
}

fn think_body(think: Think) -> ThinkBody {
    match think {
        Think::Off => ThinkBody::Switch(false),
        Think::On => ThinkBody::Switch(true),
        Think::Low => ThinkBody::Level("low"),
        Think::Medium => ThinkBody::Level("medium"),
        Think::High => ThinkBody::Level("high"),
        Think::Max => ThinkBody::Level("max"),
    }
}

fn messages(messages: &[Message]) -> ProviderResult<Vec<MessageBody<'_>>> {
    messages.iter().enumerate().map(|(index, message)| message_body(index, message)).collect()
}

/// The caller's options; sampling wins over them.
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
    // Arguments of a function without parameters are often empty text.
    let text = if call.arguments.trim().is_empty() { "{}" } else { call.arguments.as_str() };
    let arguments = serde_json::from_str::<&RawValue>(text).ok().filter(|raw| raw.get().starts_with('{'))?;
    Some(CallBody { id: &call.id, function: CallFunctionBody { index, name: &call.name, arguments } })
}

#[cfg(test)]
mod tests;
