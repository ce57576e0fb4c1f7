//! `response_format`: schemas whose check can take any time cost their own call alone.

use serde_json::{Value, json};

use super::MODEL;
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::tool_error;
use crate::support::process::Process;

/// It doubles the work at each level of the reply.
fn exponential() -> Value {
    json!({ "allOf": [{ "items": { "$ref": "#" } }, { "items": { "$ref": "#" } }] })
}

/// A tree of numbers: each node is looked at once.
fn tree() -> Value {
    json!({ "anyOf": [{ "type": "number" }, { "type": "array", "items": { "$ref": "#" } }] })
}

fn replies(content: &str) -> Answer {
    Answer::ndjson(&[
        json!({ "model": MODEL, "message": { "role": "assistant", "content": content }, "done": false }),
        json!({ "model": MODEL, "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": "stop" }),
    ])
}

fn chat(format: &Value) -> Value {
    json!({ "model": MODEL, "prompt": "?", "response_format": format })
}

async fn server(reply: &str) -> (FakeOllama, Process) {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", replies(reply));
    let mut process = Process::start(&fake, &[]);
    process.handshake("2025-11-25", "tests").await;
    (fake, process)
}

async fn call(process: &mut Process, format: &Value) -> Value {
    let params = json!({ "name": "chat_completion", "arguments": chat(format) });
    process.ask("tools/call", params).await["result"].clone()
}

#[tokio::test]
async fn endless_schema_check_is_stopped_and_others_are_served() {
    let (_fake, mut process) = server(&format!("{}{}", "[".repeat(60), "]".repeat(60))).await;
    let params = json!({ "name": "chat_completion", "arguments": chat(&exponential()) });
    let slow = process.request("tools/call", params).await;
    for _ in 0..20 {
        process.still_serves().await;
    }
    let result = process.answer(slow).await["result"].clone();
    let answer = &result["structuredContent"];
    assert!(
        answer["warnings"]
            .to_string()
            .contains("was not checked against response_format: the check takes more than 5 s"),
        "{result:#}"
    );
    assert!(answer["choices"][0]["message"]["content"].as_str().unwrap().starts_with("[[["));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn check_ends_with_its_call_and_with_the_server() {
    use crate::support::process::{children, is_running, until};
    let (fake, mut process) = server(&format!("{}{}", "[".repeat(60), "]".repeat(60))).await;
    let server = process.id();
    for (requests, signal) in [(1, None), (2, Some("KILL"))] {
        let params = json!({ "name": "chat_completion", "arguments": chat(&exponential()) });
        let slow = process.request("tools/call", params).await;
        // The schema was checked before; what runs after the reply checks that.
        fake.wait_for_requests_to("POST", "/api/chat", requests).await;
        let mut checks = Vec::new();
        until("a check starts", || {
            checks = children(server);
            !checks.is_empty()
        })
        .await;
        match signal {
            None => process.cancel(slow).await,
            Some(signal) => process.signal(signal),
        }
        until("the check ends", || !checks.iter().any(|check| is_running(*check))).await;
    }
}

#[tokio::test]
async fn recursive_schemas_and_patterns_are_checked() {
    let (fake, mut process) = server("[1, [2, \"x\"]]").await;
    let result = call(&mut process, &tree()).await;
    assert!(result["structuredContent"]["warnings"].to_string().contains("does not match response_format"));
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 2, "it was asked for again");
    fake.on("POST", "/api/chat", replies("[1, [2, 3]]"));
    let result = call(&mut process, &tree()).await;
    assert!(result["structuredContent"]["warnings"].as_array().is_none_or(Vec::is_empty), "{result:#}");

    fake.on("POST", "/api/chat", replies("\"abc\""));
    let result = call(&mut process, &json!({ "type": "string", "pattern": "^[0-9]+$" })).await;
    assert!(result["structuredContent"]["warnings"].to_string().contains("does not match"), "{result:#}");
    let result = call(&mut process, &json!({ "type": "string", "pattern": "^[a-z]+$" })).await;
    assert!(result["structuredContent"]["warnings"].as_array().is_none_or(Vec::is_empty), "{result:#}");
}

#[tokio::test]
async fn invalid_or_large_schema_is_refused_before_any_request() {
    let (fake, mut process) = server("1").await;
    let nested = (0..70).fold(json!({}), |inner, _| json!({ "not": inner }));
    for (schema, text) in [
        (json!({ "pattern": "(" }), "response_format is not a JSON Schema"),
        (json!({ "type": "objekt" }), "response_format is not a JSON Schema"),
        (nested, "nested deeper than 64 levels"),
        (json!({ "enum": vec![0; 20_000] }), "at most 10000 are checked"),
        (json!({ "title": "x".repeat(300_000) }), "at most 262144 are checked"),
    ] {
        let result = call(&mut process, &schema).await;
        let (code, said) = tool_error(&result);
        assert_eq!(code, "invalid_argument", "{said}");
        assert!(said.contains(text), "{said}");
        assert!(said.len() < 2_000, "{}", said.len());
    }
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
}
