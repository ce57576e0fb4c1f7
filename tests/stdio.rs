//! The real binary over real pipes, as hosts and shells use it.

mod by_hand;
mod canaries;
mod cancel;
mod end_of_input;
mod handshakes;
mod logs;
mod malformed;
mod order;
mod pressure;
mod scarcity;
mod settings;
#[cfg(unix)]
mod signals;
mod stateless;

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama, Gate, Request};
use crate::support::process::Process;

/// A model that is installed in the fake's world.
const MODEL: &str = "qwen2.5-coder:0.5b";

/// What the fake's world answers to a chat.
const REPLY: &str = "Three colours are red, blue, and green.";

/// The params of a chat; `prompt` tells chats apart.
fn chat(prompt: &str) -> Value {
    json!({ "name": "chat_completion", "arguments": { "model": MODEL, "prompt": prompt } })
}

/// The fake's world, where every chat stops after three pieces until the gate opens.
async fn gated() -> (FakeOllama, Gate) {
    let fake = FakeOllama::start().await.with_defaults();
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(3, &gate));
    (fake, gate)
}

/// Starts a chat, and waits until the fake has it.
async fn chat_in_flight(process: &mut Process, fake: &FakeOllama) -> (i64, std::sync::Arc<Request>) {
    let id = process.request("tools/call", chat("wait")).await;
    (id, fake.wait_for("POST", "/api/chat").await)
}

/// The reply in the answer of a chat.
fn reply(answer: &Value) -> &str {
    let content = answer.pointer("/result/structuredContent/choices/0/message/content");
    content.and_then(Value::as_str).unwrap_or_else(|| panic!("no reply: {answer}"))
}
