//! `list_conversations`: which conversations are stored.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::conversations::ConversationPage;
use crate::answers::text_and_data;
use crate::arguments::schema::{input_schema, output_schema};
use crate::arguments::whole_number;
use settings::Toolset;

const DESCRIPTION: &str = "List the stored conversations, newest first, each with its first words.";

#[derive(Debug, Deserialize, JsonSchema)]
struct ListArguments {
    /// next_cursor of the page before
    cursor: Option<String>,
    /// 1 to 200, default 50
    #[serde(default, deserialize_with = "whole_number")]
    limit: Option<u64>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("list_conversations", definition, |call| run(call).boxed())
        .in_toolset(Toolset::Conversations)
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<ListArguments>())
        .with_raw_output_schema(output_schema::<ConversationPage>())
        .with_annotations(read_only("List conversations", false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: ListArguments = call.arguments()?;
    let page = call
        .server
        .services()
        .conversations
        .list(call.caller(), arguments.cursor.as_deref(), arguments.limit)
        .await?;
    let answer = ConversationPage::new(page);
    text_and_data(answer.text(), &answer)
}
