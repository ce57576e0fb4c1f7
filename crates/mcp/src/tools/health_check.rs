//! `health_check`: whether the model server answers, and what to do when it does not.

use futures_util::FutureExt as _;
use rmcp::model::Tool;

use super::entry::{NoArguments, ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::health::HealthAnswer;
use crate::answers::text_and_data;
use crate::arguments::schema::{input_schema, output_schema};

const DESCRIPTION: &str = "Check whether Ollama answers (version, latency, address, models), and what to do if not. Use it \
when another tool fails.";

const ADVICE: &str = "health_check shows whether Ollama answers, and what to do if not.";

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("health_check", definition, |call| run(call).boxed()).advised(10, ADVICE)
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<NoArguments>())
        .with_raw_output_schema(output_schema::<HealthAnswer>())
        .with_annotations(read_only("Check Ollama", false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let NoArguments {} = call.arguments()?;
    let report = call.server.services().models.health(call.caller()).await;
    let answer = HealthAnswer::new(report, call.caller());
    text_and_data(answer.text(), &answer)
}
