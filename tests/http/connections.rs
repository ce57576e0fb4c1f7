//! Connections: keep-alive, pipelining, limits in number, clients that break off, and what they leave.

use std::time::Duration;

use super::{started, started_with};
use crate::support::http_socket::HttpSocket;

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let (_fake, server) = started().await;
    let mut socket = server.socket().await;
    let mut requests = String::new();
    for path in ["/health/live", "/nothing", "/openapi.json", "/metrics", "/"] {
        requests.push_str(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    }
    socket.send(&requests).await;
    for status in [200, 404, 200, 403, 200] {
        assert_eq!(socket.response().await.status(), status);
    }
    assert!(socket.is_open_and_silent_for(Duration::from_millis(20)).await);
}

#[tokio::test]
async fn old_client_gets_one_answer() {
    let (_fake, server) = started().await;
    let mut socket = server.socket().await;
    socket.send("GET /health/live HTTP/1.0\r\nHost: localhost\r\n\r\n").await;
    assert_eq!(socket.response().await.status(), 200);
    socket.closed().await;
}

#[tokio::test]
async fn client_that_ends_its_input_is_gone() {
    let (_fake, server) = started().await;
    // The only sign of a caller that goes is the end of its input, and a completion must stop then.
    let mut socket = server.socket().await;
    socket.send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\nGET").await;
    assert_eq!(socket.response().await.status(), 200);
    socket.end_input().await;
    socket.rest().await;
    server.still_serves().await;
}

#[tokio::test]
async fn connection_beyond_limit_gets_503_and_the_next_one_is_served() {
    let (_fake, server) = started_with(&[("OLLAMA_MCP_SERVE_MAX_CONNECTIONS", "2")]).await;
    let (mut first, mut second) = (server.socket().await, server.socket().await);
    for socket in [&mut first, &mut second] {
        socket.request("GET", "/health/live", &[], b"").await;
        assert_eq!(socket.response().await.status(), 200);
    }
    // The client writes first, as clients do: its request must not turn the answer into a reset.
    for body in [0, 200_000] {
        let mut refused = server.socket().await;
        refused.request("POST", "/mcp", &[], &vec![b' '; body]).await;
        let response = refused.response().await;
        assert_eq!(response.status(), 503);
        assert_eq!(response.head.header("retry-after"), "1");
        assert_eq!(response.head.header("connection"), "close");
        assert_eq!(response.json()["error"]["code"], "overloaded", "{}", response.text());
        refused.closed().await;
    }
    drop(first);
    // The server notices the end a moment later.
    let answer = loop {
        let mut next = server.socket().await;
        next.request("GET", "/health/live", &[], b"").await;
        let response = next.response().await;
        if response.status() != 503 {
            break response;
        }
    };
    assert_eq!(answer.status(), 200);
    second.request("GET", "/health/live", &[], b"").await;
    assert_eq!(second.response().await.status(), 200);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn thousand_connections_leave_nothing() {
    let (_fake, server) = started().await;
    server.still_serves().await;
    let before = server.descriptors();
    for round in 0..4 {
        let mut sockets: Vec<HttpSocket> = Vec::new();
        for _ in 0..250 {
            sockets.push(server.socket().await);
        }
        for (index, mut socket) in sockets.into_iter().enumerate() {
            match (index + round) % 4 {
                // Nothing was sent.
                0 => drop(socket),
                1 => socket.reset(),
                2 => {
                    socket.send("GET /health/live HTT").await;
                    drop(socket);
                }
                _ => {
                    socket.request("GET", "/openapi.json", &[], b"").await;
                    socket.reset();
                }
            }
        }
        server.still_serves().await;
    }
    server.descriptors_are_at_most(before + 1).await;
    until_gauge_is(&server.local(), "ollama_mcp_http_connections", 2).await;
}

/// Waits until a gauge of `/metrics` is at most so high.
async fn until_gauge_is(client: &crate::support::http_client::HttpClient, name: &str, at_most: i64) {
    let mut seen = String::new();
    for _ in 0..500 {
        seen = client.get("/metrics").await.body;
        let value = seen.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
        let value: i64 = value.unwrap_or_else(|| panic!("no {name} in {seen}")).parse().unwrap();
        if value <= at_most {
            return;
        }
    }
    panic!("{name} stays above {at_most}: {seen}");
}

#[tokio::test]
async fn server_says_continue_before_it_reads_a_body() {
    let (_fake, server) = started().await;
    let mut socket = server.socket().await;
    // Refused by its head alone: no byte of the body is asked for.
    let head =
        "POST /mcp HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
    socket.send(head).await;
    assert_eq!(socket.head().await.status, 403);
}
