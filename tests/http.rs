//! The HTTP server: the real binary with `serve`, over real sockets.

mod accounts;
mod anthropic;
mod beyond_loopback;
mod canaries;
mod chat_service;
mod compare;
mod connections;
mod credentials;
#[cfg(unix)]
mod documents;
mod documents_of_uploads;
mod end;
mod failures;
mod fairness;
mod files;
mod framing;
mod guests;
mod heads;
mod isolation;
mod limits;
mod live_events;
#[cfg(target_os = "linux")]
mod lost_replica;
mod mcp;
mod ollama;
mod openai_routes;
mod openapi;
mod own_completions;
mod own_conversations;
mod own_turns;
mod page;
#[cfg(target_os = "linux")]
mod replicas;
mod responses;
mod revocation;
mod routes;
mod running_server;
mod start;
mod stored_answers;
mod usage;
mod web_pages;

use serde_json::json;

use crate::support::fake_ollama::{Answer, FakeOllama};
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

/// Answers on the routes of Ollama that its world has no recording for.
fn answer_all(fake: &FakeOllama) {
    let vectors = json!({ "model": "m", "embeddings": [[0.5, 1.0], [0.25, 2.0]], "prompt_eval_count": 7 });
    fake.on("POST", "/api/embed", Answer::json(200, vectors));
    let said = json!({ "model": "m", "response": "c = a + b", "done": true, "done_reason": "stop" });
    fake.on("POST", "/api/generate", Answer::ndjson(&[said]));
    for case in [
        "status_get",
        "embeddings_legacy_model_ok",
        "pull_success_stream",
        "push_success_stream",
        "create_from_stream",
        "copy",
        "delete",
    ] {
        fake.replay(case);
    }
}
