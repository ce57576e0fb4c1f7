//! `delete_model`: deletes a model from the disk, once the user has confirmed it.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{AskingResult, ToolCall, ToolEntry, read_only};
use crate::answers::{DoneAnswer, text_and_data};
use crate::arguments::schema::{input_schema, output_schema};
use crate::confirmation::{ConfirmedAction, Consent, Question};
use service::models::name::ModelName;
use settings::Toolset;
use text::format::human_size;

const DESCRIPTION: &str =
    "Delete an installed model from the disk. Asks the user first, or needs confirm: true.";

#[derive(Debug, Deserialize, JsonSchema)]
struct DeleteArguments {
    model: String,
    /// The user agreed
    confirm: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::asking("delete_model", definition, |call| run(call).boxed())
        .in_toolset(Toolset::Models)
        .of_ollama()
}

fn definition(name: &'static str) -> Tool {
    let annotations = read_only("Delete a model", false).read_only(false).destructive(true);
    Tool::new(name, DESCRIPTION, input_schema::<DeleteArguments>())
        .with_raw_output_schema(output_schema::<DoneAnswer<'static>>())
        .with_annotations(annotations)
}

async fn run(call: &mut ToolCall<'_>) -> AskingResult {
    let arguments: DeleteArguments = call.arguments()?;
    let model = ModelName::parse("model", arguments.model)?;
    let services = call.server.services();
    // Resolve the model first, so that the user is never asked to confirm a no-op.
    let Some((name, size, _)) = services.models.installed(call.caller(), &model).await? else {
        return Err(services.models.absent(call.caller(), &model).await);
    };
    let name = ModelName::parse("model", name)?;
    let size = size.map(|size| format!(" ({})", human_size(size))).unwrap_or_default();
    let question = Question {
        action: ConfirmedAction::Delete,
        subject: &name,
        text: format!("Delete the model {name}{size} from this Ollama?"),
        argument: arguments.confirm,
    };
    if let Consent::Ask(question) = call.consent(&question).await? {
        return Ok((*question).into());
    }
    services.models.delete_model(call.caller(), &name).await?;
    let answer = DoneAnswer { model: &name, done: true };
    text_and_data(format!("{name} is deleted."), &answer).map(Into::into)
}
