//! The log never holds what is private: prompts, replies, tokens, secret headers.

use serde_json::json;
use tempfile::TempDir;

use super::{MODEL, REPLY, reply};
use crate::support::fake_ollama::FakeOllama;
use crate::support::process::Process;

#[tokio::test]
async fn trace_log_holds_no_private_text() {
    let fake = FakeOllama::start().await.with_defaults();
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("log");
    let url = fake.url();
    let environment = [
        ("OLLAMA_HOST", url.as_str()),
        ("OLLAMA_MCP_LOG", "trace"),
        ("OLLAMA_MCP_LOG_FILE", file.to_str().unwrap()),
        ("OLLAMA_MCP_AUTH_TOKEN", "secret-token-1"),
        ("OLLAMA_MCP_HEADERS", "X-Private: secret-header-2"),
        ("OLLAMA_API_KEY", "secret-key-3"),
    ];
    let mut host = Process::with(&[], &environment);
    host.handshake("2025-11-25", "tests").await;
    let arguments = json!({ "model": MODEL, "prompt": "private-prompt-4", "system": "private-system-5" });
    let answer = host.ask("tools/call", json!({ "name": "chat_completion", "arguments": arguments })).await;
    assert_eq!(reply(&answer), REPLY);
    host.ask(
        "tools/call",
        json!({ "name": "chat_completion", "arguments": { "promt": "private-prompt-6" } }),
    )
    .await;
    host.ask(
        "tools/call",
        json!({ "name": "chat_completion", "arguments": { "prompt": "private-prompt-7", "model": "none" } }),
    )
    .await;
    host.write("private-garbage-8\n").await;
    host.next().await;
    let ended = host.finish().await;
    assert_eq!(ended.code, Some(0));
    let sent = fake.wait_for("POST", "/api/chat").await;
    assert_eq!(sent.header("authorization"), Some("Bearer secret-token-1"));
    assert_eq!(sent.header("x-private"), Some("secret-header-2"));
    let logs = [("stderr", ended.stderr), ("the file", std::fs::read_to_string(&file).unwrap())];
    for (place, log) in logs {
        assert!(log.lines().count() > 3, "{place} is hardly at trace: {log}");
        for private in ["secret-", "private-", "Three", "colours"] {
            let line = log.lines().find(|line| line.contains(private));
            assert!(line.is_none(), "{place} holds {private:?}: {}", line.unwrap());
        }
    }
}
