//! `pull_model`: downloads a model, with bytes as progress; the download outlives the call. Asks first where the
//! model is installed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::timeout;

use super::entry::{AskingResult, ToolCall, ToolEntry, read_only};
use crate::answers::job::TransferAnswer;
use crate::arguments::schema::{input_schema, output_schema};
use crate::confirmation::{ConfirmedAction, Consent, Question};
use service::models::name::ModelName;
use service::tasks::cancel_on_drop::CancelOnDrop;
use service::tasks::job::{JobOutput, JobState};
use service::tasks::registry::TaskKind;
use settings::Toolset;

const DESCRIPTION: &str = "Download a model from the Ollama library (or hf.co/user/repo). Gigabytes: ask the user first. A long download \
continues after the call (get_completion, cancel_completion); pulling again resumes. Replacing an installed one needs confirm: true.";

const ADVICE: &str =
    "pull_model downloads gigabytes and delete_model deletes a model: only when the user wants it.";

#[derive(Debug, Deserialize, JsonSchema)]
struct PullArguments {
    /// Such as gemma3:4b
    model: String,
    /// Allow a registry without TLS
    insecure: Option<bool>,
    background: Option<bool>,
    confirm: Option<bool>,
}

/// How long an answer in the background waits for the size of the model.
const SIZE_WAIT: Duration = Duration::from_secs(2);

pub(super) fn entry() -> ToolEntry {
    ToolEntry::asking("pull_model", definition, |call| run(call).boxed())
        .in_toolset(Toolset::Models)
        .of_ollama()
        .advised(9, ADVICE)
}

fn definition(name: &'static str) -> Tool {
    let annotations = read_only("Download a model", true).read_only(false).destructive(true);
    Tool::new(name, DESCRIPTION, input_schema::<PullArguments>())
        .with_raw_output_schema(output_schema::<TransferAnswer<'static>>())
        .with_annotations(annotations)
}

async fn run(call: &mut ToolCall<'_>) -> AskingResult {
    let arguments: PullArguments = call.arguments()?;
    let model = ModelName::parse("model", arguments.model)?;
    let services = call.server.services();
    let waiting = call.waiting(None, arguments.background)?;
    let reserved = services.models.reserve_pull(&model)?;
    // Only a pull shows what the registry has, and if the digest differs, the pull has already replaced the model. So this
    // asks for every installed name, even if nothing would change.
    if let Some((taken, ..)) = services.models.installed(call.caller(), &model).await? {
        let question = Question {
            action: ConfirmedAction::Replace,
            subject: &taken,
            text: format!(
                "{taken} is already installed. Download it again, and replace it if the registry has a different version?"
            ),
            argument: arguments.confirm,
        };
        if let Consent::Ask(question) = call.consent(&question).await? {
            return Ok((*question).into());
        }
    }
    let job =
        services.transfers.start_pull(call.caller(), &model, arguments.insecure == Some(true), reserved)?;
    if waiting.background {
        // Cancelled with the call until the size is known, which is worth a short wait.
        let tie = CancelOnDrop::new(Arc::clone(&job));
        if let TaskKind::Job(job) = &job.kind {
            let known = |state: &JobState| state.outcome.is_some() || has_size(state);
            let _ = timeout(SIZE_WAIT, job.watch().wait_for(known)).await;
        }
        tie.detach();
    }
    call.wait(job, waiting).await.map(Into::into)
}

fn has_size(state: &JobState) -> bool {
    matches!(&state.report, JobOutput::Transfer(transfer) if transfer.total_bytes.is_some())
}
