//! No answer is lost: what a call could not wait for is fetched later, or cancelled.

use serde_json::json;

use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::{Session, tool_error};

const REPLY: &str = "Three colours are red, blue, and green.";

async fn held(deadline: &str) -> (FakeOllama, Gate, Session) {
    let gate = Gate::new();
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(3, &gate));
    let session = Session::with(&[("OLLAMA_HOST", &fake.url()), ("OLLAMA_MCP_CALL_DEADLINE", deadline)]);
    (fake, gate, session)
}

fn chat() -> serde_json::Value {
    json!({ "model": "qwen2.5-coder:0.5b", "prompt": "x" })
}

#[tokio::test]
async fn call_returns_at_deadline_and_rest_is_fetched() {
    let (fake, gate, mut session) = held("1s").await;
    let partial = session.call("chat_completion", chat()).await;
    let answer = &partial["structuredContent"];
    assert_eq!(answer["status"], "in_progress", "{partial:#}");
    assert_eq!(answer["choices"][0]["message"]["content"], "Three colours are");
    let id = answer["completion_id"].as_str().unwrap().to_owned();
    let text = partial["content"].to_string();
    assert!(text.contains("get_completion") && text.contains(&id), "the model is told what to do: {text}");
    let look = session.call("get_completion", json!({ "completion_id": id, "wait_seconds": 0 })).await;
    assert_eq!(look["structuredContent"]["status"], "in_progress");
    gate.open();
    // Without an id: the newest whose end nobody has seen.
    let whole = session.call("get_completion", json!({})).await;
    assert_eq!(whole["structuredContent"]["status"], "completed");
    assert_eq!(whole["structuredContent"]["id"], id.as_str());
    assert_eq!(whole["content"][0]["text"], REPLY);
    let again = session.call("get_completion", json!({ "completion_id": id })).await;
    assert_eq!(again["content"][0]["text"], REPLY);
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1, "generated once");
}

#[tokio::test]
async fn cancelled_completion_keeps_text() {
    let (fake, _gate, mut session) = held("1s").await;
    let partial = session.call("chat_completion", chat()).await;
    let id = partial["structuredContent"]["completion_id"].clone();
    let cancelled = session.call("cancel_completion", json!({ "completion_id": id })).await;
    assert_eq!(cancelled["structuredContent"]["status"], "cancelled", "{cancelled}");
    assert_eq!(cancelled["structuredContent"]["choices"][0]["message"]["content"], "Three colours are");
    fake.closed(fake.requests_to("POST", "/api/chat")[0].index).await;
}

#[tokio::test]
async fn text_of_cancelled_call_can_be_fetched() {
    let (fake, gate, mut session) = held("never").await;
    let id = session.request("tools/call", json!({ "name": "chat_completion", "arguments": chat() })).await;
    let request = fake.wait_for("POST", "/api/chat").await;
    gate.reached(1).await;
    session.cancel(id).await;
    fake.closed(request.index).await;
    let kept = session.call("get_completion", json!({ "wait_seconds": 5 })).await;
    assert_eq!(kept["structuredContent"]["status"], "cancelled", "{kept}");
}

#[tokio::test]
async fn unknown_completion_is_an_error() {
    let (_fake, _gate, mut session) = held("1s").await;
    for (tool, arguments) in [
        ("get_completion", json!({})),
        ("get_completion", json!({ "completion_id": "chatcmpl-nope" })),
        ("cancel_completion", json!({ "completion_id": "chatcmpl-nope" })),
    ] {
        let result = session.call(tool, arguments).await;
        assert_eq!(tool_error(&result).0, "completion_not_found");
    }
    let result = session.call("get_completion", json!({ "wait_seconds": -1 })).await;
    assert_eq!(tool_error(&result).0, "invalid_argument");
}
