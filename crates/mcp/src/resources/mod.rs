//! Resources: installed and loaded models, the state of the model server, stored conversations.
//!
//! MCP 2025-11-25, server/resources.

mod contents;
mod conversations;
pub(super) mod subscriptions;
pub(super) mod uri;

use rmcp::model::{ErrorData, ReadResourceResult, Resource, ResourceTemplate};
use serde_json::json;

use super::answers::health::HealthAnswer;
use super::answers::models::{ModelPage, ModelsAnswer};
use super::answers::running_models::{RunningAnswer, RunningModelAnswer};
use super::state::ServerState;
use contents::{JSON, contents};
use service::models::name::full_name;
use service::{Caller, ErrorCode, ServiceError};
use uri::{HEALTH, MODEL_TEMPLATE, MODELS, RUNNING, RUNNING_TEMPLATE, ResourceUri, not_found};

/// How long clients may cache models: they seldom change, and hosts may read them often.
const MODELS_TTL_MS: u64 = 5_000;

/// The resources. `stored`: conversations are stored; `running`: the model server reports which models are loaded.
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
pub(super) async fn read(
    server: &ServerState,
    caller: &Caller,
    uri: &str,
) -> Result<ReadResourceResult, ErrorData> {
    let services = server.services();
    let (failed, stored) = (|error| failed(uri, &server.render_error(error, caller)), server.stores());
    match ResourceUri::parse(uri) {
        Some(ResourceUri::Models) => {
            let models = services.models.list_models(caller).await.map_err(failed)?;
            contents(uri, &ModelsAnswer::from(models), MODELS_TTL_MS).map_err(failed)
        }
        Some(ResourceUri::Running) => {
            let running = services.models.running_models(caller).await.map_err(failed)?;
            contents(uri, &RunningAnswer::from(running), 0).map_err(failed)
        }
        Some(ResourceUri::Health) => {
            let health = services.models.health(caller).await;
            contents(uri, &HealthAnswer::new(health, caller), 0).map_err(failed)
        }
        Some(ResourceUri::Model(name)) => {
            let details = services.models.show_model(caller, &name).await.map_err(failed)?;
            contents(uri, &ModelPage::new(&name, details), MODELS_TTL_MS).map_err(failed)
        }
        Some(ResourceUri::RunningModel(name)) => {
            let running = services.models.running_models(caller).await.map_err(failed)?;
            let found = running.into_iter().find(|running| full_name(&running.name) == full_name(&name));
            let Some(model) = found else {
                let reason =
                    format!("cannot be read: {name:?} is not loaded; {RUNNING} lists the models that are");
                return Err(not_found(uri, &reason));
            };
            contents(uri, &RunningModelAnswer::from(model), 0).map_err(failed)
        }
        Some(ResourceUri::Conversations) if stored => {
            conversations::read_list(services, caller, uri).await.map_err(failed)
        }
        Some(ResourceUri::Conversation(id)) if stored => {
            conversations::read_one(services, caller, uri, &id).await.map_err(failed)
        }
        _ => Err(not_found(uri, "is not a resource of this server")),
    }
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
