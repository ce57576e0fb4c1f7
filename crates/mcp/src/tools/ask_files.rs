//! `ask_files`: an answer from files, with citations that were checked.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use super::summarize_files::FILES;
use crate::answers::documents::QuestionAnswer;
use crate::arguments::schema::{input_schema, output_schema};
use service::documents::QuestionCall;
use settings::Toolset;

const DESCRIPTION: &str = "Have a local model answer a question from files and folders, with checked citations such as \
[src/queue.rs:31-47]. Says so when they do not hold the answer. What it reads stays on this machine.";

#[derive(Debug, Deserialize, JsonSchema)]
struct QuestionArguments {
    /// Paths, folders, globs such as src/**/*.md
    files: Vec<String>,
    question: String,
    model: Option<String>,
    /// By default the first that embeds
    embedding_model: Option<String>,
    /// Return the text of the cited passages, too
    passages: Option<bool>,
    /// The model sorts the passages first: slower, better
    rerank: Option<bool>,
    background: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("ask_files", definition, |call| run(call).boxed())
        .counted()
        .naming_files(&[FILES])
        .pulling()
        .in_toolset(Toolset::Files)
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<QuestionArguments>())
        .with_raw_output_schema(output_schema::<QuestionAnswer>())
        .with_annotations(read_only("Ask files", true).idempotent(false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: QuestionArguments = call.arguments()?;
    let waiting = call.waiting(None, arguments.background)?;
    let question = QuestionCall {
        files: call.selection(arguments.files),
        question: arguments.question,
        model: arguments.model,
        embedding_model: arguments.embedding_model,
        passages: arguments.passages == Some(true),
        rerank: arguments.rerank == Some(true),
    };
    let task = call.server.services().documents.start_question(call.caller(), question)?;
    call.wait(task, waiting).await
}
