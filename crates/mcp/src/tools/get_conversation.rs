//! `get_conversation`: a stored conversation, as messages and as Markdown.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::conversations::{ConversationAnswer, markdown};
use crate::answers::text_and_data;
use crate::arguments::schema::{input_schema, output_schema};
use crate::arguments::whole_number;
use service::ServiceError;
use settings::Toolset;

const DESCRIPTION: &str = "Read a stored conversation: its messages, with Markdown as text.";

#[derive(Debug, Deserialize, JsonSchema)]
struct GetArguments {
    conversation_id: String,
    /// Only so many of the newest messages
    #[serde(default, deserialize_with = "whole_number")]
    last: Option<u64>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("get_conversation", definition, |call| run(call).boxed())
        .in_toolset(Toolset::Conversations)
        .in_order()
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<GetArguments>())
        .with_raw_output_schema(output_schema::<ConversationAnswer>())
        .with_annotations(read_only("Read a conversation", false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: GetArguments = call.arguments()?;
    if arguments.last == Some(0) {
        return Err(ServiceError::invalid("last", "is 0; it must be at least 1"));
    }
    let turn = call.server.services().conversations.queue_turn(call.caller(), &arguments.conversation_id);
    call.turn_passes();
    // Raw JSON-RPC reads what the lines before it have written, until its deadline; a host may read during a turn.
    let by_hand = call.context.client_info().is_none();
    if by_hand {
        tokio::select! {
            _turn = turn.acquire(|_| {}) => {}
            () = call.deadline().passed() => {}
        }
    }
    let conversation = call
        .server
        .services()
        .conversations
        .get(call.caller(), &arguments.conversation_id, arguments.last)
        .await?;
    text_and_data(markdown(&conversation), &ConversationAnswer::from(&conversation))
}
