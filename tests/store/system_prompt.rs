//! The default system prompt.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{MODEL, echoing, sent, turn};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{PATIENCE, Session, tool_error};
use crate::support::process::command;

async fn start(text: &str) -> (FakeOllama, TempDir, Session) {
    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let file = home.path().join("prompt.txt");
    std::fs::write(&file, text).unwrap();
    let session = Session::with(&[
        ("OLLAMA_HOST", &fake.url()),
        ("OLLAMA_MCP_DATA_DIR", home.path().to_str().unwrap()),
        ("OLLAMA_MCP_SYSTEM_PROMPT_FILE", file.to_str().unwrap()),
    ]);
    (fake, home, session)
}

/// The system prompt of each chat so far; empty for none.
fn systems(fake: &FakeOllama) -> Vec<String> {
    let system = |messages: Vec<(String, String)>| {
        messages.into_iter().filter(|(role, _)| role == "system").map(|(_, text)| text).collect::<String>()
    };
    fake.requests_to("POST", "/api/chat").iter().map(|request| system(sent(request))).collect()
}

#[tokio::test]
async fn default_system_prompt_is_used_where_call_has_none() {
    let (fake, _home, mut session) = start("Answer in Latin.\n").await;
    let calls: [(&str, Value, &str); 8] = [
        ("chat_completion", json!({ "model": MODEL, "prompt": "x" }), "Answer in Latin."),
        ("chat_completion", json!({ "model": MODEL, "prompt": "x", "system": "mine" }), "mine"),
        ("chat_completion", json!({ "model": MODEL, "prompt": "x", "system": "" }), ""),
        (
            "chat_completion",
            json!({ "model": MODEL, "messages": [{ "role": "system", "content": "own" }, { "role": "user", "content": "x" }] }),
            "own",
        ),
        (
            "batch_completion",
            json!({ "model": MODEL, "instruction": "x", "inputs": ["y"] }),
            "Answer in Latin.",
        ),
        ("converse", turn("a", "x"), "Answer in Latin."),
        ("converse", turn("a", "y"), "Answer in Latin."),
        ("compare_models", json!({ "models": [MODEL, "smollm2:135m"], "prompt": "x" }), "Answer in Latin."),
    ];
    for (tool, arguments, expected) in calls {
        let result = session.call(tool, arguments.clone()).await;
        assert_ne!(result["isError"], true, "{tool} {result}");
        assert_eq!(systems(&fake).last().unwrap(), expected, "{tool} {arguments}");
    }
}

#[tokio::test]
async fn conversation_without_system_prompt_suppresses_that_of_model() {
    let (fake, _home, mut session) = start("Answer in Latin.").await;
    let mut first = turn("a", "x");
    first["system"] = json!("");
    session.call("converse", first).await;
    session.call("converse", turn("a", "y")).await;
    for request in fake.requests_to("POST", "/api/chat") {
        assert_eq!(sent(&request)[0], ("system".to_owned(), String::new()));
    }
    let read = session.call("get_conversation", json!({ "conversation_id": "a" })).await;
    assert!(!read["content"][0]["text"].as_str().unwrap().contains("## system"), "{read}");
}

#[tokio::test]
async fn changed_file_is_used_and_conversation_keeps_its_prompt() {
    let (fake, home, mut session) = start("first").await;
    let file = home.path().join("prompt.txt");
    session.call("converse", turn("a", "x")).await;
    std::fs::write(&file, "the second").unwrap();
    let plain = json!({ "model": MODEL, "prompt": "x" });
    session.call("chat_completion", plain.clone()).await;
    session.call("converse", turn("a", "y")).await;
    assert_eq!(systems(&fake), ["first", "the second", "first"]);
    std::fs::write(&file, "x".repeat(64 * 1024 + 1)).unwrap();
    for wrong in ["longer than 64 KiB", "No such file"] {
        let result = session.call("chat_completion", plain.clone()).await;
        let (code, text) = tool_error(&result);
        assert_eq!(code, "storage_failed");
        assert!(text.contains(wrong) && text.contains("prompt.txt"), "{text}");
        let _ = std::fs::remove_file(&file);
    }
    let own = json!({ "model": MODEL, "prompt": "x", "system": "mine" });
    assert_ne!(session.call("chat_completion", own).await["isError"], true);
}

#[tokio::test]
async fn missing_configured_file_prevents_start() {
    let home = TempDir::new().unwrap();
    let mut command = command(&home);
    command.args(["--system-prompt-file", "/nowhere/prompt.txt"]);
    let ended = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{said}");
    insta::assert_snapshot!(said, @"ollama-mcp: cannot read /nowhere/prompt.txt: No such file or directory (os error 2)");
}

#[tokio::test]
async fn doctor_shows_system_prompt_file() {
    let (fake, home, _session) = start("").await;
    let config = home.path().join("config");
    std::fs::create_dir(&config).unwrap();
    std::fs::write(config.join("system_prompt.txt"), "Be kind.").unwrap();
    for json in [false, true] {
        let mut command = command(&home);
        command.args(["doctor", "--config-dir", config.to_str().unwrap()]).env("OLLAMA_HOST", fake.url());
        if json {
            command.arg("--json");
        }
        let ended = tokio::time::timeout(PATIENCE, command.output()).await.unwrap().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(said.contains("system_prompt.txt"), "{said}");
        if json {
            let report: Value = serde_json::from_str(&said).unwrap();
            assert_eq!(report["system_prompt"]["bytes"], 8);
        } else {
            assert!(said.contains("(8 bytes)"), "{said}");
        }
    }
}
