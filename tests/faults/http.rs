//! The faults of an Ollama over HTTP: a status and OpenAI's error, and nothing that was generated is lost.

use serde_json::{Value, json};

use super::{MODEL, Row, TIMEOUTS, check_each, ollama};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::http_client::{HttpAnswer, events};
use crate::support::http_server::HttpServer;

const PATH: &str = "/v1/chat/completions";

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_has_its_status() {
    check_each(ollama::refusals(), check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_answer_has_its_status() {
    check_each(ollama::missing_answers(), check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_breaks_keeps_partial_text() {
    check_each(ollama::broken_answers(), check).await;
}

/// The status of a failure before anything was sent.
fn status(code: &str) -> u16 {
    match code {
        "model_not_found" => 404,
        "overloaded" => 429,
        "upstream_error" | "interrupted" => 502,
        "ollama_unreachable" => 503,
        "timeout" => 504,
        other => panic!("no status for {other}"),
    }
}

/// Asks a server that goes wrong so, whole and streamed, and then one that is well again.
async fn check(row: Row) {
    let Row { fault, answer, code, words, partial, requests } = row;
    let fake = FakeOllama::start().await.with_defaults();
    let server = HttpServer::start_with(&fake, &TIMEOUTS).await;
    let client = server.local();
    fake.on("POST", "/api/chat", answer);
    let body = |stream: bool| json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }], "stream": stream });
    for stream in [false, true] {
        fake.clear_requests();
        let answer = client.post(PATH, &body(stream)).await;
        let error = if stream && !partial.is_empty() {
            error_after(&answer, partial, fault)
        } else {
            let error = answer.error(status(code));
            let is_known = matches!(answer.header("x-should-retry"), "false");
            assert_eq!(is_known, !partial.is_empty(), "{fault}: x-should-retry in {answer:?}");
            assert_eq!(error["partial"]["content"].as_str().unwrap_or_default(), partial, "{fault}: {error}");
            error
        };
        assert_eq!(error["code"], code, "{fault}: {error}");
        let (message, hint) =
            (error["message"].as_str().unwrap(), error["hint"].as_str().unwrap_or_default());
        let text = format!("{message}. {hint}");
        // Each front words its own settings.
        for word in words.iter().filter(|word| !word.starts_with("OLLAMA_")) {
            assert!(text.contains(word), "{fault}: {word:?} is not in {text:?}");
        }
        assert!(text.len() < 1000, "{fault}: {} bytes of text", text.len());
        assert_eq!(
            error["param"].as_str(),
            (code == "model_not_found").then_some("model"),
            "{fault}: {error}"
        );
        assert_eq!(!answer.header("retry-after").is_empty(), code == "overloaded", "{fault}: {answer:?}");
        assert_eq!(fake.requests_to("POST", "/api/chat").len(), requests, "{fault}: requests");
    }
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    for stream in [false, true] {
        let next = client.post(PATH, &body(stream)).await;
        assert_eq!(next.status, 200, "after {fault}: {next:?}");
    }
}

/// The error at the end of a stream, before which this text came.
fn error_after(answer: &HttpAnswer, partial: &str, fault: &str) -> Value {
    assert_eq!(answer.status, 200, "{fault}: {answer:?}");
    let mut events: Vec<Value> = events(&answer.body)
        .iter()
        .map(|event| {
            serde_json::from_str(event).unwrap_or_else(|_| panic!("{fault}: {event} after a failure"))
        })
        .collect();
    let last = events.pop().unwrap_or_default();
    let error = &last["error"];
    assert!(error.is_object(), "{fault}: the last event is {last}");
    let text: String =
        events.iter().filter_map(|event| event["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(text, partial, "{fault}");
    assert!(events.iter().all(|event| event["choices"][0]["finish_reason"].is_null()), "{fault}: {events:?}");
    error.clone()
}
