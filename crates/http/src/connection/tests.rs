//! Slow clients, against a server with short timeouts.

use axum::routing::get;
use futures_util::stream;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::*;

/// Longer than any wait of these tests.
const PATIENCE: Duration = Duration::from_secs(20);

const SHORT: Duration = Duration::from_millis(100);

/// A connection to a server with these timeouts; `/` answers, `/endless` streams without an end.
async fn connect(timeouts: Timeouts) -> (TcpStream, tokio::task::JoinHandle<()>) {
    let piece = || stream::repeat_with(|| Ok::<_, Infallible>(vec![b'x'; 1 << 16]));
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/endless", get(async move || Body::from_stream(piece())));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, peer) = listener.accept().await.unwrap();
    (client, tokio::spawn(serve(stream, peer, router, timeouts, CancellationToken::new())))
}

async fn ended(server: tokio::task::JoinHandle<()>) {
    timeout(PATIENCE, server).await.expect("the connection ends").unwrap();
}

/// All that comes until the end.
async fn rest(client: &mut TcpStream) -> String {
    let mut text = Vec::new();
    // A reset is an end too.
    let _ = timeout(PATIENCE, client.read_to_end(&mut text)).await.expect("the server ends the connection");
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn head_that_does_not_come_in_time_ends_connection() {
    for sent in ["", "GET / HTTP/1.1\r\nHost: local"] {
        let (mut client, server) = connect(Timeouts { head: SHORT, ..Timeouts::default() }).await;
        client.write_all(sent.as_bytes()).await.unwrap();
        assert_eq!(rest(&mut client).await, "", "after {sent:?}");
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
    let (mut client, server) = connect(Timeouts { head: SHORT, ..Timeouts::default() }).await;
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
