//! `get_conversation`: a stored conversation, as messages and as Markdown.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::conversations::{ConversationAnswer, markdown};
use super::{ToolCall, ToolEntry, ToolResult, deadline_of};
use crate::arguments::whole_number;
use crate::schema::{input_schema, output_schema};
use service::ServiceError;
use settings::Toolset;

const DESCRIPTION: &str = "Read a stored conversation: its messages, with Markdown as text.";

/// Arguments of `get_conversation`.
#[derive(Debug, Deserialize, JsonSchema)]
struct GetArguments {
    conversation_id: String,
    /// Only so many of the newest messages
    #[serde(default, deserialize_with = "whole_number")]
    last: Option<u64>,
}

pub(super) fn entry() -> ToolEntry {
    let definition = Tool::new("get_conversation", DESCRIPTION, input_schema::<GetArguments>())
        .with_title("Read a conversation")
        .with_raw_output_schema(output_schema::<ConversationAnswer>())
        .with_annotations(super::read_only("Read a conversation", false));
    ToolEntry::new(definition, |call| run(call).boxed()).in_toolset(Toolset::Conversations).in_order()
}

async fn run(mut call: ToolCall<'_>) -> ToolResult {
    let arguments: GetArguments = call.arguments()?;
    if arguments.last == Some(0) {
        return Err(ServiceError::invalid("last", "is 0; it must be at least 1"));
    }
    let turn =
        call.server.services().conversations.queue_turn(call.server.caller(), &arguments.conversation_id);
    call.turn_passes();
    // A pipe reads what the lines before have written, until its deadline; a host may read while a turn is running.
    let by_hand = call.context.client_info().is_none();
    if by_hand {
        let deadline = deadline_of(&call);
        tokio::select! {
            _turn = turn.acquire(|_| {}) => {}
            () = deadline.passed() => {}
        }
    }
    let conversation = call
        .server
        .services()
        .conversations
        .get(call.server.caller(), &arguments.conversation_id, arguments.last)
        .await?;
    Ok(super::answer(markdown(&conversation), &ConversationAnswer::from(&conversation)))
}
