//! Bodies of requests: lengths and chunks, bounds, compression, what comes too late; and the framing of streams.

use std::time::Duration;

use serde_json::{Value, json};

use super::{started, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_server::HttpServer;
use crate::support::http_socket::HttpSocket;

const PATH: &str = "/v1/chat/completions";
const MODEL: &str = "qwen2.5-coder:0.5b";
/// Behind a body; it must be read as a request of its own.
const NEXT: &str = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn chat() -> String {
    json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }] }).to_string()
}

/// A body as chunks of so many bytes, with extensions and trailers if asked for.
fn chunked(body: &str, size: usize, extension: &str, trailers: &str) -> String {
    let mut text = String::new();
    for chunk in body.as_bytes().chunks(size) {
        let chunk = std::str::from_utf8(chunk).unwrap();
        text.push_str(&format!("{:X}{extension}\r\n{chunk}\r\n", chunk.len()));
    }
    text + "0\r\n" + trailers + "\r\n"
}

fn post(framing: &str, body: &str) -> String {
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{framing}\r\n\r\n{body}"
    )
}

fn error(response: &crate::support::http_socket::RawResponse) -> Value {
    let error = response.json()["error"].take();
    assert!(error["message"].is_string(), "{}", response.text());
    error
}

#[tokio::test]
async fn body_is_read_to_its_end_and_no_further() {
    let (_fake, server) = started().await;
    let mut socket = server.socket().await;
    let body = chat();
    let chunks = "Transfer-Encoding: chunked";
    let requests = [
        post(&format!("Content-Length: {}", body.len()), &body),
        post(chunks, &chunked(&body, 1, "", "")),
        post(chunks, &chunked(&body, 7, ";name=\"a b\"", "")),
        post(chunks, &chunked(&body, 1000, "", "X-Trailer: b\r\nContent-Length: 5\r\n")),
    ];
    for request in &requests {
        socket.send(format!("{request}{NEXT}")).await;
        assert_eq!(socket.response().await.status(), 200, "{request}");
        assert_eq!(socket.response().await.json()["status"], "healthy", "{request}");
    }
}

#[tokio::test]
async fn body_that_is_not_read_is_no_request() {
    let (_fake, server) = started().await;
    // Refused by its head, with a body that looks like a request.
    let hidden = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (path, headers, status) in [
        ("/nothing", "", 404),
        ("/health", "", 405),
        (PATH, "Origin: https://evil.example\r\n", 403),
        (PATH, "Authorization: Bearer omk_wrong\r\n", 401),
        (PATH, "Content-Encoding: gzip\r\n", 415),
    ] {
        let mut socket = server.socket().await;
        let length = hidden.len();
        let head =
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n");
        socket.send(format!("{head}{hidden}{NEXT}")).await;
        assert_eq!(socket.response().await.status(), status, "{path} {headers}");
        // Either the connection goes on behind the body, or it ends.
        let rest = String::from_utf8(read_on(&mut socket).await).unwrap();
        assert!(!rest.contains("smuggled"), "{rest}");
    }
}

/// What comes until the next whole response, or the end.
async fn read_on(socket: &mut HttpSocket) -> Vec<u8> {
    socket.end_input().await;
    socket.rest().await
}

#[tokio::test]
async fn broken_chunks_are_refused_and_end_connection() {
    let (fake, server) = started().await;
    let body = chat();
    for (what, chunks) in [
        ("no number", format!("zz\r\n{body}\r\n0\r\n\r\n")),
        ("a sign", format!("-1\r\n{body}\r\n0\r\n\r\n")),
        ("a prefix", format!("0x{:x}\r\n{body}\r\n0\r\n\r\n", body.len())),
        ("too small a size", format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len() - 3)),
        ("no line end", format!("{:x}\r\n{body}0\r\n\r\n", body.len())),
        ("a size beyond 64 bits", format!("ffffffffffffffff1\r\n{body}\r\n0\r\n\r\n")),
        ("an endless extension", format!("{:x};{}\r\n{body}\r\n0\r\n\r\n", body.len(), "x".repeat(40_000))),
    ] {
        let mut socket = server.socket().await;
        socket.send(post("Transfer-Encoding: chunked", &chunks)).await;
        let response = socket.response().await;
        assert_eq!(response.status(), 400, "{what}: {}", response.text());
        assert_eq!(error(&response)["param"], "body", "{what}");
        socket.closed().await;
    }
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 0);
    server.still_serves().await;
}

#[tokio::test]
async fn body_that_ends_early_starts_nothing() {
    let (fake, server) = started().await;
    let body = chat();
    for request in [
        post(&format!("Content-Length: {}", body.len() + 1), &body),
        post("Transfer-Encoding: chunked", &format!("{:x}\r\n{body}\r\n", body.len())),
        post("Transfer-Encoding: chunked", &format!("{:x}\r\n{body}", body.len() + 1)),
    ] {
        let mut socket = server.socket().await;
        socket.send(&request).await;
        socket.end_input().await;
        let rest = String::from_utf8(socket.rest().await).unwrap();
        assert!(rest.is_empty() || rest.starts_with("HTTP/1.1 400 "), "{rest}");
    }
    server.still_serves().await;
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 0);
}

const LIMITED: (&str, &str) = ("OLLAMA_MCP_SERVE_MAX_BODY_BYTES", "64KiB");

#[tokio::test]
async fn body_larger_than_limit_is_413() {
    let (fake, server) = started_with(&[LIMITED]).await;
    let large = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "x".repeat(64 << 10) }] });
    let large = large.to_string();
    // By its length, before a byte of it came.
    let mut socket = server.socket().await;
    socket.send(post(&format!("Content-Length: {}", large.len()), "")).await;
    let response = socket.response().await;
    assert_eq!((response.status(), error(&response)["code"].as_str()), (413, Some("request_too_large")));
    assert!(response.text().contains("65536 bytes"), "{}", response.text());
    // A length that nobody can send.
    let mut socket = server.socket().await;
    socket.send(post("Content-Length: 18446744073709551613", "")).await;
    let rest = String::from_utf8(read_on(&mut socket).await).unwrap();
    assert!(rest.starts_with("HTTP/1.1 413 ") || rest.starts_with("HTTP/1.1 400 "), "{rest}");
    // By its chunks, all of which the client writes before it reads.
    for size in [1000, 1 << 20] {
        let mut socket = server.socket().await;
        socket.send(post("Transfer-Encoding: chunked", &chunked(&large, size, "", ""))).await;
        let response = socket.response().await;
        assert_eq!((response.status(), error(&response)["code"].as_str()), (413, Some("request_too_large")));
    }
    // One that just fits is read: this one is no JSON.
    let mut socket = server.socket().await;
    socket.send(post(&format!("Content-Length: {}", 64 << 10), &"x".repeat(64 << 10))).await;
    assert_eq!(socket.response().await.status(), 400);
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 0);
}

#[tokio::test]
async fn client_that_sends_its_whole_large_body_first_reads_413() {
    let (_fake, server) = started_with(&[LIMITED]).await;
    // As plain clients do, who read when they have written: no reset may eat the answer.
    let large = format!("{{\"messages\":\"{}\"}}", "x".repeat(4 << 20));
    for _ in 0..5 {
        let mut socket = server.socket().await;
        socket.send(post(&format!("Content-Length: {}", large.len()), &large)).await;
        let response = socket.response().await;
        assert_eq!(response.status(), 413);
    }
}

#[tokio::test]
async fn compressed_body_is_415() {
    let (_fake, server) = started().await;
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, identity", "x"] {
        let mut socket = server.socket().await;
        socket.send(post(&format!("Content-Encoding: {encoding}\r\nContent-Length: 2"), "{}")).await;
        let response = socket.response().await;
        assert_eq!(
            (response.status(), error(&response)["code"].as_str()),
            (415, Some("unsupported_media_type"))
        );
    }
    let body = chat();
    let mut socket = server.socket().await;
    socket.send(post(&format!("Content-Encoding: Identity\r\nContent-Length: {}", body.len()), &body)).await;
    assert_eq!(socket.response().await.status(), 200);
}

#[tokio::test]
async fn body_in_pieces_is_read_whole() {
    let (_fake, server) = started().await;
    let body = chat();
    let request = post(&format!("Content-Length: {}", body.len()), &body);
    let mut socket = server.socket().await;
    for byte in request.as_bytes().chunks(1) {
        socket.send(byte).await;
    }
    assert_eq!(socket.response().await.status(), 200);
}

#[tokio::test]
async fn client_that_expects_continue_is_told_to_go_on() {
    let (_fake, server) = started().await;
    let body = chat();
    let mut socket = server.socket().await;
    socket.send(post(&format!("Expect: 100-continue\r\nContent-Length: {}", body.len()), "")).await;
    assert_eq!(socket.head().await.status, 100);
    socket.send(&body).await;
    assert_eq!(socket.response().await.status(), 200);
    // What the head alone refuses needs no body.
    let mut socket = server.socket().await;
    let refused =
        format!("Origin: https://evil.example\r\nExpect: 100-continue\r\nContent-Length: {}", body.len());
    socket.send(post(&refused, "")).await;
    assert_eq!(socket.response().await.status(), 403);
}

/// A server whose model stops after three pieces until the gate opens.
async fn gated() -> (FakeOllama, Gate, HttpServer) {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(3, &gate));
    (fake, gate, server)
}

#[tokio::test]
async fn stream_is_chunked_and_no_chunk_is_held_back() {
    let (_fake, gate, server) = gated().await;
    let mut socket = server.socket().await;
    let body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }], "stream": true })
        .to_string();
    socket.send(post(&format!("Content-Length: {}", body.len()), &body)).await;
    let head = socket.head().await;
    assert_eq!((head.status, head.header("transfer-encoding")), (200, "chunked"), "{head:?}");
    assert_eq!(head.header("content-type"), "text/event-stream");
    assert_eq!(head.header("content-length"), "");
    assert_eq!(head.header("cache-control"), "no-cache");
    assert_eq!(head.header("x-accel-buffering"), "no");
    // What the model has written is here before it writes more.
    let mut text = String::new();
    while !text.contains("\"content\":\" colours\"") && !text.contains("colours") {
        text.push_str(&String::from_utf8(socket.chunk().await.unwrap()).unwrap());
    }
    assert!(!text.contains("[DONE]"), "{text}");
    gate.open();
    let mut last = String::new();
    while let Some(chunk) = socket.chunk().await {
        last = String::from_utf8(chunk).unwrap();
    }
    assert!(last.ends_with("data: [DONE]\n\n"), "{last}");
    // The connection goes on.
    socket.send(NEXT).await;
    assert_eq!(socket.response().await.status(), 200);
}

#[tokio::test]
async fn old_client_gets_stream_that_ends_with_the_connection() {
    let (fake, server) = started().await;
    let body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }], "stream": true })
        .to_string();
    let mut socket = server.socket().await;
    let head = format!("POST {PATH} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
    socket.send(format!("{head}{body}")).await;
    let head = socket.head().await;
    assert_eq!((head.status, head.header("transfer-encoding")), (200, ""), "{head:?}");
    let text = String::from_utf8(socket.rest().await).unwrap();
    assert!(text.ends_with("data: [DONE]\n\n"), "{text}");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

#[tokio::test]
async fn client_that_goes_frees_the_model() {
    let (fake, _gate, server) = gated().await;
    for (index, stream) in [(0, true), (1, false), (2, true), (3, false)] {
        let body =
            json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }], "stream": stream })
                .to_string();
        let mut socket = server.socket().await;
        socket.send(post(&format!("Content-Length: {}", body.len()), &body)).await;
        let asked = fake.wait_for_requests_to("POST", "/api/chat", index + 1).await;
        if index < 2 {
            drop(socket);
        } else {
            socket.reset();
        }
        fake.closed(asked[index].index).await;
    }
    server.still_serves().await;
}

#[tokio::test]
async fn client_that_does_not_read_holds_up_nobody() {
    let (fake, server) = started().await;
    // More than the sockets between take.
    let pieces: Vec<_> = (0..400)
        .map(|_| json!({ "model": MODEL, "message": { "role": "assistant", "content": "x".repeat(64 << 10) }, "done": false }))
        .collect();
    fake.on_next("POST", "/api/chat", Answer::ndjson(&pieces).stall_after(400));
    let body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }], "stream": true })
        .to_string();
    let mut deaf = server.socket().await;
    deaf.send(post(&format!("Content-Length: {}", body.len()), &body)).await;
    fake.wait_for("POST", "/api/chat").await;
    for _ in 0..3 {
        let answer = server.guest().post(PATH, &serde_json::from_str(&chat()).unwrap()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert!(deaf.send_until_blocked(&[b' '; 1 << 16], Duration::from_millis(300)).await < 64 << 20);
    server.still_serves().await;
}
