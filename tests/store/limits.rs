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
async fn unwritable_turn_is_returned_in_error() {
    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let data = home.path().join("data");
    let mut shell = command_of("sh", &home);
    // No file of this process grows beyond 256 KiB, as on a disk that is full. The system would end it for that.
    shell.args(["-c", "ulimit -f 512; exec \"$0\""]).arg(BINARY);
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
async fn directory_without_permissions_is_an_error() {
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
    let mut errors = Vec::new();
    for (tool, arguments) in [
        ("converse", turn("a", "two")),
        ("delete_conversation", json!({ "conversation_id": "a", "confirm": true })),
    ] {
        let result = call(&mut process, tool, arguments).await;
        let (code, text) = tool_error(&result);
        // Which of the two it is depends on who runs the tests.
        let text = text.replace(data.to_str().unwrap(), "DATA");
        let text = text.replace("Operation not permitted (os error 1)", "REASON");
        errors.push(format!("{code}: {}", text.replace("Permission denied (os error 13)", "REASON")));
    }
    insta::assert_snapshot!(errors.join("\n"), @"
    storage_failed: Conversations cannot be stored or read: DATA/conversations.db cannot be made: REASON. Make its directory writable for this user, or set OLLAMA_MCP_DATA_DIR to another. chat_completion works without.

    Text before the failure:
    re: two
    storage_failed: Conversations cannot be stored or read: DATA/conversations.db cannot be made: REASON. Make its directory writable for this user, or set OLLAMA_MCP_DATA_DIR to another. chat_completion works without.
    ");
    // What may be read is read, as from a disk that is read-only.
    let read = call(&mut process, "get_conversation", json!({ "conversation_id": "a" })).await;
    assert_eq!(contents(&read), ["one", "re: one"]);
    let listed = call(&mut process, "list_conversations", json!({})).await;
    assert_eq!(listed["structuredContent"]["conversations"].as_array().unwrap().len(), 1);
    let plain = call(&mut process, "chat_completion", json!({ "model": MODEL, "prompt": "plain" })).await;
    assert_eq!(plain["content"][0]["text"], "re: plain");
    process.finish().await.well();
    mode(&data, 0o755);
}

#[tokio::test(flavor = "multi_thread")]
async fn link_in_place_of_database_is_refused() {
    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let (data, target) = (home.path().join("data"), home.path().join("letter"));
    std::fs::create_dir(&data).unwrap();
    std::fs::write(&target, "dear").unwrap();
    std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o644)).unwrap();
    std::os::unix::fs::symlink(&target, data.join("conversations.db")).unwrap();
    let mut command = command(&home);
    with_data(&mut command, &fake, &data);
    let mut process = Process::spawn(command, TempDir::new().unwrap());
    let mut errors = Vec::new();
    for (tool, arguments) in
        [("converse", turn("a", "one")), ("get_conversation", json!({ "conversation_id": "a" }))]
    {
        let result = call(&mut process, tool, arguments).await;
        let (code, text) = tool_error(&result);
        errors.push(format!("{code}: {}", text.replace(data.to_str().unwrap(), "DATA")));
    }
    insta::assert_snapshot!(errors.join("\n"), @"
    storage_failed: Conversations cannot be stored or read: DATA/conversations.db cannot be opened: it is a symbolic link. Make its directory writable for this user, or set OLLAMA_MCP_DATA_DIR to another. chat_completion works without.
    storage_failed: Conversations cannot be stored or read: DATA/conversations.db cannot be opened: it is a symbolic link. Make its directory writable for this user, or set OLLAMA_MCP_DATA_DIR to another. chat_completion works without.
    ");
    process.finish().await.well();
    assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o644);
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "dear");
}
