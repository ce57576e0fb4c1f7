//! `list_conversations`: which conversations are stored.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::conversations::ListAnswer;
use super::{ToolCall, ToolEntry, ToolResult};
use crate::arguments::whole_number;
use crate::schema::{input_schema, output_schema};
use settings::Toolset;

const DESCRIPTION: &str = "List the stored conversations, newest first, each with its first words.";

/// Arguments of `list_conversations`.
#[derive(Debug, Deserialize, JsonSchema)]
struct ListArguments {
    /// next_cursor of the page before
    cursor: Option<String>,
    /// 1 to 200, default 50
    #[serde(default, deserialize_with = "whole_number")]
    limit: Option<u64>,
}

pub(super) fn entry() -> ToolEntry {
    let definition = Tool::new("list_conversations", DESCRIPTION, input_schema::<ListArguments>())
        .with_title("List conversations")
        .with_raw_output_schema(output_schema::<ListAnswer>())
        .with_annotations(super::read_only("List conversations", false));
    ToolEntry::new(definition, |call| run(call).boxed()).in_toolset(Toolset::Conversations)
}

async fn run(mut call: ToolCall<'_>) -> ToolResult {
    let arguments: ListArguments = call.arguments()?;
    let page = call
        .server
        .services()
        .conversations
        .list(call.server.caller(), arguments.cursor.as_deref(), arguments.limit)
        .await?;
    let answer = ListAnswer::from(page);
    Ok(super::answer(answer.text(), &answer))
}
