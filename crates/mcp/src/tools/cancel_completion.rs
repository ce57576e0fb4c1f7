//! `cancel_completion`: stops a completion that nobody waits for any more.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::completion::BriefAnswer;
use crate::answers::work as answers;
use crate::arguments::schema::{input_schema, output_schema};

const DESCRIPTION: &str =
    "Stop a completion that is in progress, which frees the model, and get its text so far.";

#[derive(Debug, Deserialize, JsonSchema)]
struct CancelArguments {
    completion_id: String,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("cancel_completion", definition, |call| run(call).boxed())
}

fn definition(name: &'static str) -> Tool {
    let annotations = read_only("Stop an answer", false).read_only(false);
    Tool::new(name, DESCRIPTION, input_schema::<CancelArguments>())
        .with_raw_output_schema(output_schema::<BriefAnswer>())
        .with_annotations(annotations)
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: CancelArguments = call.arguments()?;
    let completion = call.server.services().tasks.find(call.caller(), Some(&arguments.completion_id))?;
    completion.cancel();
    completion.ended().await;
    answers::of(&completion, true, call.server.wording(call.caller()))
}
