//! Limits that the system sets to a real process: a file that cannot grow, a directory without rights.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::{MODEL, contents, echoing, turn};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::tool_error;
use crate::support::process::{BINARY, Process, command, command_of};

async fn call(process: &mut Process, tool: &str, arguments: Value) -> Value {
    process.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await["result"].take()
}

fn with_data(command: &mut Command, fake: &FakeOllama, data: &Path) {
    command.env("OLLAMA_HOST", fake.url()).env("OLLAMA_MCP_DATA_DIR", data);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_cannot_be_written_is_in_the_error() {
    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let data = home.path().join("data");
    let mut shell = command_of("sh", &home);
    // No file of this process grows beyond 256 KiB, as on a disk that is full; it is not killed for it.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 512; exec \"$0\""]).arg(BINARY);
    with_data(&mut shell, &fake, &data);
    let mut process = Process::spawn(shell, TempDir::new().unwrap());
    let mut stored = 0;
    let failure = loop {
        let prompt = format!("{stored} {}", "x".repeat(20_000));
        let result = call(&mut process, "converse", turn("a", &prompt)).await;
        if result["isError"] == true {
            break result;
        }
        stored += 1;
        assert!(stored < 100, "the limit does not hold");
    };
    assert!(stored > 0, "{failure}");
    let (code, text) = tool_error(&failure);
    assert_eq!(code, "storage_failed");
    assert!(text.contains(data.to_str().unwrap()), "{text}");
    let partial = failure["structuredContent"]["error"]["partial"]["content"].as_str().unwrap();
    assert!(partial.starts_with(&format!("re: {stored} xxx")), "the reply is not lost");
    let plain = call(&mut process, "chat_completion", json!({ "model": MODEL, "prompt": "plain" })).await;
    assert_eq!(plain["content"][0]["text"], "re: plain");
    process.finish().await.well();
    // Where there is room again, all that was answered is there.
    let mut roomy = command(&home);
    with_data(&mut roomy, &fake, &data);
    let mut process = Process::spawn(roomy, TempDir::new().unwrap());
    let read = call(&mut process, "get_conversation", json!({ "conversation_id": "a" })).await;
    assert_eq!(contents(&read).len(), 2 * stored);
    let more = call(&mut process, "converse", turn("a", "more")).await;
    assert_eq!(more["content"][0]["text"], "re: more");
    process.finish().await.well();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_without_rights() {
    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let data = home.path().join("data");
    let mut first = command(&home);
    with_data(&mut first, &fake, &data);
    let mut process = Process::spawn(first, TempDir::new().unwrap());
    call(&mut process, "converse", turn("a", "one")).await;
    process.finish().await.well();

    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&data.join("conversations.db"), 0o444);
    mode(&data, 0o555);
    let mut locked = command(&home);
    if std::fs::write(data.join("probe"), "").is_ok() {
        // Rights do not bind the superuser, so the program runs as nobody, from where nobody may read it.
        std::fs::remove_file(data.join("probe")).unwrap();
        mode(home.path(), 0o755);
        let copy = home.path().join("program");
        std::fs::copy(BINARY, &copy).unwrap();
        mode(&copy, 0o755);
        locked = command_of(copy, &home);
        locked.uid(65534).gid(65534);
    }
    with_data(&mut locked, &fake, &data);
    let mut process = Process::spawn(locked, TempDir::new().unwrap());
    for (tool, arguments) in [
        ("converse", turn("a", "two")),
        ("get_conversation", json!({ "conversation_id": "a" })),
        ("list_conversations", json!({})),
    ] {
        let result = call(&mut process, tool, arguments).await;
        let (code, text) = tool_error(&result);
        assert_eq!(code, "storage_failed");
        assert!(text.contains(data.to_str().unwrap()) && text.contains("OLLAMA_MCP_DATA_DIR"), "{text}");
    }
    let plain = call(&mut process, "chat_completion", json!({ "model": MODEL, "prompt": "plain" })).await;
    assert_eq!(plain["content"][0]["text"], "re: plain");
    process.finish().await.well();
    mode(&data, 0o755);
}
