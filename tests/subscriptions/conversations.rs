//! Stored conversations that are subscribed to: told of what this server does.

use serde_json::json;

use super::{fake, listen, next_notification, subscribe, subscription_of};
use crate::support::fake_ollama::Answer;
use crate::support::mcp_client::{Session, modern_meta};
use crate::support::process::Process;

fn turn(id: &str) -> serde_json::Value {
    json!({ "name": "converse", "arguments": { "conversation_id": id, "prompt": "x", "model": super::MODEL } })
}

#[tokio::test]
async fn turns_and_deletions_notify_without_polling() {
    let (fake, data) = (fake().await, tempfile::TempDir::new().unwrap());
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    let flags = ["--data-dir", data.path().to_str().unwrap()];
    let mut host = Process::start(&fake, &flags);
    host.handshake("2025-11-25", "claude-code").await;
    subscribe(&mut host, "ollama://conversations").await;
    subscribe(&mut host, "ollama://conversations/a").await;
    subscribe(&mut host, "ollama://conversations/b").await;
    host.ask("tools/call", turn("a")).await;
    for expected in ["updated ollama://conversations", "updated ollama://conversations/a"] {
        assert_eq!(next_notification(&mut host, "2025-11-25").await, expected);
    }
    let delete =
        json!({ "name": "delete_conversation", "arguments": { "conversation_id": "a", "confirm": true } });
    host.ask("tools/call", delete).await;
    for expected in ["updated ollama://conversations", "updated ollama://conversations/a"] {
        assert_eq!(next_notification(&mut host, "2025-11-25").await, expected);
    }
    host.finish().await.well();
    assert_eq!(fake.requests_to("GET", "/api/tags").len(), 0, "the model server knows nothing of them");
}

#[tokio::test]
async fn listener_is_notified_and_failed_turn_notifies_nobody() {
    let (fake, data) = (fake().await, tempfile::TempDir::new().unwrap());
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").cut_after(1));
    let flags = ["--data-dir", data.path().to_str().unwrap()];
    let mut host = Process::start(&fake, &flags);
    let wanted = json!({ "resourceSubscriptions": ["ollama://conversations/a"] });
    let (id, accepted) = listen(&mut host, wanted.clone()).await;
    assert_eq!(accepted, wanted);
    let mut call = turn("a");
    call["_meta"] = modern_meta();
    let failed = host.ask("tools/call", call.clone()).await;
    assert_eq!(failed["result"]["isError"], true, "{failed}");
    assert!(host.set_aside().is_empty());
    host.ask("tools/call", call).await;
    let message = host.next().await;
    assert_eq!(super::short(&message), "updated ollama://conversations/a");
    assert_eq!(subscription_of(&message), id);
    host.finish().await;
}

#[tokio::test]
async fn without_conversations_subscribing_to_them_is_refused() {
    let fake = fake().await;
    let mut session = Session::with(&[("OLLAMA_HOST", &fake.url()), ("OLLAMA_MCP_TOOLSETS", "models")]);
    let params = json!({ "uri": "ollama://conversations" });
    let (code, said) = session.error("resources/subscribe", params.clone()).await;
    assert!(
        code == -32002 && said.contains("ollama://running") && !said.contains("{conversation_id}"),
        "{said}"
    );
    let (code, _) = session.error("resources/read", params).await;
    assert_eq!(code, -32002);
}
