//! `batch_completion`: one instruction over many texts, the bulk work that costs too much elsewhere.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::batch::BatchAnswer;
use crate::arguments::generation::GenerationArguments;
use crate::arguments::schema::{self, output_schema};
use settings::Toolset;

const DESCRIPTION: &str = "Apply one instruction to up to 200 texts with a local model (classify, extract, translate, summarize): bulk work \
at no cost. Results in order, failures alongside successes.";

const ADVICE: &str = "batch_completion applies one instruction to many texts.";

/// The argument for files of this machine.
const FILES: &str = "files";

#[derive(Debug, Deserialize, JsonSchema)]
struct BatchArguments {
    instruction: String,
    #[serde(default)]
    #[schemars(schema_with = "schema::texts")]
    inputs: Option<Vec<String>>,
    /// Paths, each file one more input
    #[serde(default)]
    #[schemars(schema_with = "schema::texts")]
    files: Option<Vec<String>>,
    model: Option<String>,
    system: Option<String>,
    background: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("batch_completion", definition, |call| run(call).boxed())
        .in_order()
        .counted()
        .naming_files(&[FILES])
        .pulling()
        .in_toolset(Toolset::Generate)
        .advised(3, ADVICE)
}

fn definition(name: &'static str) -> Tool {
    let schema = GenerationArguments::schema_beside::<BatchArguments>();
    Tool::new(name, DESCRIPTION, schema)
        .with_raw_output_schema(output_schema::<BatchAnswer<'static>>())
        .with_annotations(read_only("Work through many texts", true).idempotent(false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let generation: GenerationArguments = call.part(GenerationArguments::names())?;
    let arguments: BatchArguments = call.arguments()?;
    let waiting = call.waiting(None, arguments.background)?;
    let mut chat = generation.into_call()?;
    chat.model = arguments.model;
    chat.system = arguments.system;
    let services = call.server.services();
    let inputs = arguments.inputs.unwrap_or_default();
    let files = call.attachments_each(FILES, arguments.files).await?;
    let job = services.batches.start_batch(call.caller(), &chat, &arguments.instruction, &inputs, files)?;
    call.wait(job, waiting).await
}
