//! Ollama's own API: `/api/*`, as Ollama's own clients call it.

mod completions;
mod faults;
mod limits;
mod management;
mod over_core;
mod replay;

use serde_json::{Value, json};

const MODEL: &str = "qwen2.5-coder:0.5b";
const CHAT: &str = "/api/chat";
/// The header with the id of a completion.
const ID: &str = "x-ollama-mcp-completion-id";

fn chat(stream: bool) -> Value {
    json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }], "stream": stream })
}
