//! Faults that pass: what is tried again, what is only slow or odd, and a server that is not there.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{BACKOFF, Kind, MODEL, TIMEOUTS, chat, done, lines, piece, start};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::{Session, tool_error};

/// The reply of a call that must succeed.
fn reply(result: &Value) -> &str {
    let reply = result.pointer("/structuredContent/choices/0/message/content").and_then(Value::as_str);
    reply.unwrap_or_else(|| panic!("no reply: {result}"))
}

#[tokio::test]
async fn transient_failures_are_retried() {
    let well = || Answer::ndjson(&lines());
    let busy = || Answer::recorded("chat_queue_full_503");
    let stages: [(&str, Vec<Answer>, usize); 4] = [
        ("503 once", vec![busy(), well()], 2),
        ("503, 429 and a reset", vec![busy(), Answer::empty(429), busy(), well()], 4),
        ("reset before the head", vec![Answer::reset_before_head(), well()], 2),
        ("the server's own wait", vec![busy().header("Retry-After", "1"), well()], 2),
    ];
    for (fault, answers, requests) in stages {
        let (fake, mut session) = start(Kind::Ollama).await;
        for answer in answers {
            fake.on_next("POST", "/api/chat", answer);
        }
        let started = Instant::now();
        let result = session.call("chat_completion", chat("again")).await;
        assert_eq!(reply(&result), "one two three", "{fault}");
        assert_eq!(fake.requests_to("POST", "/api/chat").len(), requests, "{fault}");
        if fault.starts_with("the server's own") {
            assert!(started.elapsed() >= Duration::from_secs(1), "{:?}", started.elapsed());
        }
    }
}

#[tokio::test]
async fn slow_split_and_huge_answers_are_complete() {
    let huge = "x".repeat(4 << 20);
    let stages = [
        ("a byte at a time", Answer::ndjson(&lines()).split_bytes(1), "one two three"),
        (
            "a slow drip, each gap shorter than the timeout",
            Answer::ndjson(&lines()).slow_drip(40, Duration::from_millis(100)),
            "one two three",
        ),
        ("a huge piece", Answer::ndjson(&[piece(&huge), done()]), huge.as_str()),
        ("all at once", Answer::ndjson(&lines()).split_bytes(1 << 20), "one two three"),
        ("several objects on a line", Answer::raw_chunks(vec![joined(&lines(), "")]), "one two three"),
        ("blank lines and CRLF", Answer::raw_chunks(vec![joined(&lines(), "\r\n\r\n")]), "one two three"),
    ];
    for (odd, answer, whole) in stages {
        let (fake, mut session) = start(Kind::Ollama).await;
        fake.on("POST", "/api/chat", answer);
        let result = session.call("chat_completion", chat("odd")).await;
        assert!(reply(&result) == whole, "{odd}: {} bytes", reply(&result).len());
        assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1, "{odd}");
    }
}

#[tokio::test]
async fn unreachable_server_is_tried_four_times() {
    let url = format!("http://{}", FakeOllama::closed_address());
    let mut session = Session::with(&[&TIMEOUTS[..], &[("OLLAMA_HOST", &url)]].concat());
    let started = Instant::now();
    let (result, progress) = session.call_watched("chat_completion", chat("nobody")).await;
    let (code, text) = tool_error(&result);
    assert_eq!(code, "ollama_unreachable");
    assert!(
        text.contains(&url) && text.contains("connection refused") && text.contains("ollama serve"),
        "{text}"
    );
    assert!(started.elapsed() >= BACKOFF, "{:?}", started.elapsed());
    let told = |message: &Value| message["message"].as_str().unwrap().contains("retrying in");
    assert_eq!(progress.iter().filter(|message| told(message)).count(), 3, "{progress:#?}");
    session.still_serves().await;
}

#[tokio::test]
async fn server_that_starts_during_retries_answers() {
    let address = FakeOllama::closed_address();
    let url = format!("http://{address}");
    let mut session = Session::with(&[&TIMEOUTS[..], &[("OLLAMA_HOST", &url)]].concat());
    let params = json!({
        "name": "chat_completion", "arguments": { "model": MODEL, "prompt": "wait" }, "_meta": { "progressToken": 1 },
    });
    let id = session.request("tools/call", params).await;
    let told = session.next().await;
    assert!(told["params"]["message"].as_str().unwrap().contains("retrying"), "{told}");
    let fake = FakeOllama::start_at(address).await;
    fake.on("POST", "/api/chat", Answer::ndjson(&lines()));
    let answer = session.answer(id).await;
    assert_eq!(reply(&answer["result"]), "one two three");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

#[tokio::test]
async fn dead_pooled_connection_is_replaced() {
    let (fake, mut session) = start(Kind::Ollama).await;
    fake.on("POST", "/api/chat", Answer::ndjson(&lines()));
    let result = session.call("chat_completion", chat("first")).await;
    assert_eq!(reply(&result), "one two three");
    let address = fake.addr();
    fake.stop().await;
    let fake = FakeOllama::start_at(address).await;
    fake.on("POST", "/api/chat", Answer::ndjson(&lines()));
    let result = session.call("chat_completion", chat("second")).await;
    assert_eq!(reply(&result), "one two three");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

#[tokio::test]
async fn list_is_asked_for_again_where_its_connection_was_closed() {
    let (fake, mut session) = start(Kind::Ollama).await;
    fake.on("GET", "/api/tags", Answer::recorded("tags_five_models"));
    fake.on_next("GET", "/api/tags", Answer::reset_before_head());
    let result = session.call("list_models", json!({})).await;
    assert!(result["structuredContent"]["models"].is_array(), "{result:#}");
    assert_eq!(fake.requests_to("GET", "/api/tags").len(), 2);
}

fn joined(values: &[Value], end: &str) -> Vec<u8> {
    values.iter().map(|value| format!("{value}{end}")).collect::<String>().into_bytes()
}
