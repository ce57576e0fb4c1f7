//! The chat service: the routes of the older services, as their clients call them.

mod chat;
mod generate;
mod history;
mod models;
mod request;
mod upload;

use axum::http::StatusCode;

use crate::error::HttpError;
use crate::route::Route;
pub(crate) use models::ModelsAnswer;
pub(crate) use request::{Asked, ChatRequest};
use service::ErrorCode;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = vec![models::route(), chat::route()];
    routes.extend(history::routes());
    routes.extend(upload::routes());
    routes.push(generate::route());
    routes
}

/// An error of `/chat` and `/models`, whose clients take 502 for a model server that is down.
fn with_502(mut error: HttpError) -> HttpError {
    if error.code == ErrorCode::OllamaUnreachable.as_str() {
        error.status = StatusCode::BAD_GATEWAY;
    }
    error
}

/// Reads a body as `POST /chat` does, for fuzzing.
#[cfg(fuzzing)]
pub(crate) fn fuzz_chat(bytes: &[u8]) -> Result<(), HttpError> {
    let mut ignored = Vec::new();
    let request: request::ChatRequest = crate::json::parse(bytes, &mut ignored)?;
    request.read(&crate::options::HttpOptions::default(), &mut ignored).map(drop)
}
