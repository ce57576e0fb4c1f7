//! `embed`: vectors of texts.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::text_and_data;
use crate::arguments::schema::{self, input_schema, output_schema};
use crate::arguments::whole_number;
use crate::progress::while_pulling;
use service::chat::validate::keep_alive;
use service::embeddings::Embedded;
use settings::Toolset;
use text::sanitize;
use types::EmbedRequest;

const DESCRIPTION: &str = "Turn texts into embedding vectors with a local model. The answer is large: to order texts by meaning use rank.";

#[derive(Debug, Deserialize, JsonSchema)]
struct EmbedArguments {
    #[schemars(schema_with = "schema::text_or_texts")]
    input: Texts,
    /// By default the first that embeds
    model: Option<String>,
    #[serde(default, deserialize_with = "whole_number")]
    dimensions: Option<u64>,
    /// false: a text over the context is an error, not cut
    truncate: Option<bool>,
    /// "10m", seconds, -1 for ever
    #[serde(default)]
    #[schemars(schema_with = "schema::keep_alive")]
    keep_alive: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "it must be text or an array of texts")]
enum Texts {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Serialize, JsonSchema)]
struct EmbedAnswer<'a> {
    model: &'a str,
    dimensions: usize,
    #[serde(serialize_with = "short_numbers")]
    embeddings: &'a [Vec<f32>],
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens: Option<u64>,
    #[schemars(skip)]
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<[&'a str; 1]>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("embed", definition, |call| run(call).boxed())
        .pulling()
        .counted()
        .in_toolset(Toolset::Embeddings)
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<EmbedArguments>())
        .with_raw_output_schema(output_schema::<EmbedAnswer<'static>>())
        .with_annotations(read_only("Embed texts", true))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: EmbedArguments = call.arguments()?;
    let input = match arguments.input {
        Texts::One(text) => vec![text],
        Texts::Many(texts) => texts,
    };
    let mut request = EmbedRequest::new(arguments.model.unwrap_or_default(), input);
    request.dimensions = arguments.dimensions;
    request.truncate = arguments.truncate;
    request.keep_alive = keep_alive(arguments.keep_alive)?.map(types::KeepAlive::into_value);
    let services = call.server.services();
    let embeddings = while_pulling(call.notifier(), call.deadline(), |pull| {
        services.embeddings.embed(call.caller(), request, move |now| drop(pull.send_replace(Some(now))))
    });
    let Embedded { embeddings, warning } = embeddings.await?;
    let answer = EmbedAnswer {
        model: &embeddings.model,
        dimensions: embeddings.vectors.first().map_or(0, Vec::len),
        embeddings: &embeddings.vectors,
        prompt_tokens: embeddings.prompt_tokens,
        warnings: warning.as_deref().map(|warning| [warning]),
    };
    let mut text = format!(
        "{} embeddings of {} numbers each from {}; they are in the structured content.",
        embeddings.vectors.len(),
        answer.dimensions,
        sanitize::name(&embeddings.model)
    );
    if let Some(warning) = &warning {
        text.push_str(&format!("\nWarning: {}", sanitize::line(warning)));
    }
    text_and_data(text, &answer)
}

/// The shortest decimal of a 32-bit float, as a 64-bit one: a plain conversion would be written with twice the digits.
fn short(number: f32) -> f64 {
    number.to_string().parse().unwrap_or_else(|_| f64::from(number))
}

fn short_numbers<S: Serializer>(vectors: &&[Vec<f32>], serializer: S) -> Result<S::Ok, S::Error> {
    let short = |vector: &Vec<f32>| vector.iter().copied().map(short).collect::<Vec<_>>();
    serializer.collect_seq(vectors.iter().map(short))
}
