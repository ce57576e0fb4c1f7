//! The fake Ollama: a model that answers immediately, and one that embeds.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fake_ollama::{Answer, FakeOllama, Request};

/// Numbers in a vector, as all-minilm and bge-small have them.
const LENGTH: u64 = 384;
const CHAT: &str = "bench:latest";
const EMBEDDER: &str = "embedder:latest";

/// The fake, on a thread of its own to the end of the process.
pub(crate) struct Models {
    fake: FakeOllama,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// Spent on making embeddings.
    embedding: Duration,
    /// When the last request for an answer arrived.
    chat: Option<Instant>,
}

impl Models {
    pub(crate) fn start() -> Self {
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                sender.send(FakeOllama::start().await).unwrap();
                std::future::pending::<()>().await;
            });
        });
        let fake = receiver.recv().unwrap();
        let seen = Arc::<Mutex<Seen>>::default();
        let models = [model(CHAT, "completion"), model(EMBEDDER, "embedding")];
        fake.on("GET", "/api/tags", Answer::json(200, json!({ "models": models })));
        let loaded = json!({ "models": [{ "name": CHAT, "model": CHAT, "context_length": 8192 }] });
        fake.on("GET", "/api/ps", Answer::json(200, loaded));
        fake.on("GET", "/api/version", Answer::json(200, json!({ "version": "0.12.0" })));
        fake.on("POST", "/api/show", Answer::computed(show));
        let of_embed = Arc::clone(&seen);
        fake.on(
            "POST",
            "/api/embed",
            Answer::computed(move |request| {
                let start = Instant::now();
                let answer = embed(request);
                lock(&of_embed).embedding += start.elapsed();
                answer
            }),
        );
        let of_chat = Arc::clone(&seen);
        fake.on(
            "POST",
            "/api/chat",
            Answer::computed(move |_| {
                lock(&of_chat).chat = Some(Instant::now());
                reply()
            }),
        );
        Self { fake, seen }
    }

    pub(crate) fn url(&self) -> String {
        self.fake.url()
    }

    /// The time that embeddings took since the last call; what the fake remembers of requests is dropped.
    pub(crate) fn take_time(&self) -> Duration {
        self.fake.clear_requests();
        std::mem::take(&mut lock(&self.seen).embedding)
    }

    /// When the last request for an answer arrived.
    pub(crate) fn chat_arrived(&self) -> Instant {
        lock(&self.seen).chat.unwrap()
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn model(name: &str, capability: &str) -> Value {
    json!({
        "name": name,
        "model": name,
        "modified_at": "2026-01-02T03:04:05Z",
        "size": 1000,
        "capabilities": [capability],
        "digest": "0".repeat(64),
        "details": { "format": "gguf", "family": "bench", "parameter_size": "1B", "quantization_level": "Q4_0" },
    })
}

fn show(request: &Request) -> Answer {
    let is_embedder = request.json()["model"].as_str().is_some_and(|name| name.starts_with("embedder"));
    let capability = if is_embedder { "embedding" } else { "completion" };
    Answer::json(
        200,
        json!({
            "details": { "family": "bench" },
            "model_info": { "general.architecture": "bench", "bench.context_length": 32768, "bench.embedding_length": LENGTH },
            "capabilities": [capability],
        }),
    )
}

/// Vectors that are the same for the same text.
fn embed(request: &Request) -> Answer {
    let body = request.json();
    let texts: Vec<&str> = match &body["input"] {
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        text => text.as_str().into_iter().collect(),
    };
    let mut vectors = String::new();
    for text in &texts {
        let mut state = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        vectors.push_str(if vectors.is_empty() { "[" } else { ",[" });
        for number in 0..LENGTH {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let comma = if number == 0 { "" } else { "," };
            vectors.push_str(&format!(
                "{comma}{}.{}",
                if state & 1 == 0 { "-0" } else { "0" },
                state >> 8 & 255
            ));
        }
        vectors.push(']');
    }
    let answer = format!(
        "{{\"model\":\"{EMBEDDER}\",\"embeddings\":[{vectors}],\"prompt_eval_count\":{}}}",
        texts.len()
    );
    Answer::text(200, "application/json; charset=utf-8", &answer)
}

fn reply() -> Answer {
    let line = |content: &str, done: bool| {
        json!({
            "model": CHAT,
            "created_at": "2026-01-02T03:04:05.678901234Z",
            "message": { "role": "assistant", "content": content },
            "done": done,
            "done_reason": if done { "stop" } else { "" },
            "prompt_eval_count": 26,
            "eval_count": 9,
        })
    };
    Answer::ndjson(&[line("NOT IN THESE FILES", false), line("", true)])
}
