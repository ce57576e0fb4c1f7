//! A model server that does nothing but answer, on a thread of its own: what is measured must not wait for it.

use std::net::SocketAddr;
use std::sync::mpsc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

use crate::client::find;

/// The reply of each chat: a piece, and the end.
const REPLY: &str = concat!(
    r#"{"model":"bench","created_at":"2026-01-02T03:04:05.678901234Z","message":{"role":"assistant","content":"Hello!"},"done":false}"#,
    "\n",
    r#"{"model":"bench","created_at":"2026-01-02T03:04:05.678901234Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","total_duration":5043500,"load_duration":1012600,"prompt_eval_count":26,"prompt_eval_duration":1303100,"eval_count":9,"eval_duration":2020400}"#,
    "\n"
);

/// Starts it; it lives to the end of the process.
pub(crate) fn start() -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream));
            }
        });
    });
    receiver.recv().unwrap()
}

async fn serve(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut read = Vec::with_capacity(1 << 14);
    let reply = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{REPLY}\r\n0\r\n\r\n",
        REPLY.len()
    );
    loop {
        while let Some(end) = request_end(&read) {
            let is_chat = read.starts_with(b"POST /api/chat ");
            read.drain(..end);
            let answer =
                if is_chat { reply.as_str() } else { "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" };
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
        if !matches!(stream.read_buf(&mut read).await, Ok(1..)) {
            return;
        }
    }
}

/// Where the first request ends, once it is whole.
pub(crate) fn request_end(read: &[u8]) -> Option<usize> {
    let head = find(read, b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let end = head + length.map_or(0, |length| length.trim().parse::<usize>().unwrap());
    (read.len() >= end).then_some(end)
}
