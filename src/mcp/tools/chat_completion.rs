//! `chat_completion`: one reply of a model, OpenAI's way; nothing is kept between calls.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ToolCall, ToolEntry, ToolResult, deadline_of};
use crate::mcp::answer::CompletionAnswer;
use crate::mcp::arguments::whole_number;
use crate::mcp::progress::Progress;
use crate::mcp::schema::{input_schema, output_schema};
use crate::service::messages::{ChatMessage, read_messages};
use crate::service::reply_format::read_response_format;
use crate::service::types::{Message, Role, Sampling, Think};
use crate::service::{ChatCall, ServiceError};

const DESCRIPTION: &str = "Ask a local model (Ollama) and get its reply. Use it when the user wants a local model, when text \
must stay on this machine, for bulk work, or for a second opinion. Stateless: send all the context it needs, as `prompt` or \
as OpenAI `messages`. Without `model` the loaded or newest chat model answers. Not for questions that you answer better yourself.";

/// Arguments of `chat_completion`.
#[derive(Debug, Deserialize, JsonSchema)]
struct ChatArguments {
    /// Installed model, see list_models
    model: Option<String>,
    /// OpenAI messages; give these or prompt. content: text, or parts text/image_url (data URL)
    #[serde(default)]
    #[schemars(schema_with = "messages_schema")]
    messages: Option<Vec<ChatMessage>>,
    /// Short for one user message
    prompt: Option<String>,
    /// System prompt
    system: Option<String>,
    #[serde(flatten)]
    generation: GenerationArguments,
    /// OpenAI function tools; calls come back in tool_calls
    #[serde(default)]
    #[schemars(schema_with = "tools_schema")]
    tools: Option<Vec<Value>>,
    /// false: no partial text as progress
    stream: Option<bool>,
    /// true: return at once with a completion_id for get_completion
    background: Option<bool>,
}

/// How to generate: the arguments that every generating tool has. Absent means the model's own default.
#[derive(Debug, Deserialize, JsonSchema)]
struct GenerationArguments {
    /// 0 to 2
    temperature: Option<f64>,
    /// 0 to 1
    top_p: Option<f64>,
    /// How many of the likeliest tokens are considered
    #[serde(default, deserialize_with = "whole_number")]
    top_k: Option<u64>,
    /// Most tokens of the reply
    #[serde(default, deserialize_with = "whole_number")]
    max_tokens: Option<u64>,
    /// Makes sampling repeatable
    seed: Option<i64>,
    /// Texts that end the reply
    #[serde(default)]
    #[schemars(schema_with = "stop_schema")]
    stop: Option<Stop>,
    /// -2 to 2
    presence_penalty: Option<f64>,
    /// -2 to 2
    frequency_penalty: Option<f64>,
    /// Tokens of context
    #[serde(default, deserialize_with = "whole_number")]
    num_ctx: Option<u64>,
    /// How long the model stays loaded: "10m", seconds, -1 for ever
    #[serde(default)]
    #[schemars(schema_with = "super::keep_alive_schema")]
    keep_alive: Option<Value>,
    /// More options of Ollama, such as min_p
    options: Option<Map<String, Value>>,
    /// "json", or a JSON Schema that the reply is checked against
    #[serde(default)]
    #[schemars(schema_with = "response_format_schema")]
    response_format: Option<Value>,
    /// Whether to think first: true, false, or low, medium, high
    #[serde(default)]
    #[schemars(schema_with = "think_schema")]
    think: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "it must be text or an array of texts")]
enum Stop {
    One(String),
    Many(Vec<String>),
}

pub(super) fn entry() -> ToolEntry {
    let definition = Tool::new("chat_completion", DESCRIPTION, input_schema::<ChatArguments>())
        .with_title("Ask a local model")
        .with_raw_output_schema(output_schema::<CompletionAnswer<'static>>())
        // Sampling makes each reply another one, so it is not idempotent.
        .with_annotations(super::read_only("Ask a local model", true).idempotent(false));
    ToolEntry::new(definition, |call| run(call).boxed())
}

async fn run(mut call: ToolCall<'_>) -> ToolResult {
    let deadline = deadline_of(&call);
    let arguments: ChatArguments = call.arguments()?;
    let progress = (arguments.stream != Some(false)).then(|| Progress::of(&call.context)).flatten();
    let background = arguments.background == Some(true);
    if background {
        call.server.core().allow_background()?;
    }
    let completion = call.server.core().start_chat(arguments.into_call()?)?;
    super::wait(&call, completion, progress, background, deadline).await
}

impl ChatArguments {
    fn into_call(self) -> Result<ChatCall, ServiceError> {
        let mut messages = match (self.messages, self.prompt) {
            (Some(messages), None) => read_messages("messages", messages)?,
            (None, Some(prompt)) if prompt.is_empty() => {
                return Err(ServiceError::invalid("prompt", "is empty; it must have text"));
            }
            (None, Some(prompt)) => vec![Message::text(Role::User, prompt)],
            (Some(_), Some(_)) => {
                return Err(ServiceError::invalid("prompt", "and messages are both given; give one of them"));
            }
            (None, None) => {
                return Err(ServiceError::invalid("prompt", "or messages is missing; give one of them"));
            }
        };
        if let Some(system) = self.system.filter(|system| !system.is_empty()) {
            messages.insert(0, Message::text(Role::System, system));
        }
        let mut call = self.generation.into_call()?;
        call.model = self.model;
        call.messages = messages;
        call.tools = self.tools.unwrap_or_default();
        Ok(call)
    }
}

impl GenerationArguments {
    fn into_call(self) -> Result<ChatCall, ServiceError> {
        Ok(ChatCall {
            sampling: Sampling {
                temperature: self.temperature,
                top_p: self.top_p,
                top_k: self.top_k,
                max_tokens: self.max_tokens,
                seed: self.seed,
                stop: match self.stop {
                    None => Vec::new(),
                    Some(Stop::One(stop)) => vec![stop],
                    Some(Stop::Many(stop)) => stop,
                },
                presence_penalty: self.presence_penalty,
                frequency_penalty: self.frequency_penalty,
                num_ctx: self.num_ctx,
            },
            options: self.options.unwrap_or_default(),
            response_format: self.response_format.map(read_response_format).transpose()?.flatten(),
            think: self.think.map(read_think).transpose()?,
            keep_alive: self.keep_alive,
            ..ChatCall::default()
        })
    }
}

fn read_think(think: Value) -> Result<Think, ServiceError> {
    match think {
        Value::Bool(true) => Ok(Think::On),
        Value::Bool(false) => Ok(Think::Off),
        Value::String(ref level) => match level.as_str() {
            "low" => Ok(Think::Low),
            "medium" => Ok(Think::Medium),
            "high" => Ok(Think::High),
            "true" => Ok(Think::On),
            "false" | "none" => Ok(Think::Off),
            _ => Err(wrong_think(&think)),
        },
        _ => Err(wrong_think(&think)),
    }
}

fn wrong_think(think: &Value) -> ServiceError {
    ServiceError::invalid(
        "think",
        format!("is {think}; it must be true, false, \"low\", \"medium\" or \"high\""),
    )
}

// Schemas of arguments that have more than one form: written out, since a host pays for what derives.
// One type a branch: not every host's own dialect has lists of types.

fn messages_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let role = json!({ "type": "string", "enum": ["system", "user", "assistant", "tool"] });
    let content =
        any_of([json!({ "type": "string" }), json!({ "type": "array", "items": { "type": "object" } })]);
    let message =
        json!({ "type": "object", "properties": { "role": role, "content": content }, "required": ["role"] });
    json_schema!({ "type": "array", "items": message })
}

fn tools_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    json_schema!({ "type": "array", "items": { "type": "object" } })
}

fn stop_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    any_of([json!({ "type": "string" }), json!({ "type": "array", "items": { "type": "string" } })])
}

fn response_format_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    any_of([json!({ "type": "string" }), json!({ "type": "object" })])
}

fn think_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    any_of([json!({ "type": "boolean" }), json!({ "type": "string" })])
}

fn any_of(branches: [Value; 2]) -> schemars::Schema {
    json_schema!({ "anyOf": branches })
}
