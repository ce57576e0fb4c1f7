//! Wrong addresses, and how subscriptions end: unsubscribed, cancelled, with the input, by a signal, unread.

use std::time::Duration;

use serde_json::json;

use super::{MODEL, delete, fake, listen, next_notification, subscribe};
use crate::support::mcp_client::{BY_HAND, MODERN, Session, modern_meta};
use crate::support::process::Process;
use crate::support::schema::assert_valid_message;

#[tokio::test]
async fn unknown_uri_error_lists_known_uris() {
    let fake = fake().await;
    let mut shell = Process::start(&fake, &[]);
    for uri in ["ollama://nothing", "ollama://health", "file:///etc/passwd", ""] {
        let (code, said) = shell.error("resources/subscribe", json!({ "uri": uri })).await;
        assert_eq!(code, -32002, "{said}");
        assert!(said.contains(uri) && said.contains("ollama://models/{model}"), "{said}");
    }
    let (code, _) = shell.error("resources/subscribe", json!({})).await;
    assert_eq!(code, -32602);
    // What was never subscribed to is not subscribed to afterwards either.
    shell.result(BY_HAND, "resources/unsubscribe", json!({ "uri": "ollama://models" })).await;
    // Each era has its own way.
    let params = json!({ "uri": "ollama://models", "_meta": modern_meta() });
    assert_eq!(shell.error("resources/subscribe", params).await.0, -32601);
    let params = json!({ "notifications": { "resourcesListChanged": true } });
    assert_eq!(shell.error("subscriptions/listen", params).await.0, -32601);
    shell.finish().await.well();
    assert_eq!(fake.requests().len(), 0);
}

#[tokio::test]
async fn subscriptions_are_bounded() {
    let fake = fake().await;
    let mut session = Session::start(&fake);
    for n in 0..1024 {
        subscribe(&mut session, &format!("ollama://models/m:{n}")).await;
    }
    // Again is not one more.
    subscribe(&mut session, "ollama://models/m:7").await;
    let (code, said) = session.error("resources/subscribe", json!({ "uri": "ollama://models" })).await;
    assert!(code == -32600 && said.contains("unsubscribe"), "{code} {said}");
    session.result(BY_HAND, "resources/unsubscribe", json!({ "uri": "ollama://models/m:7" })).await;
    subscribe(&mut session, "ollama://models").await;
}

#[tokio::test]
async fn listens_are_bounded_each_and_per_connection() {
    let fake = fake().await;
    let mut host = Process::start(&fake, &[]);
    let uris = |count: usize| (0..count).map(|n| format!("ollama://models/m:{n}")).collect::<Vec<_>>();
    let params = |uris: Vec<String>| json!({ "_meta": modern_meta(), "notifications": { "resourceSubscriptions": uris } });
    // 2.4 MB each: comparing each of them with each other one would take minutes.
    for _ in 0..3 {
        let (code, said) = host.error("subscriptions/listen", params(uris(100_000))).await;
        assert!(code == -32602 && said.contains("100000") && said.contains("256"), "{code} {said}");
    }
    let mut last = 0;
    for _ in 0..4 {
        let (id, accepted) = listen(&mut host, json!({ "resourceSubscriptions": uris(256) })).await;
        assert_eq!(accepted["resourceSubscriptions"].as_array().unwrap().len(), 256);
        last = id;
    }
    let (code, said) = host.error("subscriptions/listen", params(uris(1))).await;
    assert!(code == -32600 && said.contains("1024"), "{code} {said}");
    // One without resources is open as well.
    let lists = json!({ "_meta": modern_meta(), "notifications": { "resourcesListChanged": true } });
    let (code, said) = host.error("subscriptions/listen", lists).await;
    assert!(code == -32600 && said.contains("1024"), "{code} {said}");
    host.cancel(last).await;
    host.still_serves().await;
    listen(&mut host, json!({ "resourceSubscriptions": uris(256) })).await;
    let ended = host.finish().await;
    assert_eq!((ended.code, ended.messages.len()), (Some(0), 4));
}

#[tokio::test]
async fn overlong_uri_is_not_stored() {
    let fake = fake().await;
    let mut host = Process::start(&fake, &[]);
    let longest = format!("ollama://models/{}", "m".repeat(2048 - "ollama://models/".len()));
    subscribe(&mut host, &longest).await;
    let longer = format!("{longest}m");
    let (code, said) = host.error("resources/subscribe", json!({ "uri": longer })).await;
    assert!(code == -32602 && said.contains("2049 bytes") && said.len() < 200, "{code} {said}");
    listen(&mut host, json!({ "resourceSubscriptions": [longest] })).await;
    let params = json!({ "_meta": modern_meta(), "notifications": { "resourceSubscriptions": [longer] } });
    let (code, said) = host.error("subscriptions/listen", params).await;
    assert!(code == -32602 && said.contains("2049 bytes") && said.len() < 200, "{code} {said}");
    host.finish().await.only();
}

#[tokio::test]
async fn end_of_input_ends_listen() {
    let fake = fake().await;
    let mut host = Process::start(&fake, &[]);
    subscribe(&mut host, "ollama://models").await;
    let (id, _) = listen(&mut host, json!({ "resourceSubscriptions": ["ollama://models"] })).await;
    let ended = host.finish().await;
    assert!(ended.took < Duration::from_secs(4), "{:?}", ended.took);
    let answer = ended.only();
    assert_valid_message(MODERN, Some("subscriptions/listen"), &answer);
    assert_eq!(answer["id"], id);
    assert_eq!(answer["result"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id);
}

#[tokio::test]
async fn cancelled_listen_gets_no_notification() {
    let fake = fake().await;
    let mut host = Process::start(&fake, &[]);
    let (id, _) = listen(&mut host, json!({ "resourcesListChanged": true })).await;
    host.cancel(id).await;
    host.still_serves().await;
    host.ask("tools/call", delete(MODEL)).await;
    host.finish().await.well();
}

#[cfg(unix)]
#[tokio::test]
async fn signal_ends_listen() {
    let fake = fake().await;
    let mut host = Process::start(&fake, &[]);
    subscribe(&mut host, "ollama://models").await;
    listen(&mut host, json!({ "resourceSubscriptions": ["ollama://models"] })).await;
    host.signal("TERM");
    let ended = host.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.took < Duration::from_millis(1_700), "{:?}", ended.took);
}

#[tokio::test]
async fn running_model_is_a_resource() {
    let fake = fake().await;
    let mut session = Session::start(&fake);
    for name in ["gemma3:270m", "gemma3%3A270m", "Gemma3:270M"] {
        let uri = format!("ollama://running/{name}");
        let read = session.result(BY_HAND, "resources/read", json!({ "uri": uri })).await;
        assert_eq!(read["contents"][0]["uri"], uri);
        let page: serde_json::Value =
            serde_json::from_str(read["contents"][0]["text"].as_str().unwrap()).unwrap();
        assert!(page["name"] == MODEL && page["size_bytes"].is_u64(), "{page}");
    }
    for name in ["hf.co/user/model:Q4_K_M", "hf.co%2Fuser%2Fmodel%3AQ4_K_M"] {
        let params = json!({ "uri": format!("ollama://running/{name}") });
        let (code, said) = session.error("resources/read", params).await;
        assert_eq!(code, -32002);
        assert!(said.contains("\"hf.co/user/model:Q4_K_M\" is not loaded"), "{said}");
    }
    let reference = json!({ "type": "ref/resource", "uri": "ollama://running/{model}" });
    let typed = json!({ "ref": reference, "argument": { "name": "model", "value": "ge" } });
    let suggested = session.result(BY_HAND, "completion/complete", typed).await;
    assert_eq!(suggested["completion"]["values"], json!([MODEL]), "the loaded ones alone");
    subscribe(&mut session, "ollama://running/gemma3").await;
    fake.replay("generate_unload");
    session.call("unload_model", json!({ "model": "gemma3:latest" })).await;
    assert_eq!(next_notification(&mut session, BY_HAND).await, "updated ollama://running/gemma3");
}
