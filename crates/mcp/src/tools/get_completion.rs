//! `get_completion`: the rest of an answer that its call could not wait for.

use std::time::Duration;

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{ToolCall, ToolEntry, ToolResult, deadline_of};
use crate::answer::{self, BriefAnswer};
use crate::deadline::Deadline;
use crate::progress::{self, Progress};
use crate::schema::{input_schema, output_schema};
use service::ServiceError;

/// A longer wait is a mistake.
const LONGEST_WAIT: f64 = 86_400.0;

const DESCRIPTION: &str = "Wait for the rest of an answer that is in_progress, and get its whole text so far. Without completion_id: \
the newest one not read to its end, cancelled ones too.";

/// Arguments of `get_completion`.
#[derive(Debug, Deserialize, JsonSchema)]
struct GetArguments {
    completion_id: Option<String>,
    /// 0 looks once
    wait_seconds: Option<f64>,
}

pub(super) fn entry() -> ToolEntry {
    let definition = Tool::new("get_completion", DESCRIPTION, input_schema::<GetArguments>())
        .with_title("Get the rest of an answer")
        .with_raw_output_schema(output_schema::<BriefAnswer>())
        .with_annotations(super::read_only("Get the rest of an answer", false));
    ToolEntry::new(definition, |call| run(call).boxed()).in_order()
}

async fn run(mut call: ToolCall<'_>) -> ToolResult {
    let by_default = deadline_of(&call);
    let arguments: GetArguments = call.arguments()?;
    let deadline = match arguments.wait_seconds {
        None => by_default,
        Some(seconds) if (0.0..=LONGEST_WAIT).contains(&seconds) => {
            Deadline::requested(Duration::from_secs_f64(seconds))
        }
        Some(seconds) => {
            return Err(ServiceError::invalid(
                "wait_seconds",
                format!("is {seconds}; it must be between 0 and {LONGEST_WAIT}"),
            ));
        }
    };
    // A completion that an earlier line starts is there by now.
    let completion =
        call.server.services().tasks.find(call.server.caller(), arguments.completion_id.as_deref())?;
    call.turn_passes();
    let progress = Progress::of(&call.context);
    // Only what comes from now on goes out as progress; the answer has all of it.
    let ended = progress::follow(call.server, &completion, progress, true, deadline).await;
    if !ended {
        Box::pin(call.server.services().chat.locate(&completion)).await;
    }
    answer::of(&completion, ended)
}
