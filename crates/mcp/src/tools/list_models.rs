//! `list_models`: what is installed, what it can do, and where it runs.

use futures_util::FutureExt as _;
use rmcp::model::Tool;

use super::entry::{NoArguments, ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::models::ModelsAnswer;
use crate::answers::text_and_data;
use crate::arguments::schema::{input_schema, output_schema};

const DESCRIPTION: &str = "List the installed models: size, parameters, quantization, context length, capabilities (completion, \
tools, vision, thinking, embedding), whether loaded, where each runs. Use it to choose one or to find its exact name.";

const ADVICE: &str = "list_models lists the models, what they can do, and where they run: `location` other than \"local\" means \
that the text leaves this machine.";

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("list_models", definition, |call| run(call).boxed()).advised(7, ADVICE)
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<NoArguments>())
        .with_raw_output_schema(output_schema::<ModelsAnswer>())
        .with_annotations(read_only("List local models", false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let NoArguments {} = call.arguments()?;
    let answer = ModelsAnswer::from(call.server.services().models.list_models(call.caller()).await?);
    text_and_data(answer.text(), &answer)
}
