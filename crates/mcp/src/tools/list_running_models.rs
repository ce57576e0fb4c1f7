//! `list_running_models`: what is in memory now.

use futures_util::FutureExt as _;
use rmcp::model::Tool;

use super::entry::{NoArguments, ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::running_models::RunningAnswer;
use crate::answers::text_and_data;
use crate::arguments::schema::{input_schema, output_schema};
use settings::Toolset;

const DESCRIPTION: &str = "List the loaded models: memory, GPU share, context, and when each is unloaded.";

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("list_running_models", definition, |call| run(call).boxed())
        .in_toolset(Toolset::Models)
        .of_ollama()
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<NoArguments>())
        .with_raw_output_schema(output_schema::<RunningAnswer>())
        .with_annotations(read_only("List loaded models", false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let NoArguments {} = call.arguments()?;
    let answer = RunningAnswer::from(call.server.services().models.running_models(call.caller()).await?);
    text_and_data(answer.text(), &answer)
}
