//! The same over PostgreSQL: a server that is stopped and started, kills, and several processes.

use serde_json::json;
use tempfile::TempDir;

use super::kills::turns_survive_kills;
use super::{MODEL, contents, echoing, turn};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{Session, tool_error};
use crate::support::postgres_server::PostgresServer;
use crate::support::process::Process;

fn environment(fake: &FakeOllama, url: &str, data: &TempDir) -> [(&'static str, String); 3] {
    [
        ("OLLAMA_HOST", fake.url()),
        ("OLLAMA_MCP_DATABASE_URL", url.to_owned()),
        ("OLLAMA_MCP_DATA_DIR", data.path().join("data").display().to_string()),
    ]
}

fn session(fake: &FakeOllama, url: &str, data: &TempDir) -> Session {
    let environment = environment(fake, url, data);
    Session::with(&environment.each_ref().map(|(name, value)| (*name, value.as_str())))
}

#[tokio::test(flavor = "multi_thread")]
async fn database_that_goes_away_fails_turns_and_comes_back_without_restart() {
    let (fake, data, mut server) = (echoing().await, TempDir::new().unwrap(), PostgresServer::start());
    // Another driver's name for it.
    let url = server.new_database("chats").replace("postgres://", "postgresql+asyncpg://");
    let mut session = session(&fake, &url, &data);
    let answer = session.call("converse", turn("a", "one")).await;
    assert_eq!(answer["content"][0]["text"], "re: one", "{answer}");
    server.stop();
    let asked = fake.requests_to("POST", "/api/chat").len();
    for (tool, arguments) in [
        ("converse", turn("a", "two")),
        ("list_conversations", json!({})),
        ("get_conversation", json!({ "conversation_id": "a" })),
        ("delete_conversation", json!({ "conversation_id": "a", "confirm": true })),
    ] {
        let result = session.call(tool, arguments).await;
        let (code, text) = tool_error(&result);
        assert_eq!(code, "storage_failed", "{tool}: {text}");
        for word in [
            "PostgreSQL at",
            "cannot be reached",
            "Check that the database server runs",
            "chat_completion works",
        ] {
            assert!(text.contains(word), "{tool}: {word:?} is not in {text}");
        }
    }
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), asked, "no model works for nothing");
    let plain = session.call("chat_completion", json!({ "model": MODEL, "prompt": "plain" })).await;
    assert_eq!(plain["content"][0]["text"], "re: plain");
    server.resume();
    let answer = session.call("converse", turn("a", "three")).await;
    assert_eq!(answer["content"][0]["text"], "re: three", "{answer}");
    let stored = session.call("get_conversation", json!({ "conversation_id": "a" })).await;
    assert_eq!(contents(&stored), ["one", "re: one", "three", "re: three"]);
    assert!(!data.path().join("data").exists(), "nothing is stored in files");
}

#[tokio::test(flavor = "multi_thread")]
async fn answered_turns_survive_kill() {
    let (fake, data, server) = (echoing().await, TempDir::new().unwrap(), PostgresServer::start());
    let environment = environment(&fake, &server.new_database("chats"), &data);
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    turns_survive_kills(|| Process::with(&[], &environment)).await;
}
