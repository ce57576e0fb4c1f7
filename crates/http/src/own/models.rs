//! `/x/models`: the models as a page shows them, and what people do with them.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::{Call, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::mount::Response;
use crate::route::{Answer, Content, Route, Tag};
use axum::http::StatusCode;
use service::chat::validate::keep_alive as keep_alive_of;
use service::models::catalog::ListedModel;
use service::models::name::ModelName;
use types::Scope;

/// The models that the caller may use.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ModelCatalog")]
struct Catalog {
    /// The model that answers when none is named
    default: Option<String>,
    /// Whether the caller may pull, load and delete models here
    can_manage: bool,
    /// Whether the server tells which models are loaded
    reports_loaded: bool,
    models: Vec<Entry>,
}

/// A model; what the server does not tell is absent.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CatalogModel")]
struct Entry {
    name: String,
    /// Bytes on disk
    size: Option<u64>,
    modified_at: Option<String>,
    family: Option<String>,
    /// Such as `4.3B`
    parameter_size: Option<String>,
    quantization: Option<String>,
    /// The largest context, in tokens
    context_length: Option<u64>,
    /// Ollama's names: `completion`, `tools`, `vision`, `thinking`, `insert`, `embedding`
    capabilities: Option<Vec<String>>,
    /// `local`, or the host that it runs on
    location: String,
    loaded: Option<bool>,
    running: Option<Running>,
}

/// A model that is loaded.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LoadedModel")]
struct Running {
    /// Bytes of memory
    size: Option<u64>,
    /// Bytes of them on the GPU
    size_vram: Option<u64>,
    /// When it is unloaded; absent: it stays
    expires_at: Option<String>,
    /// Tokens
    context_length: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ModelPull")]
struct Pull {
    model: String,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ModelLoad")]
struct Load {
    model: String,
    /// How long it stays loaded: "10m", seconds, -1 for ever
    keep_alive: Option<Value>,
    /// Tokens of context
    num_ctx: Option<u64>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PullStarted")]
struct Started<'a> {
    /// As `/x/completions/{id}` takes it
    id: &'a str,
}

/// What was done with a model.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ModelChanged")]
struct Done<'a> {
    model: &'a str,
    success: bool,
}

const PULL: &str = "It goes on by itself: `/x/completions/{id}` has its progress and its end, DELETE there stops it, and `/x/events` tells of all.";

pub(super) fn routes() -> Vec<Route> {
    let done = || Content::json::<Done<'static>>();
    vec![
        Route::get("/x/models", |call| list(call).boxed())
            .about("listCatalog", Tag::Own, "The models, with what they can do and whether they are loaded")
            .needs(Scope::ModelsRead)
            .answers(200, "The models, by name", [Content::json::<Catalog>()]),
        Route::post("/x/models/pull", |call| pull(call).boxed())
            .about("pullModel", Tag::Own, "Download a model in the background")
            .described(PULL)
            .needs(Scope::ModelsWrite)
            .takes(Content::json::<Pull>().example(r#"{"model":"gemma3:4b"}"#))
            .answers(202, "It has begun", [Content::json::<Started<'static>>()]),
        Route::post("/x/models/load", |call| load(call).boxed())
            .about("loadModel", Tag::Own, "Load a model into memory")
            .needs(Scope::ModelsWrite)
            .takes(Content::json::<Load>().example(r#"{"model":"gemma3:4b","keep_alive":"30m"}"#))
            .answers(200, "It is loaded", [done()]),
        Route::post("/x/models/unload", |call| unload(call).boxed())
            .about("unloadModel", Tag::Own, "Free the memory of a model")
            .needs(Scope::ModelsWrite)
            .takes(Content::json::<Pull>().example(r#"{"model":"gemma3:4b"}"#))
            .answers(200, "It is unloaded", [done()]),
        Route::delete("/x/models/{*model}", |call| delete(call).boxed())
            .about("deleteModel", Tag::Own, "Delete a model from the disk")
            .needs(Scope::ModelsWrite)
            .parameter("path", "model", "Its name")
            .answers(200, "It is gone", [done()]),
    ]
}

async fn list(call: Call) -> Answer {
    let models = &call.app.services.models;
    let listed = models.list_models(call.caller()).await.map_err(|error| call.error(&error))?;
    json_answer(&Catalog {
        default: models.default_model(call.caller()).await.ok().map(|default| default.name),
        can_manage: models.features().manages_models && call.identity.may(Scope::ModelsWrite),
        reports_loaded: models.reports_loaded(),
        models: listed.into_iter().map(Entry::from).collect(),
    })
}

async fn pull(mut call: Call) -> Answer {
    let (Pull { model }, ignored) = call.json::<Pull>().await?;
    let model = named(&call, model)?;
    let services = &call.app.services;
    services.tasks.allow_background(call.caller()).map_err(|error| call.error(&error))?;
    let reserved = services.models.reserve_pull(&model).map_err(|error| call.error(&error))?;
    let task = services.transfers.start_pull(call.caller(), &model, false, reserved);
    let task = task.map_err(|error| call.error(&error))?;
    let mut response = json_answer(&Started { id: &task.id })?;
    *response.status_mut() = StatusCode::ACCEPTED;
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

async fn load(mut call: Call) -> Answer {
    let (Load { model, keep_alive, num_ctx }, ignored) = call.json::<Load>().await?;
    let model = named(&call, model)?;
    let keep_alive = keep_alive_of(keep_alive).map_err(|error| call.error(&error))?;
    let models = &call.app.services.models;
    let loaded = models.load_model(call.caller(), &model, keep_alive.as_ref(), num_ctx).await;
    loaded.map_err(|error| call.error(&error))?;
    done(&model, &ignored)
}

async fn unload(mut call: Call) -> Answer {
    let (Pull { model }, ignored) = call.json::<Pull>().await?;
    let model = named(&call, model)?;
    let unloaded = call.app.services.models.unload_model(call.caller(), &model).await;
    unloaded.map_err(|error| call.error(&error))?;
    done(&model, &ignored)
}

async fn delete(call: Call) -> Answer {
    let model = named(&call, call.path("model").to_owned())?;
    let deleted = call.app.services.models.delete_model(call.caller(), &model).await;
    deleted.map_err(|error| call.error(&error))?;
    done(&model, &[])
}

fn named(call: &Call, model: String) -> Result<ModelName, HttpError> {
    ModelName::parse("model", model).map_err(|error| call.error(&error))
}

fn done(model: &str, ignored: &[String]) -> Result<Response, HttpError> {
    let mut response = json_answer(&Done { model, success: true })?;
    tell_ignored(&mut response, ignored);
    Ok(response)
}

impl From<ListedModel> for Entry {
    fn from(listed: ListedModel) -> Self {
        let ListedModel { model, location, running, loaded } = listed;
        Self {
            location: location.describe().to_owned(),
            name: model.name,
            size: model.size,
            modified_at: model.modified_at,
            family: model.family,
            parameter_size: model.parameter_size,
            quantization: model.quantization,
            context_length: model.context_length,
            capabilities: model.capabilities,
            loaded,
            running: running.map(|running| Running {
                size: running.size,
                size_vram: running.size_vram,
                expires_at: running.expires_at,
                context_length: running.context_length,
            }),
        }
    }
}
