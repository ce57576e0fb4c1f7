//! What hosts' files become, without a process: paths on every system, edits of any text.

mod environment;
mod json;
mod remote;
mod toml;

use serde_json::{Value, json};

/// An entry as VS Code takes it.
fn entry() -> Value {
    json!({ "type": "stdio", "command": "/bin/ollama-mcp", "args": [], "env": { "OLLAMA_HOST": "http://h:1" } })
}
