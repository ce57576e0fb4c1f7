//! Slow clients, against a server with short timeouts.

use axum::routing::get;
use futures_util::stream;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::time::timeout;

use std::time::Duration;

use super::*;

/// Longer than any wait of these tests.
const PATIENCE: Duration = Duration::from_secs(20);

const SHORT: Duration = Duration::from_millis(100);

/// A connection to a server with these timeouts; `/` answers, `/slow` does after a while, `/endless` streams without an end.
async fn connect(timeouts: Timeouts) -> (TcpStream, tokio::task::JoinHandle<()>) {
    let piece = || stream::repeat_with(|| Ok::<_, Infallible>(vec![b'x'; 1 << 16]));
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route(
            "/slow",
            get(async || {
                tokio::time::sleep(SHORT).await;
                "late"
            }),
        )
        .route("/endless", get(async move || Body::from_stream(piece())));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, peer) = listener.accept().await.unwrap();
    (client, tokio::spawn(serve(stream, peer, router, timeouts, CancellationToken::new())))
}

async fn ended(server: tokio::task::JoinHandle<()>) {
    timeout(PATIENCE, server).await.expect("the connection ends").unwrap();
}

/// Reads until this has come.
async fn read_to(client: &mut TcpStream, end: &str) {
    let mut text = Vec::new();
    while !text.ends_with(end.as_bytes()) {
        let read = client.read_buf(&mut text).await.unwrap();
        assert!(read > 0, "ended after {:?}", String::from_utf8_lossy(&text));
    }
}

/// All that comes until the end.
async fn rest(client: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset is an end too.
    let _ = timeout(PATIENCE, client.read_to_end(&mut text)).await.expect("the server ends the connection");
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn head_that_does_not_come_in_time_ends_connection() {
    let (mut client, server) = connect(Timeouts { head: SHORT, ..Timeouts::default() }).await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: local").await.unwrap();
    assert_eq!(rest(&mut client).await, "");
    ended(server).await;
}

#[tokio::test]
async fn head_after_a_response_has_its_own_time() {
    let (mut client, server) = connect(Timeouts { head: SHORT, ..Timeouts::default() }).await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    read_to(&mut client, "hello").await;
    client.write_all(b"GET").await.unwrap();
    assert_eq!(rest(&mut client).await, "");
    ended(server).await;
}

#[tokio::test]
async fn connection_without_a_request_ends_after_the_idle_time() {
    let (mut client, server) = connect(Timeouts { idle: SHORT, ..Timeouts::default() }).await;
    assert_eq!(rest(&mut client).await, "");
    ended(server).await;
}

#[tokio::test]
async fn idle_connection_outlives_the_time_of_a_head() {
    let timeouts = Timeouts { head: SHORT / 10, ..Timeouts::default() };
    assert!(timeouts.idle >= Duration::from_secs(60));
    let (mut client, mut server) = connect(timeouts).await;
    for _ in 0..2 {
        assert!(timeout(SHORT, &mut server).await.is_err(), "it ended while nobody had begun a head");
        client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        read_to(&mut client, "hello").await;
    }
    drop(client);
    ended(server).await;
}

#[tokio::test]
async fn response_may_take_longer_than_head_and_idle_time() {
    let timeouts = Timeouts { head: SHORT / 10, idle: SHORT / 10, ..Timeouts::default() };
    let (mut client, server) = connect(timeouts).await;
    client.write_all(b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(rest(&mut client).await.contains("late"));
    ended(server).await;
}

#[tokio::test]
async fn head_that_cannot_be_read_is_answered_with_json() {
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_HEADERS + 1));
    let long = format!("GET / HTTP/1.1\r\na: {}\r\n\r\n", "x".repeat(MAX_HEAD));
    let address = format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(MAX_HEAD));
    let before = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (what, sent, status, code) in [
        ("no HTTP", "hello\r\n\r\n".to_owned(), 400, "invalid_http"),
        ("no HTTP after a request", format!("{before}hello\r\n\r\n"), 400, "invalid_http"),
        ("many headers", many, 431, "headers_too_large"),
        ("a long header", long, 431, "headers_too_large"),
        ("a long address", address, 431, "headers_too_large"),
    ] {
        let (mut client, server) = connect(Timeouts::default()).await;
        // The server may end the connection before it has read all.
        let _ = client.write_all(sent.as_bytes()).await;
        let text = rest(&mut client).await;
        let (head, body) = text.rsplit_once("\r\n\r\n").unwrap_or_else(|| panic!("{what}: {text:?}"));
        let (_, head) = head.rsplit_once("HTTP/1.1").unwrap();
        assert!(head.starts_with(&format!(" {status} ")), "{what}: {text}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{what}: {text}");
        assert!(head.contains("x-request-id: req_"), "{what}: {text}");
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["error"]["code"], code, "{what}");
        ended(server).await;
    }
}

#[tokio::test]
async fn head_that_comes_byte_by_byte_ends_connection() {
    let (mut client, server) = connect(Timeouts { head: SHORT, ..Timeouts::default() }).await;
    client.set_nodelay(true).unwrap();
    // Each byte is in time; all of them are not.
    let mut sent = 0;
    while client.write_all(b"a").await.is_ok() && !server.is_finished() {
        tokio::time::sleep(SHORT / 20).await;
        sent += 1;
    }
    assert!(sent < 1000, "{sent} bytes");
    ended(server).await;
}

#[tokio::test]
async fn idle_connection_ends_after_its_last_response() {
    let (mut client, server) = connect(Timeouts { idle: SHORT, ..Timeouts::default() }).await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    assert!(rest(&mut client).await.ends_with("hello"));
    ended(server).await;
}

#[tokio::test]
async fn client_that_does_not_read_is_given_up() {
    let (mut client, server) = connect(Timeouts { write: SHORT, ..Timeouts::default() }).await;
    client.write_all(b"GET /endless HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    ended(server).await;
}
