//! `compare_models`: one question to several models, side by side.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::batch::ComparisonAnswer;
use crate::arguments::generation::GenerationArguments;
use crate::arguments::schema::{self, output_schema};
use crate::call::ATTACHMENTS;
use service::ServiceError;
use settings::Toolset;
use types::{Message, Role};

const DESCRIPTION: &str = "Send one prompt to 2 to 8 local models: answers side by side, with tokens per second and time to first \
token. Use it to choose a model.";

const ADVICE: &str = "compare_models puts one prompt to several models.";

#[derive(Debug, Deserialize, JsonSchema)]
struct CompareArguments {
    models: Vec<String>,
    prompt: String,
    system: Option<String>,
    #[serde(default)]
    #[schemars(schema_with = "schema::texts")]
    attachments: Option<Vec<String>>,
    /// true: at once; else one by one, for fair times
    together: Option<bool>,
    background: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("compare_models", definition, |call| run(call).boxed())
        .in_order()
        .counted()
        .naming_files(&[ATTACHMENTS])
        .pulling()
        .in_toolset(Toolset::Compare)
        .advised(4, ADVICE)
}

fn definition(name: &'static str) -> Tool {
    let schema = GenerationArguments::schema_beside::<CompareArguments>();
    Tool::new(name, DESCRIPTION, schema)
        .with_raw_output_schema(output_schema::<ComparisonAnswer<'static>>())
        .with_annotations(read_only("Compare models", true).idempotent(false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let generation: GenerationArguments = call.part(GenerationArguments::names())?;
    let arguments: CompareArguments = call.arguments()?;
    if arguments.prompt.is_empty() {
        return Err(ServiceError::invalid("prompt", "is empty; it must have text"));
    }
    let waiting = call.waiting(None, arguments.background)?;
    let mut chat = generation.into_call()?;
    chat.system = arguments.system;
    chat.messages.push(Message::text(Role::User, arguments.prompt));
    chat.attachments = call.attachments(arguments.attachments).await?;
    let job = call.server.services().batches.start_comparison(
        call.caller(),
        &chat,
        &arguments.models,
        arguments.together == Some(true),
    )?;
    call.wait(job, waiting).await
}
