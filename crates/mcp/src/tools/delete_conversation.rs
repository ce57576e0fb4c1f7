//! `delete_conversation`: deletes a stored conversation, once the user has confirmed it.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{AskingResult, ToolCall, ToolEntry, read_only};
use crate::answers::text_and_data;
use crate::arguments::schema::{input_schema, output_schema};
use crate::confirmation::{ConfirmedAction, Consent, Question};
use settings::Toolset;

const DESCRIPTION: &str =
    "Delete a stored conversation for good. Asks the user first, or needs confirm: true.";

#[derive(Debug, Deserialize, JsonSchema)]
struct DeleteArguments {
    conversation_id: String,
    /// The user agreed
    confirm: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct DeletedAnswer<'a> {
    conversation_id: &'a str,
    done: bool,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::asking("delete_conversation", definition, |call| run(call).boxed())
        .in_toolset(Toolset::Conversations)
        .in_order()
}

fn definition(name: &'static str) -> Tool {
    let annotations = read_only("Delete a conversation", false).read_only(false).destructive(true);
    Tool::new(name, DESCRIPTION, input_schema::<DeleteArguments>())
        .with_raw_output_schema(output_schema::<DeletedAnswer<'static>>())
        .with_annotations(annotations)
}

async fn run(call: &mut ToolCall<'_>) -> AskingResult {
    let arguments: DeleteArguments = call.arguments()?;
    let services = call.server.services();
    // After the turns of earlier lines, which could not be stored otherwise, and before those of later lines.
    let turn = services.conversations.queue_turn(call.caller(), &arguments.conversation_id);
    call.turn_passes();
    let _turn = turn.acquire(|_| {}).await;
    // Resolve the conversation first, so that the user is never asked to confirm a no-op.
    let found = services.conversations.get(call.caller(), &arguments.conversation_id, Some(1)).await?;
    let id = found.id.as_str();
    let question = Question {
        action: ConfirmedAction::Delete,
        subject: id,
        text: format!("Delete the conversation {id} ({} messages) from this machine for good?", found.total),
        argument: arguments.confirm,
    };
    if let Consent::Ask(question) = call.consent(&question).await? {
        return Ok((*question).into());
    }
    services.conversations.delete(call.caller(), id).await?;
    let answer = DeletedAnswer { conversation_id: id, done: true };
    text_and_data(format!("The conversation {id} is deleted."), &answer).map(Into::into)
}
