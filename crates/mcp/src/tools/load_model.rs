//! `load_model`: puts a model into memory before it is needed.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::{DoneAnswer, text_and_data};
use crate::arguments::schema::{self, input_schema, output_schema};
use crate::arguments::whole_number;
use service::chat::validate::keep_alive;
use service::models::name::ModelName;
use settings::Toolset;

const DESCRIPTION: &str = "Load a model into memory ahead of use, for keep_alive.";

#[derive(Debug, Deserialize, JsonSchema)]
struct LoadArguments {
    model: String,
    /// "10m", seconds, -1 for ever
    #[serde(default)]
    #[schemars(schema_with = "schema::keep_alive")]
    keep_alive: Option<Value>,
    #[serde(default, deserialize_with = "whole_number")]
    num_ctx: Option<u64>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("load_model", definition, |call| run(call).boxed())
        .in_toolset(Toolset::Models)
        .changing()
        .of_ollama()
}

fn definition(name: &'static str) -> Tool {
    let annotations = read_only("Load a model", false).read_only(false);
    Tool::new(name, DESCRIPTION, input_schema::<LoadArguments>())
        .with_raw_output_schema(output_schema::<DoneAnswer<'static>>())
        .with_annotations(annotations)
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: LoadArguments = call.arguments()?;
    let keep_alive = keep_alive(arguments.keep_alive)?;
    let model = ModelName::parse("model", arguments.model)?;
    call.server
        .services()
        .models
        .load_model(call.caller(), &model, keep_alive.as_ref(), arguments.num_ctx)
        .await?;
    let answer = DoneAnswer { model: &model, done: true };
    text_and_data(format!("{model} is loaded."), &answer)
}
