//! What can be read: the models, the running ones, the server's state, one model of either by
//! name, and the stored conversations.
//!
//! MCP 2025-11-25, server/resources.

pub(super) mod conversations;
pub(super) mod subscriptions;
mod uri;

use rmcp::model::{CacheScope, ErrorData, ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde::Serialize;
use serde_json::json;

pub(super) use uri::ResourceUri;
use uri::{HEALTH, MODELS, RUNNING};

use crate::answers::health::HealthAnswer;
use crate::answers::models::{ModelPage, ModelsAnswer};
use crate::answers::running_models::{RunningAnswer, RunningModelAnswer};
use crate::answers::to_pretty_json;
use crate::state::ServerState;
use service::models::lifecycle::full_name;
use service::{ErrorCode, ServiceError};

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
pub(super) async fn read(server: &ServerState, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    let services = server.services();
    let (failed, stored) = (|error| failed(uri, &server.told(error)), server.stores());
    match ResourceUri::parse(uri) {
        Some(ResourceUri::Models) => {
            let models = services.models.list_models().await.map_err(failed)?;
            contents(uri, &ModelsAnswer::from(models), MODELS_TTL_MS).map_err(failed)
        }
        Some(ResourceUri::Running) => {
            let running = services.models.running_models().await.map_err(failed)?;
            contents(uri, &RunningAnswer::from(running), 0).map_err(failed)
        }
        Some(ResourceUri::Health) => {
            contents(uri, &HealthAnswer::from(services.models.health().await), 0).map_err(failed)
        }
        Some(ResourceUri::Model(name)) => {
            let details = services.models.show_model(&name).await.map_err(failed)?;
            contents(uri, &ModelPage::new(&name, details), MODELS_TTL_MS).map_err(failed)
        }
        Some(ResourceUri::RunningModel(name)) => {
            let running = services.models.running_models().await.map_err(failed)?;
            let found = running.into_iter().find(|running| full_name(&running.name) == full_name(&name));
            let Some(model) = found else {
                let reason =
                    format!("cannot be read: {name:?} is not loaded; {RUNNING} lists the models that are");
                return Err(not_found(uri, &reason));
            };
            contents(uri, &RunningModelAnswer::from(model), 0).map_err(failed)
        }
        Some(ResourceUri::Conversations) if stored => {
            conversations::read_list(services, uri).await.map_err(failed)
        }
        Some(ResourceUri::Conversation(id)) if stored => {
            conversations::read_one(services, uri, &id).await.map_err(failed)
        }
        _ => Err(not_found(uri, "is not a resource of this server")),
    }
}

fn contents(uri: &str, value: &impl Serialize, ttl_ms: u64) -> Result<ReadResourceResult, ServiceError> {
    let text = ResourceContents::text(to_pretty_json(value)?, uri).with_mime_type(JSON);
    Ok(ReadResourceResult::new(vec![text]).with_ttl_ms(ttl_ms).with_cache_scope(CacheScope::Private))
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
