//! `/api/version`, `/api/status`, `/api/tags`, `/api/ps` and `/api/show`.

use futures_util::FutureExt as _;

use super::{answer, over_core, reading};
use crate::call::Call;
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use service::forwarding::{ForwardRequest, NamedModel, OllamaRoute};
use types::Scope;

const SHOW: &str = "`model` is an installed model, an alias, or `default`. The answer is Ollama's own; with `verbose` it has megabytes of metadata.";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/version", |call| get(call, OllamaRoute::Version).boxed())
            .about("ollamaVersion", Tag::Ollama, "The version of Ollama")
            .described(
                "Over another kind of model server, the version of Ollama's API that this server speaks.",
            )
            .needs_caller()
            .answers(200, "The version", [Content::any_json().example(r#"{"version":"0.33.0"}"#)]),
        Route::get("/api/status", |call| get(call, OllamaRoute::Status).boxed())
            .about("ollamaStatus", Tag::Ollama, "Whether Ollama serves cloud models")
            .needs_caller()
            .answers(200, "The status", [Content::any_json()]),
        Route::get("/api/tags", |call| list(call, OllamaRoute::Tags).boxed())
            .about("ollamaTags", Tag::Ollama, "The installed models that the caller may use")
            .needs(Scope::ModelsRead)
            .answers(200, "The models", [Content::any_json()]),
        Route::get("/api/ps", |call| list(call, OllamaRoute::Ps).boxed())
            .about("ollamaPs", Tag::Ollama, "The loaded models that the caller may use")
            .needs(Scope::ModelsRead)
            .answers(200, "The models", [Content::any_json()]),
        Route::post("/api/show", |call| show(call).boxed())
            .about("ollamaShow", Tag::Ollama, "What is known of a model")
            .described(SHOW)
            .needs(Scope::ModelsRead)
            .takes(Content::any_json().example(r#"{"model":"qwen3:8b"}"#))
            .answers(200, "Its details", [Content::any_json()]),
    ]
}

async fn get(call: Call, route: OllamaRoute) -> Answer {
    let forwarding = &call.app.services.forwarding;
    if !forwarding.is_available() {
        return over_core::get(&call, &route).await;
    }
    let got = forwarding.get(&route).await.map_err(|error| call.error(&error))?;
    Ok(answer::whole(&call, got))
}

async fn list(call: Call, route: OllamaRoute) -> Answer {
    let forwarding = &call.app.services.forwarding;
    if !forwarding.is_available() {
        return over_core::get(&call, &route).await;
    }
    let listed = forwarding.list(call.caller(), &route).await.map_err(|error| call.error(&error))?;
    Ok(answer::whole(&call, listed))
}

async fn show(mut call: Call) -> Answer {
    let request = reading::read(&mut call, OllamaRoute::Show).await?;
    let request = with_known_model(&call, request).await?;
    let forwarding = &call.app.services.forwarding;
    if !forwarding.is_available() {
        return over_core::show(&call, &request).await;
    }
    let shown = forwarding.show(call.caller(), &request).await;
    let shown = shown.map_err(|error| reading::refused(&call, &error, &request))?;
    Ok(answer::whole(&call, shown))
}

/// The request for the model that is meant. One that names none stays as it is.
async fn with_known_model(call: &Call, request: ForwardRequest) -> Result<ForwardRequest, HttpError> {
    if request.model() == NamedModel::Absent {
        return Ok(request);
    }
    let request = reading::with_meant_model(call, request);
    if request.model() != NamedModel::Absent {
        return Ok(request);
    }
    let default = call.app.services.models.default_model(call.caller()).await;
    Ok(request.for_model(&default.map_err(|error| call.error(&error))?.name))
}
