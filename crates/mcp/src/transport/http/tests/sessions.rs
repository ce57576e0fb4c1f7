//! Sessions of the older revisions.

use http_types::StatusCode;
use serde_json::{Value, json};

use super::support::{BOTH, Reply, Server, chat, in_session, request, server};

fn progress_of(events: &[super::support::Event]) -> Vec<String> {
    let deltas = events.iter().filter(|event| event.data["method"] == "notifications/progress");
    deltas
        .filter_map(|event| Some(event.data["params"]["_meta"]["ollama-mcp/delta"].as_str()?.to_owned()))
        .collect()
}

#[tokio::test]
async fn stream_has_progress_before_its_answer() {
    let server = server();
    let session = server.begin("guest").await;
    let mut reply = server.post(&in_session(&session), &chat(1)).await;
    let priming = reply.event().await.unwrap();
    assert_eq!((priming.id.as_deref(), priming.data), (Some("2-0"), Value::Null));
    server.let_model_finish();
    let events = reply.events().await;
    assert_eq!(progress_of(&events).concat(), "one two");
    let answer = events.last().unwrap();
    assert_eq!(answer.data["id"], 1);
    assert_eq!(answer.data["result"]["structuredContent"]["status"], "completed");
    let ids: Vec<_> = events.iter().filter_map(|event| event.id.clone()).collect();
    assert_eq!(ids, (1..=events.len()).map(|number| format!("2-{number}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn older_clients_get_no_event_without_data() {
    let server = server();
    let session = server.begin("guest").await;
    server.let_model_finish();
    let headers = [("accept", BOTH), ("mcp-session-id", &session), ("mcp-protocol-version", "2025-06-18")];
    let events = server.post(&headers, &chat(1)).await.events().await;
    assert!(events.iter().all(|event| !event.data.is_null()), "{events:?}");
}

#[tokio::test]
async fn session_of_another_caller_does_not_exist() {
    let server = server();
    let session = server.begin("ann").await;
    let ping = request(5, "ping", json!({})).to_string();
    let get = [("accept", "text/event-stream"), ("mcp-session-id", &session)];
    let note = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#;
    let unknown = server.send_as("bob", "POST", &in_session("nothing"), ping.clone()).await.json().await;
    let replies: Vec<Reply> = vec![
        server.send_as("bob", "POST", &in_session(&session), ping.clone()).await,
        server.send_as("bob", "POST", &in_session(&session), note).await,
        server.send_as("bob", "GET", &get, "").await,
        server.send_as("bob", "DELETE", &get, "").await,
    ];
    for reply in replies {
        assert_eq!(reply.status, StatusCode::NOT_FOUND);
        assert_eq!(reply.json().await["error"], unknown["error"]);
    }
    let reply = server.send_as("ann", "POST", &in_session(&session), ping).await;
    assert_eq!(reply.json().await["result"], json!({}));
}

#[tokio::test]
async fn deleting_session_cancels_what_runs_in_it() {
    let server = server();
    let session = server.begin("guest").await;
    let call = server.post(&in_session(&session), &chat(1)).await;
    let listening = server.send("GET", &in_session(&session), "").await;
    server.generating(1).await;
    let reply = server.send("DELETE", &in_session(&session), "").await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT);
    server.generating(0).await;
    let last = call.events().await.pop().unwrap();
    let text = last.data["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("The call was cancelled before its end"), "{last:?}");
    listening.text().await;
    let reply = server.post(&in_session(&session), &request(2, "ping", json!({}))).await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn lost_connection_does_not_cancel_and_is_resumed() {
    let server = server();
    let session = server.begin("guest").await;
    let mut call = server.post(&in_session(&session), &chat(1)).await;
    call.event().await.unwrap();
    let seen = call.event().await.unwrap();
    drop(call);
    server.let_model_finish();
    let last = seen.id.clone().unwrap();
    let headers = [("accept", "text/event-stream"), ("mcp-session-id", &*session), ("last-event-id", &*last)];
    let events = server.send("GET", &headers, "").await.events().await;
    assert_eq!(progress_of(&[vec![seen], events].concat()).concat(), "one two");
}

#[tokio::test]
async fn resuming_nothing_says_so() {
    let server = server();
    let session = server.begin("guest").await;
    server.let_model_finish();
    let events = server.post(&in_session(&session), &chat(1)).await.events().await;
    let last = events.last().unwrap().id.clone().unwrap();
    for last in [&*last, "99-1", "nonsense", "0-x"] {
        let headers =
            [("accept", "text/event-stream"), ("mcp-session-id", &*session), ("last-event-id", last)];
        let reply = server.send("GET", &headers, "").await;
        assert_eq!(reply.status, StatusCode::GONE, "{last}");
    }
}

#[tokio::test]
async fn cancelled_call_ends_without_answer() {
    let server = server();
    let session = server.begin("guest").await;
    let stream = server.post(&in_session(&session), &chat(1)).await;
    server.generating(1).await;
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 1 } });
    assert_eq!(server.post(&in_session(&session), &note).await.status, StatusCode::ACCEPTED);
    server.generating(0).await;
    let events = stream.events().await;
    assert!(events.iter().all(|event| event.data.get("result").is_none()), "{events:?}");
}

#[tokio::test]
async fn id_in_flight_is_refused() {
    let server = server();
    let session = server.begin("guest").await;
    let first = server.post(&in_session(&session), &chat(1)).await;
    let reply = server.post(&in_session(&session), &chat(1)).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.error().await.1.contains("still in flight"));
    server.let_model_finish();
    first.events().await;
    server.let_model_finish();
    assert!(
        server.post(&in_session(&session), &chat(1)).await.events().await.len() > 1,
        "it can be used again"
    );
}

#[tokio::test]
async fn refused_handshake_leaves_no_session() {
    let server = Server::new(|options| options.max_sessions = 1);
    let bad = request(1, "initialize", json!({ "protocolVersion": 5 }));
    assert_eq!(server.post(&[], &bad).await.error().await.0, -32602);
    server.begin("guest").await;
}

#[tokio::test]
async fn newer_stream_of_session_gets_the_messages() {
    let server = server();
    let session = server.begin("guest").await;
    let subscribe = request(1, "resources/subscribe", json!({ "uri": "ollama://models" }));
    assert_eq!(server.post(&in_session(&session), &subscribe).await.json().await["result"], json!({}));
    let headers = in_session(&session);
    let _older = server.send("GET", &headers, "").await;
    let mut newer = server.send("GET", &headers, "").await;
    assert_eq!(newer.event().await.unwrap().id.as_deref(), Some("0-0"));
    server.announce_models();
    let methods = [newer.event().await.unwrap(), newer.event().await.unwrap()];
    let methods = methods.map(|event| event.data["method"].as_str().unwrap().to_owned());
    assert!(methods.contains(&"notifications/resources/updated".to_owned()), "{methods:?}");
}
