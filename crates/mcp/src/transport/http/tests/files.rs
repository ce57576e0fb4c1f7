//! Files of this machine, which callers over the network cannot name.

use serde_json::{Value, json};

use super::support::{Server, request};
use service::ServiceSettings;
use settings::FileSettings;

#[tokio::test]
async fn paths_are_neither_offered_nor_read_whatever_is_allowed() {
    let allowed = std::env::current_dir().unwrap();
    let files = FileSettings { allowed: vec![allowed.clone()], ..FileSettings::default() };
    let server = Server::with(ServiceSettings { files, ..ServiceSettings::default() }, |_| {});
    let path = allowed.join("Cargo.toml").display().to_string();
    for (tool, arguments) in [
        ("chat_completion", json!({ "prompt": "x", "attachments": [path] })),
        ("chat_completion", json!({ "prompt": "x", "attachments": ["/no/such/file"] })),
        ("compare_models", json!({ "models": ["m"], "prompt": "x", "attachments": [path] })),
        ("batch_completion", json!({ "instruction": "x", "files": [path] })),
    ] {
        let call = request(1, "tools/call", json!({ "name": tool, "arguments": arguments }));
        let body = server.post(&[], &call).await.json().await;
        let error = &body["result"]["structuredContent"]["error"];
        if error.is_null() {
            // Not offered by default.
            assert!(body["error"]["message"].as_str().unwrap().contains("disabled"), "{body}");
            continue;
        }
        assert_eq!(error["code"], "attachment_denied", "{tool}: {body}");
        assert!(error["message"].as_str().unwrap().contains("this call came over the network"), "{body}");
        let hint = error["hint"].as_str().unwrap();
        assert!(hint.contains("Send the content itself") && !hint.contains("OLLAMA_MCP"), "{hint}");
    }
    let prompts = server.post(&[], &request(1, "prompts/list", json!({}))).await.text().await;
    assert!(prompts.contains("summarize_privately") && !prompts.contains("\"paths\""), "{prompts}");
    let get = json!({ "name": "summarize_privately", "arguments": { "paths": path } });
    let body: Value = server.post(&[], &request(1, "prompts/get", get)).await.json().await;
    assert!(body["error"]["message"].as_str().unwrap().starts_with("paths: "), "{body}");
}
