//! What a model server does wrong, and what the caller is told: one row a fault, through the whole server.

#[cfg(unix)]
mod descriptors;
mod http;
mod ollama;
mod openai;
mod transient;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::{Session, tool_error};

/// Timeouts short enough for tests, and long enough for a machine that is busy.
const TIMEOUTS: [(&str, &str); 2] =
    [("OLLAMA_MCP_FIRST_BYTE_TIMEOUT", "2s"), ("OLLAMA_MCP_IDLE_TIMEOUT", "700ms")];

/// A model of the fake's world.
const MODEL: &str = "qwen2.5-coder:0.5b";

/// A model server of either kind.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ollama,
    OpenAi,
}

/// A fault, and what must come of it.
struct Row {
    fault: &'static str,
    answer: Answer,
    code: &'static str,
    /// Each must be in the text.
    words: &'static [&'static str],
    /// The text that came before the fault.
    partial: &'static str,
    /// What the server is asked, all in all.
    requests: usize,
}

impl Row {
    fn new(fault: &'static str, answer: Answer, code: &'static str, words: &'static [&'static str]) -> Self {
        Self { fault, answer, code, words, partial: "", requests: 1 }
    }

    fn partial(self, partial: &'static str) -> Self {
        Self { partial, ..self }
    }

    fn requests(self, requests: usize) -> Self {
        Self { requests, ..self }
    }

    /// Asks a server that goes wrong so, and then one that is well again.
    async fn check(self, kind: Kind) {
        let Self { fault, answer, code, words, partial, requests } = self;
        let (fake, mut session) = start(kind).await;
        fake.on("POST", kind.route(), answer);
        let result = session.call("chat_completion", chat("fails")).await;
        let (found, text) = tool_error(&result);
        assert_eq!(found, code, "{fault}: {text}");
        for word in words {
            assert!(text.contains(word), "{fault}: {word:?} is not in {text:?}");
        }
        assert!(text.len() < 1000, "{fault}: {} bytes of text", text.len());
        let kept = &result["structuredContent"]["error"]["partial"];
        match partial {
            "" => assert!(kept.is_null(), "{fault}: {kept}"),
            _ => {
                assert_eq!(kept["content"], partial, "{fault}");
                assert!(text.ends_with(partial), "{fault}: {text}");
            }
        }
        let asked = fake.requests_to("POST", kind.route());
        assert_eq!(asked.len(), requests, "{fault}: requests");
        assert!(asked.iter().all(|again| again.body == asked[0].body), "{fault}: another request");

        fake.on("POST", kind.route(), kind.well());
        let next = session.call("chat_completion", chat("well")).await;
        assert_eq!(next["structuredContent"]["status"], "completed", "after {fault}: {next}");
        session.finish().await;
    }
}

impl Kind {
    fn route(self) -> &'static str {
        match self {
            Self::Ollama => "/api/chat",
            Self::OpenAi => "/v1/chat/completions",
        }
    }

    fn well(self) -> Answer {
        match self {
            Self::Ollama => Answer::recorded("chat_stream"),
            Self::OpenAi => Answer::recorded("v1_chat_stream"),
        }
    }
}

/// A server over a fake of a kind, with short timeouts.
async fn start(kind: Kind) -> (FakeOllama, Session) {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let base = format!("{url}/v1");
    let mut environment = TIMEOUTS.to_vec();
    match kind {
        Kind::Ollama => environment.push(("OLLAMA_HOST", &url)),
        Kind::OpenAi => {
            environment.extend([("OLLAMA_MCP_PROVIDER", "openai"), ("OLLAMA_MCP_BASE_URL", &base)])
        }
    }
    let session = Session::with(&environment);
    (fake, session)
}

/// Checks all rows at once: most of them wait.
async fn check_all(kind: Kind, rows: Vec<Row>) {
    check_each(rows, |row| row.check(kind)).await;
}

/// The same, by a check of another front.
async fn check_each<F>(rows: Vec<Row>, check: impl Fn(Row) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let names: Vec<_> = rows.iter().map(|row| row.fault).collect();
    let checks: Vec<_> = rows.into_iter().map(|row| tokio::spawn(check(row))).collect();
    let mut failed = Vec::new();
    for (name, check) in names.iter().zip(checks) {
        if let Err(error) = check.await {
            failed.push(format!("{name}: {error}"));
        }
    }
    assert!(failed.is_empty(), "{} of {} rows failed:\n{}", failed.len(), names.len(), failed.join("\n"));
}

fn chat(prompt: &str) -> Value {
    json!({ "model": MODEL, "prompt": prompt })
}

/// A line of Ollama's that carries text.
fn piece(text: &str) -> Value {
    json!({ "model": MODEL, "message": { "role": "assistant", "content": text }, "done": false })
}

/// Ollama's last line.
fn done() -> Value {
    json!({
        "model": MODEL, "message": { "role": "assistant", "content": "" },
        "done": true, "done_reason": "stop", "eval_count": 3, "prompt_eval_count": 9,
    })
}

/// The lines of a reply that goes well: `one two three`.
fn lines() -> Vec<Value> {
    vec![piece("one "), piece("two "), piece("three"), done()]
}

/// How long the waits between four tries last together, at the least.
const BACKOFF: Duration = Duration::from_millis(75 + 225 + 675);
