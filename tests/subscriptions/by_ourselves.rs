//! Changes by our own tools are told at once.

use rmcp::model::{CallToolRequestParams, ProtocolVersion, ServerNotification, SubscriptionFilter};
use rmcp::service::ClientLifecycleMode;
use serde_json::json;

use super::{MODEL, delete, fake, listen, next_notification, short, subscribe, subscription_of};
use crate::support::fake_ollama::Answer;
use crate::support::mcp_client::{BY_HAND, MODERN, PATIENCE, modern_meta, rmcp_client, server};
use crate::support::process::Process;
use crate::support::schema::{REVISIONS, assert_valid_message};

#[tokio::test]
async fn initialized_session_gets_list_changed_and_updates() {
    for revision in &REVISIONS[..4] {
        let fake = fake().await;
        let mut host = Process::start(&fake, &[]);
        let hello = host.handshake(revision, "tests").await;
        assert_eq!(
            hello["result"]["capabilities"]["resources"],
            json!({ "subscribe": true, "listChanged": true })
        );
        subscribe(&mut host, "ollama://models").await;
        subscribe(&mut host, "ollama://models/gemma3%3A270m").await;
        subscribe(&mut host, "ollama://models/smollm2:135m").await;
        let id = host.request("tools/call", delete(MODEL)).await;
        host.answer(id).await;
        for expected in ["list_changed", "updated ollama://models", "updated ollama://models/gemma3%3A270m"] {
            assert_eq!(next_notification(&mut host, revision).await, expected, "{revision}");
        }
        // The same change, seen by the poll too, is told once; the page of another model has not changed.
        let unsubscribe = json!({ "uri": "ollama://models" });
        host.result(BY_HAND, "resources/unsubscribe", unsubscribe).await;
        let copy = json!({ "name": "copy_model", "arguments": { "source": MODEL, "destination": "smollm2:135m", "confirm": true } });
        host.ask("tools/call", copy).await;
        for expected in ["list_changed", "updated ollama://models/smollm2:135m"] {
            assert_eq!(next_notification(&mut host, revision).await, expected, "{revision}");
        }
        host.finish().await.well();
    }
}

#[tokio::test]
async fn session_without_handshake_is_notified_only_if_subscribed() {
    let fake = fake().await;
    let mut shell = Process::start(&fake, &[]);
    shell.ask("tools/call", delete(MODEL)).await;
    shell.still_serves().await;
    assert!(shell.set_aside().is_empty());
    subscribe(&mut shell, "ollama://models").await;
    shell.ask("tools/call", delete(MODEL)).await;
    assert_eq!(next_notification(&mut shell, BY_HAND).await, "updated ollama://models");
    let ended = shell.finish().await;
    assert_eq!((ended.code, ended.messages.len()), (Some(0), 0), "{:?}", ended.messages);
}

#[tokio::test]
async fn listener_gets_requested_notifications_under_its_id() {
    let fake = fake().await;
    let mut host = Process::start(&fake, &[]);
    let wanted = json!({
        "toolsListChanged": true, "resourcesListChanged": true,
        "resourceSubscriptions": ["ollama://running", "ollama://models/Gemma3:270M", "ollama://nothing", "ollama://health"],
    });
    let (first, accepted) = listen(&mut host, wanted).await;
    let expected = json!({
        "resourcesListChanged": true,
        "resourceSubscriptions": ["ollama://running", "ollama://models/Gemma3:270M"],
    });
    assert_eq!(accepted, expected, "what there is");
    let (second, _) =
        listen(&mut host, json!({ "resourceSubscriptions": ["ollama://running/gemma3%3A270m"] })).await;
    let mut call = delete(MODEL);
    call["_meta"] = modern_meta();
    host.ask("tools/call", call).await;
    for expected in ["list_changed", "updated ollama://models/Gemma3:270M"] {
        let message = host.next().await;
        assert_valid_message(MODERN, None, &message);
        assert_eq!((short(&message).as_str(), subscription_of(&message)), (expected, &json!(first)));
    }
    let unload = json!({ "name": "unload_model", "arguments": { "model": MODEL }, "_meta": modern_meta() });
    fake.replay("generate_unload");
    host.ask("tools/call", unload).await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let message = host.next().await;
        assert_valid_message(MODERN, None, &message);
        seen.push((short(&message), subscription_of(&message).clone()));
    }
    seen.sort_by_key(|(what, _)| what.clone());
    let expected = [
        ("updated ollama://running".to_owned(), json!(first)),
        ("updated ollama://running/gemma3%3A270m".to_owned(), json!(second)),
    ];
    assert_eq!(seen, expected);
    // Each listen ends with its own result.
    let ended = host.finish().await;
    assert_eq!((ended.code, ended.messages.len()), (Some(0), 2), "{:?}", ended.messages);
    for message in &ended.messages {
        assert_valid_message(MODERN, Some("subscriptions/listen"), message);
    }
}

#[tokio::test]
async fn sdk_client_listens_and_subscribes() {
    let fake = fake().await;
    let arguments = json!({ "model": MODEL, "confirm": true }).as_object().unwrap().clone();
    let call = CallToolRequestParams::new("delete_model").with_arguments(arguments);
    let modern = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    let client = rmcp_client(server(&[("OLLAMA_HOST", &fake.url())]), modern).await;
    let wanted = SubscriptionFilter::builder()
        .resources_list_changed()
        .resource_subscription("ollama://models")
        .build();
    let mut listening = client.listen(wanted.clone()).await.unwrap();
    assert_eq!(listening.acknowledged(), &wanted);
    client.call_tool(call).await.unwrap();
    let first = tokio::time::timeout(PATIENCE, listening.next()).await.unwrap().unwrap().unwrap();
    assert!(matches!(first, ServerNotification::ResourceListChangedNotification(_)), "{first:?}");
    let second = tokio::time::timeout(PATIENCE, listening.next()).await.unwrap().unwrap().unwrap();
    let ServerNotification::ResourceUpdatedNotification(update) = second else { panic!("{second:?}") };
    assert_eq!(update.params.uri, "ollama://models");
    listening.cancel().await.unwrap();
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn pulled_or_created_model_notifies_once() {
    let fake = fake().await;
    fake.replay("pull_success_stream");
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_missing_model_stream"));
    fake.on("POST", "/api/create", Answer::ndjson(&[json!({ "status": "success" })]));
    let mut host = Process::start(&fake, &["--auto-pull=true"]);
    host.handshake("2025-11-25", "claude-code").await;
    subscribe(&mut host, "ollama://models/smollm2:135m").await;
    let chat = json!({ "name": "chat_completion", "arguments": { "model": "smollm2:135m", "prompt": "x" } });
    host.ask("tools/call", chat).await;
    for expected in ["list_changed", "updated ollama://models/smollm2:135m"] {
        assert_eq!(next_notification(&mut host, "2025-11-25").await, expected);
    }
    let create = json!({ "name": "create_model", "arguments": { "model": "mine", "from": MODEL } });
    let made = host.ask("tools/call", create).await;
    assert!(made["result"]["isError"] != true, "{made}");
    assert_eq!(next_notification(&mut host, "2025-11-25").await, "list_changed");
    let ended = host.finish().await;
    assert_eq!((ended.code, ended.messages.len()), (Some(0), 0), "{:?}", ended.messages);
}
