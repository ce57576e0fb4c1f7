//! Bounds, unused sessions, and the end of the server.

use std::time::{Duration, Instant};

use http_types::StatusCode;
use serde_json::json;

use super::support::{Server, caller, chat, in_session, initialize, request, server, within};

#[tokio::test]
async fn sessions_are_bounded_and_freed_by_delete() {
    let server = Server::new(|options| options.max_sessions = 2);
    let first = server.begin("guest").await;
    server.begin("ann").await;
    let reply = server.post(&[], &initialize()).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(reply.headers["retry-after"], "30");
    assert!(reply.error().await.1.contains("all 2 sessions are in use"));
    server.send("DELETE", &in_session(&first), "").await;
    server.begin("guest").await;
}

/// A body of which nothing comes.
struct Silent;

impl http_body::Body for Silent {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

#[tokio::test]
async fn body_that_does_not_come_is_given_up() {
    let server = Server::new(|options| options.body_timeout = Duration::from_millis(10));
    let request = http_types::Request::builder().method("POST").uri("/mcp").body(Silent).unwrap();
    let response = within(server.transport.handle(caller("guest"), request)).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn unused_session_ends_and_a_used_one_does_not() {
    let server = Server::new(|options| options.session_idle = Duration::from_millis(40));
    let (unused, calling, listening) =
        (server.begin("guest").await, server.begin("guest").await, server.begin("guest").await);
    let call = server.post(&in_session(&calling), &chat(1)).await;
    // Its client has gone, and the model is still loading.
    drop(call);
    let stream = server.send("GET", &in_session(&listening), "").await;
    within(async {
        while server.transport.sessions.count() > 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let later = Instant::now() + Duration::from_millis(120);
    while Instant::now() < later {
        tokio::task::yield_now().await;
    }
    let ping = request(2, "ping", json!({}));
    assert_eq!(server.post(&in_session(&unused), &ping).await.status, StatusCode::NOT_FOUND);
    for session in [&calling, &listening] {
        assert_eq!(server.post(&in_session(session), &ping).await.status, StatusCode::OK);
    }
    drop(stream);
    server.let_model_finish();
    within(async {
        while server.transport.sessions.count() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn shutdown_tells_and_ends_every_stream() {
    let server = server();
    let session = server.begin("guest").await;
    let in_session_call = server.post(&in_session(&session), &chat(1)).await;
    let by_hand = server.post(&[("accept", "text/event-stream")], &chat(2)).await;
    let listening = server.send("GET", &in_session(&session), "").await;
    server.generating(2).await;
    let began = Instant::now();
    server.shutdown.cancel();
    for call in [in_session_call, by_hand] {
        let last = call.events().await.pop().unwrap().data;
        assert_eq!(last["result"]["structuredContent"]["error"]["code"], "cancelled", "{last}");
    }
    listening.text().await;
    server.generating(0).await;
    assert!(began.elapsed() < Duration::from_secs(1));
    let reply = server.post(&[], &request(1, "ping", json!({}))).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
}
