//! Every tool, right and wrong, at the most talkative log: no prompt, reply, file, token or key is in it.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::MODEL;
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::process::Process;

/// What every private text in here begins with.
const PRIVATE: &str = "canary-";

/// Arguments for every tool that have a private text in each place for free text.
fn arguments() -> Vec<(&'static str, Value)> {
    let message = |role: &str| json!({ "role": role, "content": format!("canary-{role}") });
    let tools = json!([{ "type": "function", "function": { "name": "f", "description": "canary-tool" } }]);
    let schema = json!({ "type": "object", "properties": { "canary-property": { "type": "string" } } });
    vec![
        (
            "chat_completion",
            json!({
                "model": MODEL, "messages": [message("system"), message("user"), message("assistant"), message("user")],
                "attachments": ["a.txt"], "tools": tools, "stop": "canary-stop", "options": { "canary-option": "canary-value" },
            }),
        ),
        (
            "chat_completion",
            json!({ "model": MODEL, "prompt": "canary-prompt", "system": "canary-system", "response_format": schema }),
        ),
        (
            "chat_completion",
            json!({ "model": MODEL, "messages": [{ "role": "canary-role", "content": "canary" }] }),
        ),
        (
            "generate",
            json!({ "model": MODEL, "prompt": "canary-prompt", "suffix": "canary-suffix", "template": "canary-template" }),
        ),
        ("generate", json!({ "model": MODEL, "prompt": "canary-prompt", "images": ["canary-image"] })),
        (
            "converse",
            json!({ "conversation_id": "a", "prompt": "canary-prompt", "model": MODEL, "system": "canary-system", "attachments": ["a.txt"] }),
        ),
        (
            "converse",
            json!({ "conversation_id": "a", "prompt": "canary-second", "attachments": ["broken.pdf"] }),
        ),
        ("get_conversation", json!({ "conversation_id": "a" })),
        ("list_conversations", json!({})),
        ("list_conversations", json!({ "cursor": "canary-cursor" })),
        (
            "compare_models",
            json!({ "models": [MODEL, "gemma3:270m"], "prompt": "canary-prompt", "attachments": ["a.txt"] }),
        ),
        (
            "batch_completion",
            json!({ "model": MODEL, "instruction": "canary-instruction", "inputs": ["canary-input"], "files": ["a.txt", "b.bin"] }),
        ),
        (
            "summarize_files",
            json!({ "model": MODEL, "files": ["a.txt", "broken.pdf"], "instruction": "canary-instruction" }),
        ),
        (
            "ask_files",
            json!({ "model": MODEL, "files": ["."], "question": "canary-question", "passages": true }),
        ),
        (
            "find_in_files",
            json!({ "files": ["*.txt"], "query": "canary-query", "embedding_model": "canary-model" }),
        ),
        ("find_in_files", json!({ "files": ["canary-*"], "query": "canary-query" })),
        ("get_completion", json!({})),
        ("get_completion", json!({ "completion_id": "canary-id" })),
        ("cancel_completion", json!({ "completion_id": "canary-id" })),
        ("embed", json!({ "model": MODEL, "input": ["canary-input"] })),
        (
            "rank",
            json!({ "model": MODEL, "query": "canary-query", "texts": ["canary-text", "canary-other"] }),
        ),
        (
            "create_model",
            json!({
                "model": "mine", "from": MODEL, "system": "canary-system", "template": "canary-template", "license": "canary-license",
                "parameters": { "stop": "canary-stop" }, "messages": [message("user"), message("assistant")],
            }),
        ),
        ("create_model", json!({ "model": "mine", "gguf": "a.gguf" })),
        ("web_search", json!({ "query": "canary-query" })),
        ("web_fetch", json!({ "url": "https://example.com/canary-path?canary-query" })),
        ("web_fetch", json!({ "url": "https://me:canary-password@example.com" })),
        ("delete_conversation", json!({ "conversation_id": "a", "confirm": true })),
        ("health_check", json!({})),
        ("list_models", json!({})),
        ("list_running_models", json!({})),
        ("show_model", json!({ "model": MODEL })),
        ("load_model", json!({ "model": MODEL, "keep_alive": "canary-time" })),
        ("unload_model", json!({ "model": MODEL })),
        ("copy_model", json!({ "source": MODEL, "destination": "mine" })),
        ("pull_model", json!({ "model": "mine" })),
        ("push_model", json!({ "model": "me/mine" })),
        ("delete_model", json!({ "model": "mine" })),
    ]
}

#[tokio::test]
async fn no_tool_logs_private_text() {
    let fake = FakeOllama::start().await.with_defaults();
    let said = json!({ "model": MODEL, "message": { "role": "assistant", "content": "canary-reply", "thinking": "canary-thought" }, "done": true });
    fake.on("POST", "/api/chat", Answer::ndjson(&[said]));
    // Some servers quote what they refuse.
    for status in [503, 429, 400] {
        fake.on_next(
            "POST",
            "/api/chat",
            Answer::json(status, json!({ "error": "busy with canary-quoted" })),
        );
    }
    fake.on("POST", "/api/pull", Answer::ndjson(&[json!({ "error": "canary-quoted" })]));
    fake.on("POST", "/api/generate", Answer::json(500, json!({ "error": "canary-error" })));
    fake.on("POST", "/api/embed", Answer::text(200, "text/plain", "canary-garbage"));
    let (folder, files) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    for (name, bytes) in [
        ("a.txt", &b"canary-file"[..]),
        ("b.bin", b"canary-bytes\0\x01"),
        ("broken.pdf", b"%PDF-1.4 canary-pdf"),
        ("a.gguf", b"GGUF canary-weights"),
    ] {
        std::fs::write(files.path().join(name), bytes).unwrap();
    }
    let log = folder.path().join("log");
    // Nothing goes to the internet: the way there is closed.
    let proxy = format!("http://canary-name:canary-password@{}", FakeOllama::closed_address());
    let url = fake.url();
    let environment = [
        ("OLLAMA_HOST", url.as_str()),
        ("HTTPS_PROXY", proxy.as_str()),
        ("OLLAMA_MCP_LOG", "trace"),
        ("OLLAMA_MCP_LOG_FILE", log.to_str().unwrap()),
        ("OLLAMA_MCP_TOOLSETS", "all"),
        ("OLLAMA_MCP_AUTH_TOKEN", "canary-token"),
        ("OLLAMA_MCP_HEADERS", "X-Private: canary-header"),
        ("OLLAMA_API_KEY", "canary-key"),
        ("OLLAMA_MCP_ALLOWED_DIRS", files.path().to_str().unwrap()),
    ];
    let mut host = Process::with(&[], &environment);
    host.handshake("2025-11-25", "tests").await;
    let list = host.ask("tools/list", json!({})).await["result"]["tools"].take();
    let tools: Vec<_> = list.as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    let arguments = arguments();
    for tool in &tools {
        assert!(arguments.iter().any(|(name, _)| name == tool), "{tool} is not tried");
    }
    let mut answered = String::new();
    for (tool, right) in arguments {
        assert!(tools.contains(&tool), "there is no {tool}");
        // As it is, under an unknown name, and of a wrong type.
        let mut unknown = right.clone();
        unknown["canary-argument"] = json!("canary-unknown");
        let wrong: Value = right
            .as_object()
            .unwrap()
            .keys()
            .map(|key| (key.clone(), json!({ "canary-key": "canary-type" })))
            .collect();
        for arguments in [right, unknown, wrong] {
            let answer = host.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await;
            answered += &answer.to_string();
        }
    }
    for (method, params) in [
        ("prompts/get", json!({ "name": "canary-prompt", "arguments": { "text": "canary-text" } })),
        ("resources/read", json!({ "uri": "ollama://conversations/canary-id" })),
        ("resources/read", json!({ "uri": "canary-uri" })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "canary" }, "argument": { "name": "canary-name", "value": "canary-value" } }),
        ),
        ("canary-method", json!({ "canary": "canary-value" })),
    ] {
        host.ask(method, params).await;
    }
    // It did happen: what is private has been through the server.
    assert!(answered.contains("canary-reply") && answered.contains("canary-prompt"), "{answered}");
    assert!(!answered.contains("canary-token") && !answered.contains("canary-header"), "{answered}");
    assert!(!answered.contains("canary-password"), "{answered}");
    let ended = host.finish().await;
    for (place, log) in [("stderr", ended.stderr), ("the file", std::fs::read_to_string(&log).unwrap())] {
        assert!(log.lines().count() > 20, "{place} is hardly at trace: {log}");
        let lines: Vec<_> = log.lines().filter(|line| line.contains(PRIVATE)).collect();
        assert!(lines.is_empty(), "{place} holds what is private: {lines:#?}");
    }
}
