//! `find_in_files`: the places of files that match a query, by meaning and by words.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use super::summarize_files::FILES;
use crate::answers::documents::SearchAnswer;
use crate::arguments::schema::{input_schema, output_schema};
use crate::arguments::whole_number;
use service::documents::SearchCall;
use settings::Toolset;

const DESCRIPTION: &str = "Find the places in files and folders that match a query by meaning and by words: file, lines or page, score. \
Not their text; no model writes anything.";

#[derive(Debug, Deserialize, JsonSchema)]
struct SearchArguments {
    /// Paths, folders, globs such as src/**/*.md
    files: Vec<String>,
    query: String,
    /// 1 to 100; 10 if left out
    #[serde(default, deserialize_with = "whole_number")]
    limit: Option<u64>,
    /// By default the first that embeds
    embedding_model: Option<String>,
    background: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("find_in_files", definition, |call| run(call).boxed())
        .counted()
        .naming_files(&[FILES])
        .pulling()
        .in_toolset(Toolset::Files)
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<SearchArguments>())
        .with_raw_output_schema(output_schema::<SearchAnswer>())
        .with_annotations(read_only("Find in files", true))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: SearchArguments = call.arguments()?;
    let waiting = call.waiting(None, arguments.background)?;
    let search = SearchCall {
        files: call.selection(arguments.files),
        query: arguments.query,
        limit: arguments.limit,
        embedding_model: arguments.embedding_model,
    };
    let task = call.server.services().documents.start_search(call.caller(), search)?;
    call.wait(task, waiting).await
}
