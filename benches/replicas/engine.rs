//! A fake engine with OpenAI's API: a few replies at a time, each a number of pieces over some time, as a GPU makes them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

/// The name of its model.
pub(crate) const MODEL: &str = "bench";

/// How it answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Replies at a time; more wait, as in an engine's own queue.
    pub(crate) slots: usize,
    pub(crate) pieces: u32,
    pub(crate) between: Duration,
}

impl Pace {
    /// How long a reply takes.
    pub(crate) fn reply(self) -> Duration {
        self.between * self.pieces
    }
}

/// A running engine. It ends, with its connections, when it is dropped.
pub(crate) struct Engine {
    pub(crate) address: SocketAddr,
    acceptor: JoinHandle<()>,
}

impl Engine {
    /// Starts one; `completed` counts the replies that reached their end.
    pub(crate) async fn start(pace: Pace, completed: Arc<AtomicU64>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let slots = Arc::new(Semaphore::new(pace.slots));
        let acceptor = tokio::spawn(async move {
            // Of this task, so that they end with it.
            let mut connections = JoinSet::new();
            loop {
                tokio::select! {
                    accepted = listener.accept() => {
                        let (slots, completed) = (Arc::clone(&slots), Arc::clone(&completed));
                        connections.spawn(serve(accepted.unwrap().0, pace, slots, completed));
                    }
                    Some(_) = connections.join_next() => {}
                }
            }
        });
        Self { address, acceptor }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.acceptor.abort();
    }
}

/// The reply to a question. A caller knows by it that an answer is whole.
pub(crate) fn reply_to(question: &str) -> String {
    format!("This is the reply to {question}.")
}

async fn serve(mut stream: TcpStream, pace: Pace, slots: Arc<Semaphore>, completed: Arc<AtomicU64>) {
    stream.set_nodelay(true).unwrap();
    let mut read = Vec::new();
    loop {
        let Some((head, body)) = request(&mut stream, &mut read).await else { return };
        let answered = if head.starts_with("POST /v1/chat/completions ") {
            let _slot = slots.acquire().await.unwrap();
            let answered = chat(&mut stream, &serde_json::from_slice(&body).unwrap(), pace).await;
            if answered.is_ok() {
                completed.fetch_add(1, Ordering::Relaxed);
            }
            answered
        } else if head.starts_with("GET /v1/models ") {
            let models = json!({ "object": "list", "data": [{ "id": MODEL, "object": "model", "owned_by": "bench" }] });
            whole(&mut stream, "200 OK", &models).await
        } else {
            whole(&mut stream, "404 Not Found", &json!({ "error": { "message": "no such route" } })).await
        };
        if answered.is_err() {
            return;
        }
    }
}

/// The next request of a connection: its head and its body.
async fn request(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&read[..end]).into_owned();
            let length = head.to_ascii_lowercase();
            let length = length.lines().find_map(|line| line.strip_prefix("content-length:"));
            let whole = end + 4 + length.map_or(0, |length| length.trim().parse::<usize>().unwrap());
            if read.len() >= whole {
                let request: Vec<u8> = read.drain(..whole).collect();
                return Some((head, request[end + 4..].to_vec()));
            }
        }
        if !matches!(stream.read_buf(read).await, Ok(1..)) {
            return None;
        }
    }
}

async fn whole(stream: &mut TcpStream, status: &str, body: &Value) -> std::io::Result<()> {
    let body = body.to_string();
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(answer.as_bytes()).await
}

async fn chat(stream: &mut TcpStream, request: &Value, pace: Pace) -> std::io::Result<()> {
    let question =
        request["messages"].as_array().and_then(|messages| messages.last()).map(|last| &last["content"]);
    let reply = reply_to(question.and_then(Value::as_str).unwrap_or_default());
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let size = reply.len().div_ceil(pace.pieces as usize);
    let mut rest = reply.as_str();
    for _ in 0..pace.pieces {
        tokio::time::sleep(pace.between).await;
        // ASCII alone.
        let (piece, after) = rest.split_at(size.min(rest.len()));
        rest = after;
        event(stream, &json!([{ "index": 0, "delta": { "content": piece }, "finish_reason": null }]), None)
            .await?;
    }
    let usage =
        json!({ "prompt_tokens": 8, "completion_tokens": pace.pieces, "total_tokens": 8 + pace.pieces });
    event(stream, &json!([{ "index": 0, "delta": {}, "finish_reason": "stop" }]), None).await?;
    event(stream, &json!([]), Some(usage)).await?;
    chunk(stream, "data: [DONE]\n\n").await?;
    stream.write_all(b"0\r\n\r\n").await
}

async fn event(stream: &mut TcpStream, choices: &Value, usage: Option<Value>) -> std::io::Result<()> {
    let data = json!({
        "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1, "model": MODEL, "choices": choices, "usage": usage,
    });
    chunk(stream, &format!("data: {data}\n\n")).await
}

async fn chunk(stream: &mut TcpStream, text: &str) -> std::io::Result<()> {
    stream.write_all(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()).await
}
