//! Deadlines of calls by the name of the client, in both eras.

use serde_json::{Value, json};

use super::support::{BOTH, Server, chat, in_session, initialize, request, server};
use crate::deadline::HURRIED;

const NEWER: &str = "2026-07-28";

/// Begins a session of a client of this name; the id.
async fn begin(server: &Server, name: &str) -> String {
    let mut initialize = initialize();
    initialize["params"]["clientInfo"]["name"] = name.into();
    let reply = server.post(&[("accept", BOTH)], &initialize).await;
    reply.headers["mcp-session-id"].to_str().unwrap().to_owned()
}

/// The last message that answers a chat.
async fn answer(server: &Server, headers: &[(&str, &str)], chat: &Value) -> Value {
    let reply = server.post(headers, chat).await;
    reply.events().await.pop().unwrap().data["result"]["structuredContent"].take()
}

/// A chat of 2026-07-28 by a client of this name.
async fn stateless(server: &Server, name: &str) -> Value {
    let mut chat = chat(1);
    let meta = &mut chat["params"]["_meta"];
    meta["io.modelcontextprotocol/protocolVersion"] = NEWER.into();
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    meta["io.modelcontextprotocol/clientInfo"] = json!({ "name": name, "version": "1" });
    let headers = [
        ("accept", BOTH),
        ("mcp-protocol-version", NEWER),
        ("mcp-method", "tools/call"),
        ("mcp-name", "chat_completion"),
    ];
    answer(server, &headers, &chat).await
}

#[tokio::test]
async fn call_in_a_session_returns_before_its_host_stops_waiting() {
    let server = server();
    let (hurried, _) = HURRIED[0];
    let session = begin(&server, hurried).await;
    let headers = in_session(&session);
    let begun = answer(&server, &headers, &chat(1)).await;
    assert_eq!(begun["status"], "in_progress", "{begun}");
    server.let_model_finish();
    let arguments = json!({ "completion_id": begun["completion_id"], "wait_seconds": 10 });
    let fetch = request(2, "tools/call", json!({ "name": "get_completion", "arguments": arguments }));
    let fetched = server.post(&headers, &fetch).await.json().await;
    let text = &fetched["result"]["structuredContent"]["choices"][0]["message"]["content"];
    assert_eq!(text, "one two", "{fetched}");
}

#[tokio::test]
async fn stateless_call_returns_before_its_host_stops_waiting() {
    let server = server();
    let (hurried, _) = HURRIED[0];
    assert_eq!(stateless(&server, hurried).await["status"], "in_progress");
}

#[tokio::test]
async fn patient_hosts_and_calls_by_hand_wait_for_the_end() {
    let server = server();
    let (_, limit) = HURRIED[0];
    let session = begin(&server, "claude-code").await;
    let in_session = in_session(&session);
    let by_hand = [("accept", BOTH)];
    let late = async {
        server.generating(3).await;
        // Longer than the deadline that none of them has.
        tokio::time::sleep(limit * 2).await;
        (0..3).for_each(|_| server.let_model_finish());
    };
    let chat = chat(1);
    let (one, two, three, ()) = tokio::join!(
        answer(&server, &in_session, &chat),
        stateless(&server, "claude-code"),
        answer(&server, &by_hand, &chat),
        late
    );
    for answer in [one, two, three] {
        assert_eq!(answer["status"], "completed", "{answer}");
    }
}
