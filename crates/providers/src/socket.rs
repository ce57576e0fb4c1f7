//! A raw socket instead of a server, for tests.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Longer than anything here takes: a test that reaches it fails.
pub(super) const LONG: Duration = Duration::from_secs(20);
pub(super) const HEAD: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n";
pub(super) async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    (listener, address)
}

/// Reads one request, head and body.
pub(super) async fn read_request(socket: &mut TcpStream) -> String {
    let mut text = String::new();
    loop {
        let mut buffer = [0; 4096];
        let count = timeout(LONG, socket.read(&mut buffer)).await.unwrap().unwrap();
        assert_ne!(count, 0, "closed after {text:?}");
        text.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
            return text;
        }
    }
}

pub(super) fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

pub(super) async fn write(socket: &mut TcpStream, text: &str) {
    socket.write_all(text.as_bytes()).await.unwrap();
}

/// Whether the other side closes the connection.
pub(super) async fn is_closed(socket: &mut TcpStream) -> bool {
    matches!(timeout(LONG, socket.read(&mut [0; 1])).await, Ok(Ok(0) | Err(_)))
}

/// Sends one answer to one request; returns the request too.
pub(super) async fn answered<T>(answer: &str, ask: impl AsyncFnOnce(String) -> T) -> (String, T) {
    let (listener, address) = listen().await;
    let answer = answer.to_owned();
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let request = read_request(&mut socket).await;
        write(&mut socket, &answer).await;
        request
    });
    let result = timeout(LONG, ask(address)).await.unwrap();
    (server.await.unwrap(), result)
}

pub(super) fn plain(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}
