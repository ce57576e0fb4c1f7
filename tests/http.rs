//! The HTTP server: the real binary with `serve`, over real sockets.

mod chat_service;
mod connections;
mod credentials;
mod end;
mod failures;
mod framing;
mod heads;
mod openai_routes;
mod own_completions;
mod routes;
mod start;
mod web_pages;

use crate::support::fake_ollama::FakeOllama;
use crate::support::http_server::HttpServer;

/// A server over the fake's world.
async fn started() -> (FakeOllama, HttpServer) {
    started_with(&[]).await
}

/// The same, with these variables.
async fn started_with(environment: &[(&str, &str)]) -> (FakeOllama, HttpServer) {
    let fake = FakeOllama::start().await.with_defaults();
    let server = HttpServer::start_with(&fake, environment).await;
    (fake, server)
}
