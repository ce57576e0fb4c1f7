//! Stored conversations: turns, lists, resources, and what happens to the file.

#[cfg(target_os = "linux")]
mod database_password;
mod formats;
mod kills;
#[cfg(unix)]
mod limits;
mod lists;
#[cfg(target_os = "linux")]
mod postgres;
mod pulls;
mod system_prompt;
mod trouble;
mod turns;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::fake_ollama::{Answer, FakeOllama, Request};
use crate::support::mcp_client::Session;

/// A model of the fake's world.
const MODEL: &str = "gemma3:270m";

/// The lines of a reply in two pieces.
fn reply(text: &str) -> Vec<Value> {
    let piece = |text: &str| json!({ "model": MODEL, "message": { "role": "assistant", "content": text } });
    let end = json!({
        "model": MODEL, "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": "stop",
        "prompt_eval_count": 40, "eval_count": 5,
    });
    vec![piece("re: "), piece(text), end]
}

/// What was said last to the model.
fn said(request: &Request) -> String {
    let messages = request.json()["messages"].as_array().unwrap().clone();
    messages.last().unwrap()["content"].as_str().unwrap().to_owned()
}

/// Answers "re: " and what was said.
async fn echoing() -> FakeOllama {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::computed(|request| Answer::ndjson(&reply(&said(request)))));
    fake
}

/// An echoing fake, a data directory, and a server over both.
async fn start() -> (FakeOllama, TempDir, Session) {
    let (fake, data) = (echoing().await, TempDir::new().unwrap());
    let session = session(&fake, &data);
    (fake, data, session)
}

fn session(fake: &FakeOllama, data: &TempDir) -> Session {
    let path = data.path().join("data");
    Session::with(&[("OLLAMA_HOST", &fake.url()), ("OLLAMA_MCP_DATA_DIR", path.to_str().unwrap())])
}

fn turn(id: &str, prompt: &str) -> Value {
    json!({ "conversation_id": id, "prompt": prompt, "model": MODEL })
}

/// The contents of a conversation's messages; empty where there is none.
async fn stored(session: &mut Session, id: &str) -> Vec<String> {
    let result = session.call("get_conversation", json!({ "conversation_id": id })).await;
    contents(&result)
}

fn contents(result: &Value) -> Vec<String> {
    let messages = result["structuredContent"]["messages"].as_array().cloned().unwrap_or_default();
    messages.iter().map(|message| message["content"].as_str().unwrap().to_owned()).collect()
}

/// The messages that the model was sent in a request.
fn sent(request: &Request) -> Vec<(String, String)> {
    let messages = request.json()["messages"].as_array().unwrap().clone();
    let text = |message: &Value, key: &str| message[key].as_str().unwrap().to_owned();
    messages.iter().map(|message| (text(message, "role"), text(message, "content"))).collect()
}
