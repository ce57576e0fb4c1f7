//! The front that speaks HTTP. The only crate that names axum.
//!
//! It reads requests, calls the service, and writes answers. A module uses only those below it:
//!
//! ```text
//! server, connection              sockets: accepting, limits, the end
//! router                          from a request to the handler of its route
//! base, openai, anthropic, ollama,  the routes, one folder for each family
//!   accounts, chat_service, own, page
//! ndjson                          a reply in Ollama's chunks
//! idempotency, follow             a completion on behalf of a response; one answer for the same request
//! multipart, download, attachments  files in a request and in an answer; files that go with a chat
//! mount                           a service of another front, such as MCP
//! route, openapi                  what a route is, and its description
//! call                            one request: its caller, its body, its answer
//! access                          which requests are accepted, and who sends them
//! state                           what all requests share
//! metrics, mount                  counters; a service of another front, such as MCP
//! error, hint, extras, json, sse, gzip  errors by dialect, what answers say beside their API's fields, bodies, streams
//! rate_limit                      what is left of limits, as headers
//! options, guides
//! ```

mod access;
mod accounts;
mod anthropic;
mod attachments;
mod base;
mod call;
mod chat_fields;
mod chat_service;
mod connection;
mod download;
mod error;
mod extras;
mod follow;
mod guides;
mod gzip;
mod hint;
mod idempotency;
mod json;
mod mcp_routes;
mod metrics;
mod mount;
mod multipart;
mod ndjson;
mod ollama;
mod openai;
mod openapi;
mod options;
mod own;
mod page;
mod rate_limit;
mod route;
mod router;
mod server;
mod sse;
mod state;

pub use access::LocalKey;
pub use guides::{Guide, GuideGroup, GuideTarget, KEY_PLACEHOLDER, MakeGuides};
pub use mount::{Body, Endpoint, Request, Response};
pub use openapi::{openapi, routes_markdown};
pub use options::{HttpOptions, Timeouts};
pub use server::HttpServer;

/// Reads the body of a request as routes do, for fuzzing. `Err` is the status of the answer.
///
/// # Errors
/// It is not what is expected.
#[cfg(fuzzing)]
pub fn fuzz_body<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, u16> {
    json::parse(bytes, &mut Vec::new()).map_err(|error| error.status.as_u16())
}

/// Reads the body of `POST /chat`, for fuzzing. `Err` is the status of the answer.
///
/// # Errors
/// It is refused.
#[cfg(fuzzing)]
pub fn fuzz_chat_service(bytes: &[u8]) -> Result<(), u16> {
    chat_service::fuzz_chat(bytes).map_err(|error| error.status.as_u16())
}
