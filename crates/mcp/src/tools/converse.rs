//! `converse`: a turn of a conversation that is stored.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::completion::TurnAnswer;
use crate::arguments::generation::GenerationArguments;
use crate::arguments::schema::{self, output_schema};
use crate::call::ATTACHMENTS;
use service::conversations::{NEW, TurnCall};
use settings::Toolset;

const DESCRIPTION: &str = "Continue a stored conversation with a local model, which remembers earlier turns. Conversations \
stay on this machine's disk, shared by all its hosts, until deleted. Other arguments as in chat_completion.";

const ADVICE: &str =
    "converse continues a conversation that is stored on this machine and shared by its hosts.";

#[derive(Debug, Deserialize, JsonSchema)]
struct ConverseArguments {
    /// An existing or a new id, or "new" to have one made
    conversation_id: String,
    prompt: String,
    /// Absent: the conversation's last one
    model: Option<String>,
    /// Replaces the conversation's system prompt
    system: Option<String>,
    #[serde(default)]
    #[schemars(schema_with = "schema::texts")]
    attachments: Option<Vec<String>>,
    #[serde(default)]
    #[schemars(schema_with = "schema::objects")]
    tools: Option<Vec<Value>>,
    stream: Option<bool>,
    background: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("converse", definition, |call| run(call).boxed())
        .in_order()
        .counted()
        .naming_files(&[ATTACHMENTS])
        .in_toolset(Toolset::Conversations)
        .changing()
        .advised(5, ADVICE)
}

fn definition(name: &'static str) -> Tool {
    let schema = GenerationArguments::schema_beside::<ConverseArguments>();
    let annotations = read_only("Converse with a local model", true).read_only(false).idempotent(false);
    Tool::new(name, DESCRIPTION, schema)
        .with_raw_output_schema(output_schema::<TurnAnswer>())
        .with_annotations(annotations)
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let generation: GenerationArguments = call.part(GenerationArguments::names())?;
    let arguments: ConverseArguments = call.arguments()?;
    let waiting = call.waiting(arguments.stream, arguments.background)?;
    let mut chat = generation.into_call()?;
    chat.model = arguments.model;
    chat.system = arguments.system;
    chat.attachments = call.attachments(arguments.attachments).await?;
    chat.tools = arguments.tools.unwrap_or_default();
    let id = Some(arguments.conversation_id).filter(|id| id != NEW);
    let turn = TurnCall { conversation_id: id, prompt: arguments.prompt, chat, ..TurnCall::default() };
    let completion = call.server.services().conversations.start_turn(call.caller(), turn)?;
    call.wait(completion, waiting).await
}
