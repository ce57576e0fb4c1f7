//! Where the system gives little: few descriptors, little memory, no home, nothing that can be written.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::tool_error;
use crate::support::process::{BINARY, Process, command_of};

/// A model that is installed in the fake's world.
const MODEL: &str = "gemma3:270m";

/// The real program behind a line of shell, such as `ulimit`, with the fake as its Ollama.
fn behind(shell: &str, fake: &FakeOllama) -> Process {
    let home = TempDir::new().unwrap();
    let mut command = command_of("sh", &home);
    command.args(["-c", &format!("{shell}; exec \"$0\""), BINARY]).env("OLLAMA_HOST", fake.url());
    Process::spawn(command, home)
}

async fn call(process: &mut Process, tool: &str, arguments: Value) -> Value {
    let params = json!({ "name": tool, "arguments": arguments });
    process.ask("tools/call", params).await["result"].clone()
}

/// A chat that is answered, again and again.
async fn chats(process: &mut Process) {
    process.handshake("2025-11-25", "tests").await;
    for _ in 0..3 {
        let result = call(process, "chat_completion", json!({ "model": MODEL, "prompt": "?" })).await;
        assert_ne!(result["isError"], true, "{result:#}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn server_works_with_32_descriptors() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut process = behind("ulimit -n 32", &fake);
    chats(&mut process).await;
    // More at once than there are descriptors: whatever fails is told, and the server goes on.
    let chat = json!({ "name": "chat_completion", "arguments": { "model": MODEL, "prompt": "?" } });
    let mut calls = Vec::new();
    for _ in 0..100 {
        calls.push(process.request("tools/call", chat.clone()).await);
    }
    for call in calls {
        assert!(process.answer(call).await["result"].is_object());
    }
    chats(&mut process).await;
    process.finish().await.well();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn server_works_with_60_megabytes_beside_its_program() {
    let fake = FakeOllama::start().await.with_defaults();
    let program = std::fs::metadata(BINARY).unwrap().len() / 1024;
    let limit = format!("ulimit -v {}", program + 60 * 1024);
    let mut process = behind(&limit, &fake);
    chats(&mut process).await;
    process.finish().await.well();
}

#[cfg(unix)]
#[tokio::test]
async fn server_works_without_a_home() {
    let fake = FakeOllama::start().await.with_defaults();
    let shell = "unset HOME XDG_DATA_HOME XDG_CONFIG_HOME; cd /";
    let mut process = behind(shell, &fake);
    chats(&mut process).await;
    process.finish().await.well();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn server_works_where_nothing_can_be_written() {
    let fake = FakeOllama::start().await.with_defaults();
    // Nobody makes a file there, not even root.
    let shell = "export HOME=/proc/self TMPDIR=/proc/self; cd /proc";
    let mut process = behind(shell, &fake);
    chats(&mut process).await;
    let turn = json!({ "conversation_id": "a", "model": MODEL, "prompt": "?" });
    let result = call(&mut process, "converse", turn).await;
    assert_eq!(tool_error(&result).0, "storage_failed", "{result:#}");
    process.finish().await.well();
}
