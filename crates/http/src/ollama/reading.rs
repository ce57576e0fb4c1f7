//! Requests as they come in: the model that is meant, and the errors of the core as Ollama words them.

use axum::http::StatusCode;

use crate::call::Call;
use crate::error::HttpError;
use service::forwarding::{ForwardRequest, NamedModel, OllamaRoute};
use service::{ErrorCode, ServiceError};

/// Takes the body of a request.
///
/// # Errors
/// 400 for a name that is given twice, 413, 408.
pub(super) async fn read(call: &mut Call, route: OllamaRoute) -> Result<ForwardRequest, HttpError> {
    let body = call.bytes().await?;
    ForwardRequest::read(route, body).map_err(|error| call.error(&error))
}

/// The request for the model that its caller means by a name of ours: an alias, or `default`.
pub(super) fn with_meant_model(call: &Call, request: ForwardRequest) -> ForwardRequest {
    let NamedModel::Named(name) = request.model() else { return request };
    match call.app.options.model_meant_by(Some(name.clone())) {
        Some(meant) if meant == name => request,
        Some(meant) => request.for_model(&meant),
        None => request.for_default_model(),
    }
}

/// An error of the core, as this caller may see it. A model that the caller may not use is missing in Ollama's own words.
pub(super) fn refused(call: &Call, error: &ServiceError, request: &ForwardRequest) -> HttpError {
    let names =
        [request.model(), request.named("source"), request.named("destination"), request.named("from")];
    let hidden = names.into_iter().find_map(|name| match name {
        NamedModel::Named(name) if !call.caller().may_use(&name) => Some(name),
        _ => None,
    });
    match hidden.filter(|_| error.code == ErrorCode::ModelNotFound) {
        Some(name) => missing(request.route(), &name),
        None => call.error(error),
    }
}

/// Only Ollama can do it.
pub(super) fn only_ollama() -> HttpError {
    let text = "Only Ollama can do this, and another kind of model server is configured";
    HttpError::new(StatusCode::NOT_IMPLEMENTED, "unsupported", text)
}

/// Each route of Ollama's words it in its own way.
fn missing(route: &OllamaRoute, name: &str) -> HttpError {
    let text = match route {
        OllamaRoute::Embed | OllamaRoute::Embeddings => {
            format!("model {name:?} not found, try pulling it first")
        }
        OllamaRoute::Copy => format!("model {name:?} not found"),
        OllamaRoute::Show if !name.contains(':') => format!("model '{name}:latest' not found"),
        _ => format!("model '{name}' not found"),
    };
    HttpError::new(StatusCode::NOT_FOUND, ErrorCode::ModelNotFound.as_str(), text)
}
