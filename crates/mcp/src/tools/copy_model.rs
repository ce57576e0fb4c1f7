//! `copy_model`: gives a model a second name; asks first where that name is taken.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{AskingResult, ToolCall, ToolEntry, read_only};
use crate::answers::{DoneAnswer, text_and_data};
use crate::arguments::schema::{input_schema, output_schema};
use crate::confirmation::{ConfirmedAction, Consent, Question};
use service::models::name::CopyNames;
use settings::Toolset;

const DESCRIPTION: &str = "Give an installed model a second name (no data is copied). Overwriting a name asks the user first, or needs confirm: true.";

#[derive(Debug, Deserialize, JsonSchema)]
struct CopyArguments {
    source: String,
    destination: String,
    confirm: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::asking("copy_model", definition, |call| run(call).boxed())
        .in_toolset(Toolset::Models)
        .of_ollama()
}

fn definition(name: &'static str) -> Tool {
    let annotations = read_only("Copy a model", false).read_only(false).destructive(true);
    Tool::new(name, DESCRIPTION, input_schema::<CopyArguments>())
        .with_raw_output_schema(output_schema::<DoneAnswer<'static>>())
        .with_annotations(annotations)
}

async fn run(call: &mut ToolCall<'_>) -> AskingResult {
    let arguments: CopyArguments = call.arguments()?;
    let names = CopyNames::parse(arguments.source, arguments.destination)?;
    let services = call.server.services();
    let _reserved = services.models.reserve_name(&names.destination)?;
    if let Some((taken, ..)) = services.models.installed(call.caller(), &names.destination).await? {
        let question = Question {
            action: ConfirmedAction::Overwrite,
            subject: &taken,
            text: format!("Overwrite the model {taken} with {}?", names.source),
            argument: arguments.confirm,
        };
        if let Consent::Ask(question) = call.consent(&question).await? {
            return Ok((*question).into());
        }
    }
    services.models.copy_model(call.caller(), &names).await?;
    let answer = DoneAnswer { model: &names.destination, done: true };
    text_and_data(format!("Copied {} to {}.", names.source, names.destination), &answer).map(Into::into)
}
