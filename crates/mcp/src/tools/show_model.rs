//! `show_model`: what the server knows of one model.

use futures_util::FutureExt as _;
use rmcp::model::Tool;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::entry::{ToolCall, ToolEntry, ToolResult, read_only};
use crate::answers::text_and_data;
use crate::arguments::schema::{input_schema, output_schema};
use service::models::name::ModelName;
use settings::Toolset;
use text::sanitize;
use types::ModelDetails;

const DESCRIPTION: &str =
    "Show one installed model: capabilities, context length, size, default parameters, system prompt.";

/// Maximum characters of a license in a compact answer.
const MAX_LICENSE: usize = 120;

/// Longer lists of the metadata are replaced by their length.
const MAX_ITEMS: usize = 16;
/// Longer texts of the metadata, in bytes, are replaced by their length.
const MAX_TEXT: usize = 10_000;

#[derive(Debug, Deserialize, JsonSchema)]
struct ShowArguments {
    model: String,
    verbose: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ShowAnswer<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantization: Option<String>,
    /// Tokens
    #[serde(skip_serializing_if = "Option::is_none")]
    context_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding_length: Option<u64>,
    /// One `name value` a line
    #[serde(skip_serializing_if = "Option::is_none")]
    default_parameters: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    license: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_at: Option<String>,
    /// The host of a cloud model
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_host: Option<String>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    metadata: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tensors: Option<usize>,
}

pub(super) fn entry() -> ToolEntry {
    ToolEntry::new("show_model", definition, |call| run(call).boxed()).in_toolset(Toolset::Models)
}

fn definition(name: &'static str) -> Tool {
    Tool::new(name, DESCRIPTION, input_schema::<ShowArguments>())
        .with_raw_output_schema(output_schema::<ShowAnswer<'static>>())
        .with_annotations(read_only("Show a model", false))
}

async fn run(call: &mut ToolCall<'_>) -> ToolResult {
    let arguments: ShowArguments = call.arguments()?;
    let model = ModelName::parse("model", arguments.model)?;
    let verbose = arguments.verbose == Some(true);
    let services = call.server.services();
    let details = if verbose {
        services.models.show_verbose(call.caller(), &model).await
    } else {
        services.models.show_model(call.caller(), &model).await
    }?;
    let answer = ShowAnswer::new(&model, details, verbose);
    let text = answer.text();
    text_and_data(text, &answer)
}

impl<'a> ShowAnswer<'a> {
    fn new(model: &'a str, details: ModelDetails, verbose: bool) -> Self {
        let license = details.license.map(|license| if verbose { license } else { first_line(&license) });
        Self {
            model,
            capabilities: details.capabilities,
            family: details.family,
            parameters: details.parameter_size,
            quantization: details.quantization,
            context_length: details.context_length,
            embedding_length: details.embedding_length,
            default_parameters: details.parameters,
            system: details.system,
            template: details.template.filter(|_| verbose),
            license,
            modified_at: details.modified_at,
            remote_host: details.remote.map(|remote| remote.host),
            metadata: if verbose { compact(details.model_info) } else { Map::new() },
            tensors: details.tensors.filter(|_| verbose),
        }
    }

    fn text(&self) -> String {
        let mut lines = vec![sanitize::name(self.model)];
        let mut line = |name: &str, value: Option<String>| {
            lines.extend(value.map(|value| format!("{name}: {}", sanitize::line(&value))))
        };
        line("capabilities", self.capabilities.as_ref().map(|words| words.join(", ")));
        line("family", self.family.clone());
        line("parameters", self.parameters.clone());
        line("quantization", self.quantization.clone());
        line("context length", self.context_length.map(|tokens| tokens.to_string()));
        line("embedding length", self.embedding_length.map(|length| length.to_string()));
        line(
            "default parameters",
            self.default_parameters.as_ref().map(|text| text.trim_end().replace('\n', "; ")),
        );
        line("system prompt", self.system.as_deref().map(sanitize::quoted));
        line("template", self.template.as_deref().map(sanitize::quoted));
        line("license", self.license.clone());
        line("runs at", self.remote_host.clone());
        line("tensors", self.tensors.map(|count| count.to_string()));
        if !self.metadata.is_empty() {
            let pairs = self.metadata.iter().map(|(name, value)| format!("{name}={value}"));
            line("metadata", Some(pairs.collect::<Vec<_>>().join("; ")));
        }
        lines.join("\n")
    }
}

/// Replaces long values: the vocabulary takes megabytes.
fn compact(mut metadata: Map<String, Value>) -> Map<String, Value> {
    for value in metadata.values_mut() {
        match value {
            Value::Array(items) if items.len() > MAX_ITEMS => {
                *value = Value::from(format!("({} items)", items.len()));
            }
            Value::String(text) if text.len() > MAX_TEXT => {
                *value = Value::from(format!("({} bytes of text)", text.len()));
            }
            _ => {}
        }
    }
    metadata
}

fn first_line(license: &str) -> String {
    let line = license.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().take(MAX_LICENSE).collect()
}
