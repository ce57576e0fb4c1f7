//! What can be read: the models, the running ones, the server's state, one model of either by
//! name, and the stored conversations.
//!
//! MCP 2025-11-25, server/resources.

mod address;
pub(super) mod conversations;

use rmcp::model::{CacheScope, ErrorData, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde::Serialize;
use serde_json::json;

pub(super) use address::Address;
use address::{HEALTH, MODELS, RUNNING};

use super::server::McpServer;
use super::tools::{HealthAnswer, ModelsAnswer, RunningAnswer, RunningModelAnswer};
use service::models::name::full_name;
use service::{ErrorCode, ServiceError};
use text::sanitize;
use types::ModelDetails;

/// The template of one model.
pub(super) const MODEL_TEMPLATE: &str = "ollama://models/{model}";
/// The template of one loaded model.
pub(super) const RUNNING_TEMPLATE: &str = "ollama://running/{model}";

/// What the models are worth remembering for: they seldom change, and a host may ask often.
const MODELS_TTL_MS: u64 = 5_000;

const JSON: &str = "application/json";

/// The resources; `stored` is whether conversations are among them, `running` whether the server tells what is loaded.
pub(super) fn list(stored: bool, running: bool) -> Vec<Resource> {
    let resource = |uri: &str, name: &str, title: &str, description: &str| {
        Resource::new(uri, name).with_title(title).with_description(description).with_mime_type(JSON)
    };
    let mut resources = vec![resource(
        MODELS,
        "models",
        "Installed models",
        "What is installed, what it can do, and where it runs",
    )];
    resources.extend(running.then(|| {
        resource(
            RUNNING,
            "running",
            "Loaded models",
            "Models in memory, their share on a GPU, and when they are unloaded",
        )
    }));
    resources.push(resource(
        HEALTH,
        "health",
        "Ollama's state",
        "Whether the model server answers, and what to do when it does not",
    ));
    resources.extend(stored.then(conversations::resource));
    resources
}

/// The templates; `stored` and `running` as above.
pub(super) fn templates(stored: bool, running: bool) -> Vec<ResourceTemplate> {
    let mut templates = vec![
        ResourceTemplate::new(MODEL_TEMPLATE, "model")
            .with_title("One model")
            .with_description(
                "Capabilities, context length, parameters, template and license of an installed model",
            )
            .with_mime_type(JSON),
    ];
    templates.extend(running.then(|| {
        ResourceTemplate::new(RUNNING_TEMPLATE, "running_model")
            .with_title("One loaded model")
            .with_description("Memory, how much of it on a GPU, context, and until when it stays loaded")
            .with_mime_type(JSON)
    }));
    templates.extend(stored.then(conversations::template));
    templates
}

/// Reads a resource.
///
/// # Errors
/// Resource not found; an internal error where the model server fails.
pub(super) async fn read(server: &McpServer, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let services = server.services();
    let (failed, stored) = (|error| failed(uri, &server.told(error)), server.stores());
    match Address::of(uri) {
        Some(Address::Models) => {
            let models = services.models.list_models().await.map_err(failed)?;
            Ok(contents(uri, &ModelsAnswer::from(models), MODELS_TTL_MS))
        }
        Some(Address::Running) => {
            let running = services.models.running_models().await.map_err(failed)?;
            Ok(contents(uri, &RunningAnswer::from(running), 0))
        }
        Some(Address::Health) => Ok(contents(uri, &HealthAnswer::from(services.models.health().await), 0)),
        Some(Address::Model(name)) => {
            let details = services.models.show_model(&name).await.map_err(failed)?;
            Ok(contents(uri, &model_answer(&name, details), MODELS_TTL_MS))
        }
        Some(Address::RunningModel(name)) => {
            let running = services.models.running_models().await.map_err(failed)?;
            let found = running.into_iter().find(|running| full_name(&running.name) == full_name(&name));
            let Some(model) = found else {
                let reason =
                    format!("cannot be read: {name:?} is not loaded; {RUNNING} lists the models that are");
                return Err(not_found(uri, &reason));
            };
            Ok(contents(uri, &RunningModelAnswer::from(model), 0))
        }
        Some(Address::Conversations) if stored => {
            conversations::read_list(services, server.caller(), uri).await.map_err(failed)
        }
        Some(Address::Conversation(id)) if stored => {
            conversations::read_one(services, server.caller(), uri, &id).await.map_err(failed)
        }
        _ => Err(not_found(uri, "is not a resource of this server")),
    }
}

#[derive(Serialize)]
struct ModelPage<'a> {
    name: &'a str,
    #[serde(flatten)]
    details: serde_json::Map<String, serde_json::Value>,
}

fn model_answer(name: &str, details: ModelDetails) -> ModelPage<'_> {
    let facts = json!({
        "capabilities": details.capabilities, "family": details.family, "parameters": details.parameter_size,
        "quantization": details.quantization, "context_length": details.context_length,
        "embedding_length": details.embedding_length, "default_parameters": details.parameters,
        "system": details.system, "template": details.template, "license": details.license,
        "modified_at": details.modified_at, "location": details.remote.map(|remote| remote.host),
    });
    let mut details = serde_json::Map::new();
    if let serde_json::Value::Object(facts) = facts {
        details.extend(facts.into_iter().filter(|(_, value)| !value.is_null()));
    }
    ModelPage { name, details }
}

fn contents(uri: &str, value: &impl Serialize, ttl_ms: u64) -> ReadResourceResult {
    let text = sanitize::json(serde_json::to_string_pretty(value).unwrap_or_default());
    ReadResourceResult::new(vec![ResourceContents::text(text, uri).with_mime_type(JSON)])
        .with_ttl_ms(ttl_ms)
        .with_cache_scope(CacheScope::Private)
}

fn not_found(uri: &str, reason: &str) -> ErrorData {
    ErrorData::resource_not_found(format!("{uri} {reason}"), Some(json!({ "uri": uri })))
}

fn failed(uri: &str, error: &ServiceError) -> ErrorData {
    let error = error.sanitized();
    match error.code {
        ErrorCode::ModelNotFound | ErrorCode::ConversationNotFound | ErrorCode::InvalidArgument => {
            not_found(uri, &format!("cannot be read: {}", error.text()))
        }
        code => ErrorData::internal_error(error.text(), Some(json!({ "uri": uri, "code": code.as_str() }))),
    }
}
