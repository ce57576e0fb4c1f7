//! `push_model`: publishes a model in a registry, once the user has confirmed it.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{AskingResult, ToolCall, ToolEntry, read_only};
use crate::answers::job::TransferAnswer;
use crate::arguments::schema::{input_schema, output_schema};
use crate::confirmation::{ConfirmedAction, Consent, Question};
use service::models::name::ModelName;
use settings::Toolset;

const DESCRIPTION: &str = "Publish a model (user/name:tag) to a registry, for everyone to see. Asks the user first, or needs confirm: true.";

#[derive(Debug, Deserialize, JsonSchema)]
struct PushArguments {
    model: String,
    insecure: Option<bool>,
    confirm: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::asking("push_model", definition, |call| run(call).boxed())
        .in_toolset(Toolset::Models)
        .of_ollama()
}

fn definition(name: &'static str) -> Tool {
    let annotations = read_only("Publish a model", true).read_only(false).destructive(true);
    Tool::new(name, DESCRIPTION, input_schema::<PushArguments>())
        .with_raw_output_schema(output_schema::<TransferAnswer<'static>>())
        .with_annotations(annotations)
}

async fn run(call: &mut ToolCall<'_>) -> AskingResult {
    let arguments: PushArguments = call.arguments()?;
    let model = ModelName::parse("model", arguments.model)?;
    let unencrypted =
        if arguments.insecure == Some(true) { ", over a connection that is not encrypted" } else { "" };
    let question = Question {
        action: ConfirmedAction::Publish,
        subject: &model,
        text: format!("Publish the model {model} for others to see{unencrypted}?"),
        argument: arguments.confirm,
    };
    if let Consent::Ask(question) = call.consent(&question).await? {
        return Ok((*question).into());
    }
    let job = call.server.services().transfers.start_push(
        call.caller(),
        &model,
        arguments.insecure == Some(true),
    )?;
    let waiting = call.waiting(None, None)?;
    call.wait(job, waiting).await.map(Into::into)
}
