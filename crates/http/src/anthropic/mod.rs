//! Anthropic's API, over the same completions as every other front.

mod answer;
mod count_tokens;
mod messages;
pub(crate) mod models;
mod request;
mod stream;

use axum::http::HeaderMap;

use crate::route::Route;

/// The header that Anthropic's clients send with every request.
pub(crate) const VERSION: &str = "anthropic-version";

pub(crate) fn routes() -> Vec<Route> {
    vec![messages::route(), count_tokens::route()]
}

/// Whether a request comes from a client of Anthropic's API.
pub(crate) fn is_spoken_in(headers: &HeaderMap) -> bool {
    headers.contains_key(VERSION)
}
