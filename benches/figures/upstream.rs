//! The fake Ollama on a thread of its own, and the direct HTTP call that a figure is held against.

use std::sync::mpsc;

use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::fake_ollama::{Answer, FakeOllama};

/// The text of a small reply.
pub(crate) const REPLY: &str = "Hello! How can I help you today?";

/// Starts the fake; it lives to the end of the process. Every chat gets a small reply at once.
pub(crate) fn start() -> FakeOllama {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            sender.send(FakeOllama::start().await).unwrap();
            std::future::pending::<()>().await;
        });
    });
    let fake = receiver.recv().unwrap();
    fake.on("POST", "/api/chat", small_reply());
    fake
}

/// A reply of two lines in one chunk.
pub(crate) fn small_reply() -> Answer {
    reply(vec![[content_line(REPLY), done_line()].concat()])
}

/// A reply of these chunks.
pub(crate) fn reply(chunks: Vec<Vec<u8>>) -> Answer {
    Answer::raw_chunks(chunks).header("Content-Type", "application/x-ndjson")
}

/// A line with a piece of the answer, as Ollama writes it.
pub(crate) fn content_line(content: &str) -> Vec<u8> {
    let line = json!({
        "model": "bench",
        "created_at": "2026-01-02T03:04:05.678901234Z",
        "message": { "role": "assistant", "content": content },
        "done": false,
    });
    format!("{line}\n").into_bytes()
}

/// The last line of an answer.
pub(crate) fn done_line() -> Vec<u8> {
    let line = json!({
        "model": "bench",
        "created_at": "2026-01-02T03:04:05.678901234Z",
        "message": { "role": "assistant", "content": "" },
        "done": true,
        "done_reason": "stop",
        "total_duration": 5_043_500,
        "load_duration": 1_012_600,
        "prompt_eval_count": 26,
        "prompt_eval_duration": 1_303_100,
        "eval_count": 9,
        "eval_duration": 2_020_400,
    });
    format!("{line}\n").into_bytes()
}

/// A runtime on the thread that it is used from.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A client as a program would use it that calls Ollama itself; it keeps connections.
#[derive(Clone)]
pub(crate) struct Direct {
    client: reqwest::Client,
    url: String,
    body: String,
}

impl Direct {
    /// A client that sends `prompt` to the Ollama at `base`.
    pub(crate) fn new(base: &str, prompt: &str) -> Self {
        let body =
            json!({ "model": "bench", "messages": [{ "role": "user", "content": prompt }], "stream": true });
        // An error means that one is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().http1_only().tcp_nodelay(true).no_proxy();
        Self {
            client: client.tls_certs_only([]).build().unwrap(),
            url: format!("{base}/api/chat"),
            body: body.to_string(),
        }
    }

    /// Sends the request; the answer has begun.
    pub(crate) async fn begin(&self) -> reqwest::Response {
        let request = self.client.post(&self.url).header("Content-Type", "application/json");
        let response = request.body(self.body.clone()).send().await.unwrap();
        assert!(response.status().is_success());
        response
    }

    /// One call to its end. Nothing of the answer is decoded.
    pub(crate) async fn call(&self) {
        assert!(!self.begin().await.bytes().await.unwrap().is_empty());
    }
}
