//! `get_completion`: the rest of an answer that its call could not wait for.

use std::time::Duration;

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::completion::BriefAnswer;
use crate::arguments::schema::{input_schema, output_schema};
use crate::deadline::Deadline;
use service::ServiceError;

/// A longer wait is a mistake.
const MAX_WAIT: f64 = 86_400.0;

const DESCRIPTION: &str = "Wait for the rest of an answer that is in_progress, and get its whole text so far. Without completion_id: \
the newest one not read to its end, cancelled ones too.";

const ADVICE: &str = "An answer with `status` \"in_progress\" is not whole: call get_completion with its `completion_id` for the rest.";

#[derive(Debug, Deserialize, JsonSchema)]
struct GetArguments {
    completion_id: Option<String>,
    /// 0 looks once
    wait_seconds: Option<f64>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("get_completion", definition, |call| run(call).boxed()).in_order().advised(2, ADVICE)
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<GetArguments>())
        .with_raw_output_schema(output_schema::<BriefAnswer>())
        .with_annotations(read_only("Get the rest of an answer", false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: GetArguments = call.arguments()?;
    let deadline = match arguments.wait_seconds {
        None => call.deadline(),
        Some(seconds) if (0.0..=MAX_WAIT).contains(&seconds) => {
            Deadline::requested(Duration::from_secs_f64(seconds))
        }
        Some(seconds) => {
            return Err(ServiceError::invalid(
                "wait_seconds",
                format!("is {seconds}; it must be between 0 and {MAX_WAIT}"),
            ));
        }
    };
    // In order: a completion that an earlier line starts exists by now.
    let completion = call.server.services().tasks.find(call.caller(), arguments.completion_id.as_deref())?;
    call.rejoin(&completion, deadline).await
}
