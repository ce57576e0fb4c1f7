//! A turn of Claude Code, in the form of what 2.1.330 sends; the texts are ours.

use serde_json::{Value, json};

use super::*;
use crate::http::started;
use crate::support::http_client::answer;

const BETAS: &str = "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,\
    mid-conversation-tool-changes-2026-07-01,advanced-tool-use-2025-11-20,effort-2025-11-24";

fn tool(name: &str) -> Value {
    json!({
        "name": name, "description": format!("Does {name}"),
        "input_schema": { "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "properties": { "file_path": { "type": "string" } }, "required": ["file_path"], "additionalProperties": false },
    })
}

/// The request of a turn. `billing` differs from one to the next.
fn turn(billing: &str, messages: Value) -> Value {
    let cached = json!({ "type": "ephemeral" });
    let mut tools: Vec<_> =
        ["Bash", "Edit", "Read", "ToolSearch", "Write"].iter().map(|name| tool(name)).collect();
    tools.push(json!({ "name": "DeferredToolPlaceholder", "description": "-", "input_schema": { "type": "object", "properties": {} }, "defer_loading": true }));
    json!({
        "model": MODEL, "max_tokens": 32000, "stream": true, "messages": messages, "tools": tools,
        "system": [
            { "type": "text", "text": format!("x-anthropic-billing-header: cc_version=2.1.330.{billing}; cc_entrypoint=cli;") },
            { "type": "text", "text": "You are an agent.", "cache_control": cached },
            { "type": "text", "text": "Use your tools.", "cache_control": cached },
        ],
        "thinking": { "type": "adaptive", "display": "omitted" },
        "context_management": { "edits": [{ "type": "clear_thinking_20251015", "keep": "all" }] },
        "output_config": { "effort": "high" },
        "metadata": { "user_id": "{\"device_id\":\"d\",\"session_id\":\"s\"}" },
    })
}

async fn send(server: &crate::support::http_server::HttpServer, body: &Value) -> HttpAnswer {
    let request = server.local().posting("/v1/messages?beta=true", body);
    let request = request.header("anthropic-version", "2023-06-01").header("anthropic-beta", BETAS);
    let request = request.header("anthropic-dangerous-direct-browser-access", "true").header("x-app", "cli");
    answer(request.header("accept", "application/json")).await
}

#[tokio::test]
async fn turn_with_tools_is_answered() {
    let (fake, server) = started().await;
    let environment = json!({ "role": "system", "content": [{ "type": "text", "text": "# Environment", "cache_control": { "type": "ephemeral" } }] });
    let question = json!({ "role": "user", "content": [
        { "type": "text", "text": "<system-reminder>\nBe kind.\n</system-reminder>" },
        { "type": "text", "text": "What is in a.txt?" },
    ] });
    let called = json!({ "model": MODEL, "message": { "role": "assistant", "content": "I read it.",
        "tool_calls": [{ "function": { "name": "Read", "arguments": { "file_path": "/a.txt" } } }] }, "done": false });
    let end = json!({ "model": MODEL, "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": "stop",
        "prompt_eval_count": 900, "eval_count": 20 });
    fake.on_next("POST", "/api/chat", Answer::ndjson(&[called, end]));
    let first = send(&server, &turn("4f9", json!([question, environment]))).await;
    let message = collected(&whole(&first));
    assert_eq!(message["stop_reason"], "tool_use", "{message}");
    let call = &message["content"][1];
    assert_eq!((&call["name"], &call["input"]), (&json!("Read"), &json!({ "file_path": "/a.txt" })));
    let ignored = first.header("x-ollama-mcp-ignored");
    for name in
        ["metadata", "context_management", "cache_control", "thinking", "system.x-anthropic-billing-header"]
    {
        assert!(ignored.split(", ").any(|ignored| ignored == name), "{name}: {ignored}");
    }
    let result = json!({ "role": "user", "content": [
        { "tool_use_id": call["id"], "type": "tool_result", "content": "1\tforty-two", "cache_control": { "type": "ephemeral" } },
    ] });
    let answered = json!({ "role": "assistant", "content": message["content"] });
    let before = asked(&fake);
    fake.on("POST", "/api/chat", said(&["Forty-", "two."], "stop", 4));
    let second = send(&server, &turn("5aa", json!([question, environment, answered, result]))).await;
    let message = collected(&whole(&second));
    assert_eq!(message["content"], json!([{ "type": "text", "text": "Forty-two." }]));
    assert_eq!(
        (&message["stop_reason"], &message["usage"]["input_tokens"]),
        (&json!("end_turn"), &json!(33))
    );

    let after = asked(&fake);
    let roles = |request: &Value| -> Vec<String> {
        let messages = request["messages"].as_array().unwrap();
        messages.iter().map(|message| message["role"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(roles(&before), ["system", "user"]);
    assert_eq!(roles(&after), ["system", "user", "assistant", "tool"]);
    assert_eq!(before["messages"][0]["content"], "You are an agent.\nUse your tools.");
    let question = before["messages"][1]["content"].as_str().unwrap();
    assert!(
        question.ends_with("What is in a.txt?\n<system-reminder>\n# Environment\n</system-reminder>"),
        "{question}"
    );
    // The model server has read the beginning before: not a byte of it differs.
    assert_eq!(before["messages"].as_array().unwrap()[..], after["messages"].as_array().unwrap()[..2]);
    let names: Vec<_> = after["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["Bash", "Edit", "Read", "ToolSearch", "Write"]);
    assert_eq!(
        (&after["messages"][3]["content"], &after["messages"][3]["tool_name"]),
        (&json!("1\tforty-two"), &json!("Read"))
    );
}
