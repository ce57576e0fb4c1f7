//! The tools besides the core ones: managing models, bare prompts, many replies, embeddings.

mod auto_pull;
mod calls;
mod choice;
mod confirm;
mod confirm_stateless;
mod create;
mod create_gguf;
mod embeddings;
mod foreign_text;
mod generate;
mod many;
mod models;
mod named;
mod pull;
mod push;
mod registries;
mod requested;
mod response_format;
mod rules;
mod web;

use serde_json::Value;

use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::Session;

/// A model that is installed in the fake's world.
const MODEL: &str = "gemma3:270m";

/// The fake's world, and a server of it with these settings.
async fn start(settings: &[(&str, &str)]) -> (FakeOllama, Session) {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let session = Session::with(&[&[("OLLAMA_HOST", url.as_str())], settings].concat());
    (fake, session)
}

/// The text of an answer that is no error.
fn text(result: &Value) -> &str {
    assert_ne!(result["isError"], true, "{result:#}");
    result["content"][0]["text"].as_str().unwrap()
}

/// The names of the tools that a session lists.
async fn tools(session: &mut Session) -> Vec<String> {
    let listed = session.ask("tools/list", serde_json::json!({})).await;
    let listed = listed["result"]["tools"].as_array().unwrap().clone();
    listed.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}
