//! The MCP front in this process, over the fake Ollama: what hosts see of tools, resources and prompts.

mod chat_errors;
mod chat_reply;
mod chat_request;
mod definitions;
mod models;
mod progress;
mod prompts;
mod resilience;
mod sdk_client;
mod sessions;
mod truncation;

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::Session;

/// A model that is installed in the fake's world.
const MODEL: &str = "qwen2.5-coder:0.5b";

/// What the fake's world answers to a chat.
const REPLY: &str = "Three colours are red, blue, and green.";

/// The fake's world with another answer to chats, and a session with it.
async fn answering(answer: Answer) -> (FakeOllama, Session) {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", answer);
    let session = Session::start(&fake);
    (fake, session)
}

/// Arguments of a plain chat.
fn plain() -> Value {
    json!({ "model": MODEL, "prompt": "Name three colours." })
}

/// The first message of a completion.
fn message(result: &Value) -> &Value {
    &result["structuredContent"]["choices"][0]["message"]
}
