//! No answer is lost: deadlines, completions that go on by themselves, the queue, and signs of life.

mod background;
mod deadline;
mod get;
mod places;
mod queue;
mod signs;

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::{PATIENCE, Session};

/// A model of the fake's world.
const MODEL: &str = "gemma3:270m";
/// A deadline that comes soon, and not before a busy machine has two pieces.
const DEADLINE: &str = "400ms";
/// The reply of the fake in these tests.
const WHOLE: &str = "one two three";
/// What comes of it before the gate.
const SO_FAR: &str = "one two ";

/// A reply of three pieces, with a gate after the second.
fn gated(gate: &Gate) -> Answer {
    Answer::ndjson(&reply(&["one ", "two ", "three"])).gate_after(2, gate)
}

/// The lines of a reply.
fn reply(pieces: &[&str]) -> Vec<Value> {
    let piece = |text: &&str| json!({ "model": MODEL, "message": { "role": "assistant", "content": text } });
    let mut lines: Vec<_> = pieces.iter().map(piece).collect();
    lines.push(json!({ "model": MODEL, "done": true, "done_reason": "stop", "eval_count": 3 }));
    lines
}

/// A fake whose chats stop after two pieces until the gate opens, and a server with these settings.
async fn start(settings: &[(&str, &str)]) -> (FakeOllama, Gate, Session) {
    let fake = FakeOllama::start().await.with_defaults();
    let gate = Gate::new();
    fake.on("POST", "/api/chat", gated(&gate));
    let url = fake.url();
    let session = Session::with(&[&[("OLLAMA_HOST", url.as_str())], settings].concat());
    (fake, gate, session)
}

fn chat(prompt: &str) -> Value {
    json!({ "model": MODEL, "prompt": prompt })
}

/// The params of a call with a progress token.
fn watched(tool: &str, arguments: Value, token: &str) -> Value {
    json!({ "name": tool, "arguments": arguments, "_meta": { "progressToken": token } })
}

/// The status, and the text, of an answer.
fn state(result: &Value) -> (&str, &str) {
    let structured = &result["structuredContent"];
    let text = structured.pointer("/choices/0/message/content").and_then(Value::as_str);
    let text = text.unwrap_or_else(|| panic!("no completion: {result:#}"));
    (structured["status"].as_str().unwrap(), text)
}

fn id_of(result: &Value) -> String {
    // One that goes on says `completion_id`; one that has ended is OpenAI's object, with `id`.
    let of = |name| result["structuredContent"][name].as_str();
    let id = of("completion_id").or_else(|| of("id"));
    id.unwrap_or_else(|| panic!("no id: {result:#}")).to_owned()
}

/// Waits for a progress message of a token, whose text has these words, and returns the text.
async fn progress_with(session: &mut Session, token: &str, words: &str) -> String {
    loop {
        let message = session.next().await;
        assert_eq!(message["method"], "notifications/progress", "not progress: {message}");
        let text = message["params"]["message"].as_str().unwrap().to_owned();
        if message["params"]["progressToken"] == token && text.contains(words) {
            return text;
        }
    }
}

/// Waits until all before the gate has come to the newest completion that goes on.
async fn text_has_come(session: &mut Session) {
    let look = json!({ "wait_seconds": 0 });
    let waiting = async {
        while state(&session.call("get_completion", look.clone()).await) != ("in_progress", SO_FAR) {}
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the text so far comes");
}
