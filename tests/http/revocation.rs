//! What a caller has open ends with its credential: at once in the process that revokes it, soon in others.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{started, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_client::{HttpStream, answer, stream};
use crate::support::http_server::HttpServer;

const ANN: &str = "ann@example.org";
const MODEL: &str = "qwen2.5-coder:0.5b";

/// The model says one word and goes on for as long as the gate is closed.
fn endless(fake: &FakeOllama) -> Gate {
    let gate = Gate::new();
    let said = |text: &str, done| json!({ "model": MODEL, "message": { "role": "assistant", "content": text }, "done": done });
    let reply = Answer::ndjson(&[said("one", false), said("two", true)]);
    fake.on("POST", "/api/chat", reply.gate_after(1, &gate));
    gate
}

fn chat(stream: bool) -> Value {
    json!({ "model": MODEL, "stream": stream, "messages": [{ "role": "user", "content": "hi" }] })
}

/// The last event of a stream, which must be that its credential has ended.
async fn ended(stream: &mut HttpStream) {
    let last = stream.rest().await.pop().expect("an event before the end");
    let last: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(
        (&last["type"], &last["error"]["code"]),
        (&json!("error"), &json!("credential_ended")),
        "{last}"
    );
}

#[tokio::test]
async fn revoked_key_ends_its_stream_and_frees_the_model() {
    let (fake, server) = started().await;
    let _gate = endless(&fake);
    let (key, _) = server.with_key(&["bot"]).await;
    let (other, _) = server.with_key(&["other"]).await;
    let mut open = key.post_stream("/v1/chat/completions", &chat(true)).await;
    let mut stays = other.post_stream("/v1/chat/completions", &chat(true)).await;
    for stream in [&mut open, &mut stays] {
        assert!(stream.data().await.unwrap().contains("assistant"));
    }
    let generating = fake.wait_for_requests_to("POST", "/api/chat", 2).await;
    let keys = server.local().get("/x/keys").await.ok();
    let bot = keys["keys"].as_array().unwrap().iter().find(|key| key["name"] == "bot").unwrap().clone();
    let started = Instant::now();
    server.local().delete(&format!("/x/keys/{}", bot["id"].as_str().unwrap())).await.ok();
    ended(&mut open).await;
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    let first = generating.iter().min_by_key(|request| request.index).unwrap();
    fake.closed(first.index).await;
    // Nobody else is touched.
    assert_eq!(other.get("/me").await.status, 200);
    assert!(stays.is_silent_for(Duration::from_millis(1)).await || stays.status == 200);
}

#[tokio::test]
async fn signing_out_ends_what_the_session_has_open() {
    let (fake, server) = started().await;
    let _gate = endless(&fake);
    server.add_user(ANN, &[]).await;
    let ann = server.signed_in(ANN).await;
    let again = server.signed_in(ANN).await;
    let mut open = ann.post_stream("/v1/chat/completions", &chat(true)).await;
    let mut lines = ann.post_stream("/chat", &chat(true)).await;
    assert!(open.data().await.is_some() && lines.line().await.is_some());
    let waiting = tokio::spawn({
        let ann = ann.clone();
        async move { ann.post("/v1/chat/completions", &chat(false)).await }
    });
    fake.wait_for_requests_to("POST", "/api/chat", 3).await;
    answer(ann.request("POST", "/logout")).await.ok();
    ended(&mut open).await;
    let mut last = String::new();
    while let Some(line) = lines.line().await {
        last = line;
    }
    assert!(last.starts_with("{\"error\":\"The credential of this request"), "{last}");
    assert_eq!(waiting.await.unwrap().error(401)["code"], "credential_ended");
    // Another session of the same user goes on.
    assert_eq!(again.get("/me").await.status, 200);
}

#[tokio::test]
async fn change_by_command_reaches_a_running_server_within_two_seconds() {
    let (fake, server) = started().await;
    let _gate = endless(&fake);
    server.add_user(ANN, &[]).await;
    let ann = server.signed_in(ANN).await;
    let (of_ann, _) = server.with_key(&["editor", "--user", ANN]).await;
    let (bot, _) = server.with_key(&["bot"]).await;
    let mut streams = Vec::new();
    for client in [&ann, &of_ann, &bot] {
        let mut open = client.post_stream("/v1/chat/completions", &chat(true)).await;
        assert!(open.data().await.is_some());
        streams.push(open);
    }
    server.run(&["users", "disable", ANN], "").await.ok();
    server.run(&["keys", "revoke", "bot"], "").await.ok();
    let changed = Instant::now();
    for stream in &mut streams {
        ended(stream).await;
    }
    assert!(changed.elapsed() < Duration::from_secs(2), "{:?}", changed.elapsed());
    for client in [&ann, &of_ann, &bot] {
        assert_eq!(client.get("/me").await.status, 401);
    }
    server.run(&["users", "enable", ANN], "").await.ok();
    // A key that is not known is looked up.
    let enabled = Instant::now();
    while of_ann.get("/me").await.status != 200 {
        assert!(enabled.elapsed() < Duration::from_secs(2), "the key of the user is valid again");
    }
    assert_eq!(ann.get("/me").await.status, 401, "the session came back");
}

#[tokio::test]
async fn key_made_by_command_is_valid_immediately() {
    let (_fake, server) = started().await;
    let (first, _) = server.with_key(&["first"]).await;
    assert_eq!(first.get("/me").await.status, 200);
    let (second, _) = server.with_key(&["second"]).await;
    assert_eq!(second.get("/me").await.status, 200);
}

#[tokio::test]
async fn sessions_of_mcp_end_with_the_credential() {
    let (_fake, server) = started_with(&[]).await;
    let (key, _) = server.with_key(&["bot"]).await;
    let client = json!({ "name": "tests", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    let initialize = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
    let accept = "application/json, text/event-stream";
    let begun = answer(key.posting("/mcp", &initialize).header("accept", accept)).await;
    let session = begun.header("mcp-session-id").to_owned();
    assert!(!session.is_empty(), "{begun:?}");
    let listen =
        key.request("GET", "/mcp").header("accept", "text/event-stream").header("mcp-session-id", &session);
    let mut open = stream(listen).await;
    assert_eq!(open.status, 200);
    let (admin, _) = server.with_key(&["admin", "--scopes", "admin"]).await;
    let id = key.get("/me").await.ok()["key"].as_str().unwrap().to_owned();
    admin.delete(&format!("/x/keys/{id}")).await.ok();
    open.rest().await;
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let refused = answer(key.posting("/mcp", &ping).header("mcp-session-id", &session)).await;
    assert_eq!(refused.status, 401);
}

#[tokio::test]
async fn replica_honours_and_ends_sessions_of_another() {
    let (fake, server) = started().await;
    let _gate = endless(&fake);
    server.add_user(ANN, &[]).await;
    let data = server.data_dir();
    let other = HttpServer::start_with(&fake, &[("OLLAMA_MCP_DATA_DIR", data.to_str().unwrap())]).await;
    let body = json!({ "email": ANN, "password": crate::support::http_server::PASSWORD });
    let token = server.guest().post("/login", &body).await.ok()["access_token"].as_str().unwrap().to_owned();
    let there = other.guest().clone().with_key(&token);
    let mut open = there.post_stream("/v1/chat/completions", &chat(true)).await;
    assert!(open.data().await.is_some());
    answer(server.guest().clone().with_key(&token).request("POST", "/logout")).await.ok();
    let signed_out = Instant::now();
    ended(&mut open).await;
    assert!(signed_out.elapsed() < Duration::from_secs(2), "{:?}", signed_out.elapsed());
    assert_eq!(there.get("/me").await.status, 401);
}
