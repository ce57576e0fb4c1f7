//! `unload_model`: frees the memory that a model takes.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::{DoneAnswer, text_and_data};
use crate::arguments::schema::{input_schema, output_schema};
use service::models::name::ModelName;
use settings::Toolset;

const DESCRIPTION: &str =
    "Free the memory of a loaded model. It stays installed; its next use loads it again.";

#[derive(Debug, Deserialize, JsonSchema)]
struct UnloadArguments {
    model: String,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("unload_model", definition, |call| run(call).boxed())
        .in_toolset(Toolset::Models)
        .changing()
        .of_ollama()
}

fn definition(name: &'static str) -> Tool {
    let annotations = read_only("Unload a model", false).read_only(false);
    Tool::new(name, DESCRIPTION, input_schema::<UnloadArguments>())
        .with_raw_output_schema(output_schema::<DoneAnswer<'static>>())
        .with_annotations(annotations)
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: UnloadArguments = call.arguments()?;
    let model = ModelName::parse("model", arguments.model)?;
    call.server.services().models.unload_model(call.caller(), &model).await?;
    let answer = DoneAnswer { model: &model, done: true };
    text_and_data(format!("{model} is unloaded."), &answer)
}
