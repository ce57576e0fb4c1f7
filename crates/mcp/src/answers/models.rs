//! Installed models: the list, of `list_models` and `ollama://models`, and one model, of `ollama://models/{model}`.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use service::models::catalog::ListedModel;
use text::format::human_size;
use text::sanitize;
use types::ModelDetails;

/// The installed models.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ModelsAnswer {
    models: Vec<ModelAnswer>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ModelAnswer {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family: Option<String>,
    /// Tokens
    #[serde(skip_serializing_if = "Option::is_none")]
    context_length: Option<u64>,
    /// Not in the schema, which is for every host to pay for: an answer may have more than its schema names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    loaded_context_length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    capabilities: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loaded: Option<bool>,
    /// local, or the host that the text goes to
    location: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified_at: Option<String>,
}

/// One installed model, of `ollama://models/{model}`: what the server reports, without what is absent.
#[derive(Serialize)]
pub(crate) struct ModelPage<'a> {
    name: &'a str,
    #[serde(flatten)]
    details: Map<String, Value>,
}

impl<'a> ModelPage<'a> {
    pub(crate) fn new(name: &'a str, details: ModelDetails) -> Self {
        let facts = json!({
            "capabilities": details.capabilities, "family": details.family, "parameters": details.parameter_size,
            "quantization": details.quantization, "context_length": details.context_length,
            "embedding_length": details.embedding_length, "default_parameters": details.parameters,
            "system": details.system, "template": details.template, "license": details.license,
            "modified_at": details.modified_at, "location": details.remote.map(|remote| remote.host),
        });
        let mut details = Map::new();
        if let Value::Object(facts) = facts {
            details.extend(facts.into_iter().filter(|(_, value)| !value.is_null()));
        }
        Self { name, details }
    }
}

impl From<Vec<ListedModel>> for ModelsAnswer {
    fn from(models: Vec<ListedModel>) -> Self {
        let models = models
            .into_iter()
            .map(|listed| ModelAnswer {
                loaded: listed.loaded,
                location: listed.location.describe().to_owned(),
                name: listed.model.name,
                size_bytes: listed.model.size,
                parameters: listed.model.parameter_size,
                quantization: listed.model.quantization,
                family: listed.model.family,
                context_length: listed.model.context_length,
                loaded_context_length: listed.running.and_then(|running| running.context_length),
                capabilities: listed.model.capabilities,
                modified_at: listed.model.modified_at,
            })
            .collect();
        Self { models }
    }
}

impl ModelsAnswer {
    /// The text of the answer.
    pub(crate) fn text(&self) -> String {
        if self.models.is_empty() {
            return "No models are installed. Install one, for example \"ollama pull gemma3:4b\".".to_owned();
        }
        self.models.iter().map(ModelAnswer::line).collect::<Vec<_>>().join("\n")
    }
}

impl ModelAnswer {
    fn line(&self) -> String {
        let mut facts: Vec<String> = Vec::new();
        facts.extend(self.parameters.as_deref().map(sanitize::name));
        facts.extend(self.quantization.as_deref().map(sanitize::name));
        facts.extend(self.size_bytes.map(human_size));
        facts.extend(match (self.context_length, self.loaded_context_length) {
            (Some(tokens), Some(loaded)) => Some(format!("context {tokens}, loaded with {loaded}")),
            (Some(tokens), None) => Some(format!("context {tokens}")),
            (None, loaded) => loaded.map(|loaded| format!("loaded with context {loaded}")),
        });
        facts.extend(self.capabilities.as_ref().map(|words| sanitize::name(&words.join("/"))));
        if self.loaded == Some(true) && self.loaded_context_length.is_none() {
            facts.push("loaded".to_owned());
        }
        if self.location != "local" {
            facts.push(format!("runs at {}", sanitize::name(&self.location)));
        }
        let name = sanitize::name(&self.name);
        if facts.is_empty() { name } else { format!("{name}: {}", facts.join(", ")) }
    }
}
