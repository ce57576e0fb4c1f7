//! `summarize_files`: a summary of long and many files, which the host need not read.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::documents::SummaryAnswer;
use crate::arguments::schema::{input_schema, output_schema};
use crate::arguments::whole_number;
use service::documents::SummaryCall;
use settings::Toolset;

const DESCRIPTION: &str = "Have a local model summarize files of any length and number (text, code, PDF), part by part where they are \
long. Their content stays on this machine.";

const ADVICE: &str = "summarize_files, ask_files and find_in_files read whole folders of private files here; you get the answer alone.";

pub(super) const FILES: &str = "files";

#[derive(Debug, Deserialize, JsonSchema)]
struct SummaryArguments {
    /// Paths, folders, globs such as src/**/*.md
    files: Vec<String>,
    /// What to look for; a general summary if left out
    instruction: Option<String>,
    model: Option<String>,
    /// Length; 300 if left out
    #[serde(default, deserialize_with = "whole_number")]
    words: Option<u64>,
    background: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("summarize_files", definition, |call| run(call).boxed())
        .counted()
        .naming_files(&[FILES])
        .pulling()
        .in_toolset(Toolset::Files)
        .advised(11, ADVICE)
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<SummaryArguments>())
        .with_raw_output_schema(output_schema::<SummaryAnswer>())
        .with_annotations(read_only("Summarize files", true).idempotent(false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: SummaryArguments = call.arguments()?;
    let waiting = call.waiting(None, arguments.background)?;
    let summary = SummaryCall {
        files: call.selection(arguments.files),
        instruction: arguments.instruction,
        model: arguments.model,
        words: arguments.words,
    };
    let task = call.server.services().documents.start_summary(call.caller(), summary)?;
    call.wait(task, waiting).await
}
