//! Faults of the model server and of callers, on every route that generates.

use serde_json::{Value, json};

use super::{started, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::http_client::HttpAnswer;
use crate::support::http_server::HttpServer;

const MODEL: &str = "qwen2.5-coder:0.5b";

/// A way to ask: its name, its path, its body, and where the model server is asked.
struct Way {
    name: &'static str,
    path: &'static str,
    body: Value,
    upstream: &'static str,
    has_detail: bool,
}

fn ways() -> Vec<Way> {
    let messages = json!([{ "role": "user", "content": "hi" }]);
    let way =
        |name, path, body, upstream| Way { name, path, body, upstream, has_detail: !path_is_openai(path) };
    vec![
        way("chat", "/chat", json!({ "model": MODEL, "messages": messages }), "/api/chat"),
        way(
            "chat, whole",
            "/chat",
            json!({ "model": MODEL, "messages": messages, "stream": false }),
            "/api/chat",
        ),
        way("turn", "/chat", json!({ "model": MODEL, "message": "hi", "chat_id": "c" }), "/api/chat"),
        way("prompt", "/chat", json!({ "model": MODEL, "prompt": "hi" }), "/api/chat"),
        way("generate", "/api/v1/generate", json!({ "prompt": "hi" }), "/api/chat"),
        way("generate, streamed", "/api/v1/generate", json!({ "prompt": "hi", "stream": true }), "/api/chat"),
        way("completions", "/v1/completions", json!({ "model": MODEL, "prompt": "hi" }), "/api/generate"),
        way(
            "completions, streamed",
            "/v1/completions",
            json!({ "model": MODEL, "prompt": "hi", "stream": true }),
            "/api/generate",
        ),
        way("embeddings", "/v1/embeddings", json!({ "model": MODEL, "input": "hi" }), "/api/embed"),
    ]
}

fn path_is_openai(path: &str) -> bool {
    path.starts_with("/v1/")
}

fn is_error(way: &Way, fault: &str, answer: &HttpAnswer, status: u16, code: &str) {
    let error = answer.error(status);
    assert_eq!(error["code"], code, "{}, {fault}: {error}", way.name);
    assert!(error["type"].is_string() && error.get("param").is_some(), "{}, {fault}: {error}", way.name);
    assert!(!answer.header("x-request-id").is_empty());
    assert_eq!(answer.json().get("detail").is_some(), way.has_detail, "{}, {fault}: {answer:?}", way.name);
}

#[tokio::test]
async fn fault_before_the_answer_is_a_status() {
    let (fake, server) = started().await;
    let text = |text: &str| json!({ "error": text });
    for way in ways() {
        for (fault, answer, status, code) in [
            ("500", Answer::json(500, text("boom")), 502, "upstream_error"),
            (
                "missing",
                Answer::json(404, text(&format!("model '{MODEL}' not found"))),
                404,
                "model_not_found",
            ),
            (
                "busy",
                Answer::recorded("chat_queue_full_503").header("Retry-After", "3600"),
                429,
                "overloaded",
            ),
            ("no HTTP", Answer::garbage_head(), 502, "upstream_error"),
            ("no JSON", Answer::text(200, "text/html", "<html>"), 502, "upstream_error"),
        ] {
            fake.on("POST", way.upstream, answer);
            let answer = server.guest().post(way.path, &way.body).await;
            is_error(&way, fault, &answer, status, code);
            let retry_after = if status == 429 { "3600" } else { "" };
            assert_eq!(answer.header("retry-after"), retry_after, "{}, {fault}", way.name);
            assert_eq!(answer.header("x-should-retry"), "", "{}, {fault}", way.name);
        }
    }
    server.still_serves().await;
}

#[tokio::test]
async fn server_that_is_down_or_silent_is_told_apart() {
    let down = format!("http://{}", FakeOllama::closed_address());
    let server = HttpServer::with(&[("OLLAMA_HOST", &down)]).await;
    for way in ways() {
        let answer = server.guest().post(way.path, &way.body).await;
        let status = if way.path == "/chat" { 502 } else { 503 };
        is_error(&way, "down", &answer, status, "ollama_unreachable");
        assert!(!answer.body.contains(&down[7..]), "guests learn no address: {answer:?}");
    }
    let (fake, server) = started_with(&[("OLLAMA_MCP_FIRST_BYTE_TIMEOUT", "200ms")]).await;
    for way in ways() {
        fake.on("POST", way.upstream, Answer::recorded("chat_stream").stall_after(0));
        let answer = server.guest().post(way.path, &way.body).await;
        is_error(&way, "silent", &answer, 504, "timeout");
    }
}

#[tokio::test]
async fn fault_in_mid_stream_is_the_last_event_and_nothing_is_lost() {
    let (fake, server) = started().await;
    let lines = |upstream: &str| {
        let piece = |text: &str| match upstream {
            "/api/chat" => {
                json!({ "model": MODEL, "message": { "role": "assistant", "content": text }, "done": false })
            }
            _ => json!({ "model": MODEL, "response": text, "done": false }),
        };
        [piece("Sure"), piece(","), json!({ "error": "the engine fell over" })]
    };
    for way in ways() {
        if way.upstream == "/api/embed" {
            continue;
        }
        fake.on("POST", way.upstream, Answer::ndjson(&lines(way.upstream)));
        let answer = server.guest().post(way.path, &way.body).await;
        let is_streamed = answer.header("content-type") != "application/json";
        if !is_streamed {
            is_error(&way, "mid-stream", &answer, 502, "interrupted");
            assert_eq!(answer.header("x-should-retry"), "false", "{}", way.name);
            let hint = answer.json()["error"]["hint"].as_str().unwrap().to_owned();
            let path = hint.split(' ').find(|word| word.starts_with("/x/")).unwrap();
            assert_eq!(server.guest().get(path).await.ok()["content"], "Sure,", "{}", way.name);
            continue;
        }
        assert_eq!(answer.status, 200, "{}", way.name);
        if way.path == "/chat" {
            let lines = answer.lines();
            let last = lines.last().unwrap();
            assert!(last["error"].as_str().unwrap().contains("the engine fell over"), "{last}");
            let text: String = lines.iter().filter_map(|line| line["message"]["content"].as_str()).collect();
            assert_eq!(text, "Sure,");
        } else {
            let events: Vec<Value> =
                answer.events().iter().map(|event| serde_json::from_str(event).unwrap()).collect();
            let last = events.last().unwrap();
            assert_eq!(last["error"]["code"], "interrupted", "{last}");
            let text = events
                .iter()
                .filter_map(|event| event["response"].as_str().or(event["choices"][0]["text"].as_str()));
            assert_eq!(text.collect::<String>(), "Sure,", "{}", way.name);
        }
    }
}

#[tokio::test]
async fn failure_in_the_same_read_as_the_first_text_is_told_in_the_stream() {
    let (fake, server) = started().await;
    let piece =
        json!({ "model": MODEL, "message": { "role": "assistant", "content": "Sure" }, "done": false });
    let both = format!("{piece}\n{}\n", json!({ "error": "the engine fell over" }));
    fake.on("POST", "/api/chat", Answer::raw_chunks(vec![both.into_bytes()]));
    let body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }], "stream": true });
    for path in ["/v1/chat/completions", "/chat"] {
        let answer = server.guest().post(path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        let (text, failure) = (answer.body.find("Sure"), answer.body.find("the engine fell over"));
        assert!(text.is_some() && text < failure, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn faults_of_callers_have_their_status_in_each_dialect() {
    let (fake, server) = started_with(&[("OLLAMA_MCP_SERVE_MAX_BODY_BYTES", "4KiB")]).await;
    let wrong_key = server.guest().clone().with_key("omk_local_00000000000000000000000000000000");
    for way in ways() {
        is_error(&way, "key", &wrong_key.post(way.path, &way.body).await, 401, "invalid_api_key");
        let large = json!({ "prompt": "x".repeat(5000) });
        is_error(&way, "size", &server.guest().post(way.path, &large).await, 413, "request_too_large");
        let send = |body: &'static str| {
            crate::support::http_client::answer(server.guest().request("POST", way.path).body(body))
        };
        is_error(&way, "no JSON", &send("{").await, 400, "invalid_argument");
        is_error(&way, "nothing", &send("").await, 400, "invalid_argument");
        is_error(&way, "array", &send("[]").await, 400, "invalid_argument");
        let compressed = server.guest().posting(way.path, &way.body).header("content-encoding", "gzip");
        let compressed = crate::support::http_client::answer(compressed).await;
        is_error(&way, "compressed", &compressed, 415, "unsupported_media_type");
        let foreign = server.guest().posting(way.path, &way.body).header("origin", "https://evil.example");
        is_error(&way, "origin", &crate::support::http_client::answer(foreign).await, 403, "forbidden");
    }
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
}
