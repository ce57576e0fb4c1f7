//! A file that cannot be used: the conversation tools say so, and chats go on.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::{MODEL, echoing, turn};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{Session, tool_error};

/// Every conversation tool fails with these words and the path, and a plain chat does not.
async fn fails(fake: &FakeOllama, data: &Path, words: &[&str]) {
    let mut session =
        Session::with(&[("OLLAMA_HOST", &fake.url()), ("OLLAMA_MCP_DATA_DIR", data.to_str().unwrap())]);
    let before = fake.requests_to("POST", "/api/chat").len();
    for (tool, arguments) in [
        ("converse", turn("a", "one")),
        ("list_conversations", json!({})),
        ("get_conversation", json!({ "conversation_id": "a" })),
        ("delete_conversation", json!({ "conversation_id": "a", "confirm": true })),
    ] {
        let result = session.call(tool, arguments).await;
        let (code, text) = tool_error(&result);
        assert_eq!(code, "storage_failed", "{tool}: {text}");
        for word in words.iter().chain(&[data.to_str().unwrap(), "chat_completion works"]) {
            assert!(text.contains(word), "{tool}: {word:?} is not in {text}");
        }
    }
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), before, "no model works for nothing");
    let result = session.call("chat_completion", json!({ "model": MODEL, "prompt": "plain" })).await;
    assert_eq!(result["content"][0]["text"], "re: plain");
}

/// A data directory with one stored turn, and the file.
async fn with_a_turn(fake: &FakeOllama, home: &TempDir) -> std::path::PathBuf {
    let mut session = super::session(fake, home);
    session.call("converse", turn("a", "one")).await;
    session.finish().await;
    home.path().join("data")
}

#[tokio::test]
async fn file_that_is_no_database_is_an_error() {
    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let file = home.path().join("conversations.db");
    let text = "this is a letter, and no database. ".repeat(100);
    std::fs::write(&file, &text).unwrap();
    fails(&fake, home.path(), &["damaged, or is no database", "Move the file away"]).await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "it is left as it was");
}

#[tokio::test]
async fn damaged_database_is_an_error() {
    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let data = with_a_turn(&fake, &home).await;
    let file = data.join("conversations.db");
    let mut bytes = std::fs::read(&file).unwrap();
    // The header is whole, the pages are not.
    bytes[100..].fill(0x5a);
    std::fs::write(&file, bytes).unwrap();
    for log in ["conversations.db-wal", "conversations.db-shm"] {
        let _ = std::fs::remove_file(data.join(log));
    }
    fails(&fake, &data, &["damaged, or is no database", "Move the file away"]).await;
}

#[tokio::test]
async fn newer_file_format_is_an_error() {
    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let data = with_a_turn(&fake, &home).await;
    let file = data.join("conversations.db");
    let mut bytes = std::fs::read(&file).unwrap();
    // The user version stands at offset 60 (SQLite's file format, 1.3).
    bytes[60..64].copy_from_slice(&7u32.to_be_bytes());
    std::fs::write(&file, bytes).unwrap();
    for log in ["conversations.db-wal", "conversations.db-shm"] {
        let _ = std::fs::remove_file(data.join(log));
    }
    fails(&fake, &data, &["has format 7", "up to 4", "Update ollama-mcp"]).await;
    let after = std::fs::read(&file).unwrap();
    assert_eq!(after[60..64], 7u32.to_be_bytes());
}

#[tokio::test]
async fn unusable_directory_is_an_error() {
    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let file = home.path().join("a-file");
    std::fs::write(&file, "x").unwrap();
    fails(&fake, &file.join("data"), &["cannot be made", "OLLAMA_MCP_DATA_DIR"]).await;
    let data = home.path().join("data");
    std::fs::create_dir_all(data.join("conversations.db")).unwrap();
    fails(&fake, &data, &["cannot be opened", "OLLAMA_MCP_DATA_DIR"]).await;
}

#[tokio::test]
async fn repaired_file_is_used_without_restart() {
    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let data = home.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("conversations.db"), "no database ".repeat(200)).unwrap();
    let mut session = super::session(&fake, &home);
    let result = session.call("converse", turn("a", "one")).await;
    assert_eq!(tool_error(&result).0, "storage_failed");
    std::fs::remove_file(data.join("conversations.db")).unwrap();
    let result = session.call("converse", turn("a", "one")).await;
    assert_eq!(result["content"][0]["text"], "re: one");
}

#[cfg(unix)]
#[tokio::test]
async fn special_lock_file_does_not_block_turn() {
    use sha2::{Digest as _, Sha256};

    let (fake, home) = (echoing().await, TempDir::new().unwrap());
    let data = with_a_turn(&fake, &home).await;
    let turns = data.join("turns");
    let lock = |id: &str| {
        let digest = Sha256::digest(format!("local\0{id}"));
        turns.join(digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>() + ".lock")
    };
    assert!(std::process::Command::new("mkfifo").arg(lock("a")).status().unwrap().success());
    std::os::unix::fs::symlink(home.path().join("elsewhere"), lock("b")).unwrap();
    let mut session = super::session(&fake, &home);
    for conversation in ["a", "b"] {
        let result = session.call("converse", turn(conversation, "two")).await;
        assert_ne!(result["isError"], true, "{result}");
    }
    assert!(!home.path().join("elsewhere").exists(), "a link's target is not made");
}
