//! Ollama's own API for Ollama's own clients. Requests and answers are passed on byte for byte; over another kind of model
//! server, `over_core` answers in the same form what can be answered.

mod answer;
mod blobs;
mod generating;
mod management;
mod models;
mod options;
mod over_core;
mod reading;

use crate::route::Route;
pub(crate) use generating::HEADERS;

pub(crate) fn routes() -> Vec<Route> {
    let mut routes = models::routes();
    routes.extend(generating::routes());
    routes.extend(management::routes());
    routes.extend(blobs::routes());
    routes
}
