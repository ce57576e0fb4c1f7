//! `chat_completion`: one reply of a model, OpenAI's way; nothing is kept between calls.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;
use serde_json::{Value, json};

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::completion::CompletionAnswer;
use crate::arguments::generation::GenerationArguments;
use crate::arguments::schema::{self, input_schema_with, output_schema};
use crate::call::ATTACHMENTS;
use openai::messages::{ChatMessage, read_messages};
use service::ServiceError;
use service::chat::request::ChatCall;
use types::{Message, Role};

const DESCRIPTION: &str = "Send a question or a task to a local model (Ollama). Use it when the user wants a local model, when text must stay on this \
machine, for bulk work, or for a second opinion. Stateless: send all the context it needs. Without `model` the loaded or newest \
chat model answers. Not for questions that you answer better yourself.";

const ADVICE: &str = "chat_completion asks a local model; it keeps nothing between calls, so give it all it needs. Leave `model` out for \
the default one.";

#[derive(Debug, Deserialize, JsonSchema)]
struct ChatArguments {
    /// See list_models
    model: Option<String>,
    /// OpenAI messages (these or prompt); content: text, or parts text/image_url (data URL)
    #[serde(default)]
    #[schemars(schema_with = "messages_schema")]
    messages: Option<Vec<ChatMessage>>,
    /// Short for one user message
    prompt: Option<String>,
    /// System prompt; "" for none
    system: Option<String>,
    /// Files that the model reads; you never see them
    #[serde(default)]
    #[schemars(schema_with = "schema::texts")]
    attachments: Option<Vec<String>>,
    /// OpenAI function tools
    #[serde(default)]
    #[schemars(schema_with = "schema::objects")]
    tools: Option<Vec<Value>>,
    /// false: no progress
    stream: Option<bool>,
    /// true: return at once; get_completion waits
    background: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("chat_completion", definition, |call| run(call).boxed())
        .in_order()
        .counted()
        .pulling()
        .naming_files(&[ATTACHMENTS])
        .advised(1, ADVICE)
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema_with::<ChatArguments, GenerationArguments>())
        .with_raw_output_schema(output_schema::<CompletionAnswer<'static>>())
        // Not idempotent: sampling makes each reply different.
        .with_annotations(read_only("Ask a local model", true).idempotent(false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let generation: GenerationArguments = call.part(GenerationArguments::names_of_chat())?;
    let mut arguments: ChatArguments = call.arguments()?;
    let waiting = call.waiting(arguments.stream, arguments.background)?;
    let attachments = call.attachments(arguments.attachments.take()).await?;
    let chat = ChatCall { attachments, ..arguments.into_call(generation)? };
    let completion = call.server.services().chat.start_chat(call.caller(), chat)?;
    call.wait(completion, waiting).await
}

impl ChatArguments {
    fn into_call(self, generation: GenerationArguments) -> Result<ChatCall, ServiceError> {
        let messages = match (self.messages, self.prompt) {
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
        let mut call = generation.into_call()?;
        call.model = self.model;
        call.messages = messages;
        call.system = self.system;
        call.tools = self.tools.unwrap_or_default();
        Ok(call)
    }
}

fn messages_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let role = json!({ "type": "string", "enum": ["system", "user", "assistant", "tool"] });
    let content = schema::any_of([json_schema!({ "type": "string" }), schema::objects(generator)]);
    let message =
        json!({ "type": "object", "properties": { "role": role, "content": content }, "required": ["role"] });
    json_schema!({ "type": "array", "items": message })
}
