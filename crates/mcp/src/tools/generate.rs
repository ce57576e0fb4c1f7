//! `generate`: a completion of a bare prompt: raw text, filling in before a suffix, a template of one's own.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::completion::BriefAnswer;
use crate::arguments::generation::GenerationArguments;
use crate::arguments::schema::{self, output_schema};
use crate::call::ATTACHMENTS;
use openai::messages::read_images;
use service::chat::request::GenerateCall;
use settings::Toolset;

const DESCRIPTION: &str = "Complete a bare prompt with a local model: code before a suffix (fill in the middle), raw text without a chat \
template. For questions use chat_completion.";

#[derive(Debug, Deserialize, JsonSchema)]
struct GenerateArguments {
    prompt: String,
    /// Text after the gap
    suffix: Option<String>,
    model: Option<String>,
    system: Option<String>,
    /// Replaces the model's prompt template
    template: Option<String>,
    /// true: no template at all
    raw: Option<bool>,
    /// base64 or data URLs
    #[serde(default)]
    #[schemars(schema_with = "schema::texts")]
    images: Vec<String>,
    #[serde(default)]
    #[schemars(schema_with = "schema::texts")]
    attachments: Option<Vec<String>>,
    stream: Option<bool>,
    background: Option<bool>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("generate", definition, |call| run(call).boxed())
        .in_order()
        .counted()
        .naming_files(&[ATTACHMENTS])
        .pulling()
        .in_toolset(Toolset::Generate)
        .of_ollama()
}

fn definition(name: &'static str) -> Tool {
    let schema = GenerationArguments::schema_beside::<GenerateArguments>();
    Tool::new(name, DESCRIPTION, schema)
        .with_raw_output_schema(output_schema::<BriefAnswer>())
        .with_annotations(read_only("Complete a prompt", true).idempotent(false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let generation: GenerationArguments = call.part(GenerationArguments::names())?;
    let arguments: GenerateArguments = call.arguments()?;
    let waiting = call.waiting(arguments.stream, arguments.background)?;
    let mut settings = generation.into_call()?;
    settings.model = arguments.model;
    settings.attachments = call.attachments(arguments.attachments).await?;
    let request = GenerateCall {
        settings,
        prompt: arguments.prompt,
        suffix: arguments.suffix,
        system: arguments.system,
        template: arguments.template,
        raw: arguments.raw == Some(true),
        images: read_images("images", &arguments.images)?,
    };
    let completion = call.server.services().chat.start_generate(call.caller(), request)?;
    call.wait(completion, waiting).await
}
