//! Requests by hand, and what bodies and headers may be.

use http_types::StatusCode;
use serde_json::json;

use super::support::{BOTH, Server, chat, request, server};

#[tokio::test]
async fn plain_request_is_answered_like_a_line() {
    let server = server();
    for headers in [&[][..], &[("content-type", "application/x-www-form-urlencoded"), ("accept", "*/*")]] {
        let reply = server.send("POST", headers, r#"{"jsonrpc":"2.0","id":7,"method":"tools/list"}"#).await;
        assert_eq!(reply.status, StatusCode::OK);
        let body = reply.json().await;
        assert_eq!(body["id"], 7);
        let tools = body["result"]["tools"].as_array().unwrap();
        assert!(tools.iter().any(|tool| tool["name"] == "chat_completion"), "{body}");
    }
    server.let_model_finish();
    let mut call = chat(8);
    call["params"].as_object_mut().unwrap().remove("_meta");
    let body = server.post(&[("accept", "*/*")], &call).await.json().await;
    assert_eq!(body["result"]["structuredContent"]["choices"][0]["message"]["content"], "one two");
}

#[tokio::test]
async fn answer_has_the_form_that_accept_names() {
    let server = server();
    let json = "application/json";
    let stream = "text/event-stream";
    for (accept, quick, streamed) in [
        (BOTH, json, stream),
        ("text/event-stream, application/json;q=0.5", json, stream),
        (json, json, json),
        ("application/json; charset=utf-8", json, json),
        ("application/json, text/event-stream;q=0", json, json),
        (stream, stream, stream),
        ("*/*", json, stream),
        ("application/*", json, json),
    ] {
        let reply = server.post(&[("accept", accept)], &request(1, "ping", json!({}))).await;
        assert_eq!((reply.status, reply.content_type()), (StatusCode::OK, quick), "{accept}");
        server.let_model_finish();
        let reply = server.post(&[("accept", accept)], &chat(2)).await;
        assert_eq!((reply.status, reply.content_type()), (StatusCode::OK, streamed), "{accept}");
        let answers = match streamed {
            "application/json" => vec![reply.json().await],
            _ => reply.events().await.into_iter().map(|event| event.data).collect(),
        };
        assert_eq!(answers.len() > 1, streamed == stream, "only a stream has progress: {answers:?}");
        let last = answers.last().unwrap();
        assert_eq!(last["result"]["structuredContent"]["status"], "completed", "{accept}: {last}");
    }
    let reply = server.post(&[("accept", "text/html")], &request(1, "ping", json!({}))).await;
    assert_eq!(reply.status, StatusCode::NOT_ACCEPTABLE);
    assert!(reply.error().await.1.contains("must list application/json, text/event-stream or both"));
}

#[tokio::test]
async fn body_that_is_no_message_is_refused_with_reason() {
    let server = Server::new(|options| options.max_message_bytes = 200);
    let long =
        format!(r#"{{"jsonrpc":"2.0","id":"abc","method":"ping","params":{{"x":"{}"}}}}"#, "x".repeat(300));
    let form = ("content-type", "application/x-www-form-urlencoded");
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    for (headers, body, status, code, said) in [
        (&[][..], "{\"jsonrpc\"", 400, -32700, "not JSON"),
        (&[], "", 400, -32700, "the body is empty"),
        (&[], "[]", 400, -32600, "an empty batch"),
        (&[], &format!("[{ping}]"), 400, -32600, "one message"),
        (&[], "{\"jsonrpc\":\"1.0\"}", 400, -32600, "\"jsonrpc\":\"2.0\""),
        (&[], "\u{fffd}", 400, -32700, "not JSON"),
        (&[], &long, 413, -32600, "OLLAMA_MCP_SERVE_MAX_BODY_BYTES"),
        (&[("content-type", "text/plain")], ping, 415, -32600, "application/json"),
        (&[form, ("origin", "http://localhost")], ping, 415, -32600, "application/json"),
        (&[form, ("sec-fetch-site", "same-origin")], ping, 415, -32600, "application/json"),
        (&[], r#"{"jsonrpc":"2.0","id":1,"method":"tools/lst"}"#, 200, -32601, "did you mean tools/list?"),
        (&[], r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#, 200, -32602, "name"),
        (
            &[],
            r#"{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"ollama://models"}}"#,
            400,
            -32600,
            "needs a session",
        ),
        (&[], r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, 400, -32600, "belongs to a session"),
        (&[("mcp-protocol-version", "2031-01-01")], ping, 400, -32022, "Unsupported protocol version"),
        (&[("mcp-method", "tools/list")], ping, 400, -32020, "Mcp-Method"),
    ] {
        let reply = server.send("POST", headers, body.to_owned()).await;
        assert_eq!(reply.status.as_u16(), status, "{body}");
        let (found, message) = reply.error().await;
        assert_eq!(found, code, "{body}: {message}");
        assert!(message.contains(said), "{body}: {message}");
    }
    let reply = server
        .send("POST", &[("content-type", "application/json; charset=utf-8")], format!("\u{feff}\n{ping}\n"))
        .await;
    assert_eq!(reply.json().await["result"], json!({}));
}

#[tokio::test]
async fn other_methods_are_named() {
    let server = server();
    let reply = server.send("PUT", &[], "").await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(reply.headers["allow"], "GET, POST, DELETE");
    // A browser that opens the address.
    let reply = server.send("GET", &[("accept", "text/html")], "").await;
    assert_eq!(reply.status, StatusCode::NOT_ACCEPTABLE);
    let reply = server.send("GET", &[("accept", "text/event-stream")], "").await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    assert!(reply.error().await.1.contains("Mcp-Session-Id is missing"));
    let modern = [("accept", "text/event-stream"), ("mcp-protocol-version", "2026-07-28")];
    for method in ["GET", "DELETE"] {
        let reply = server.send(method, &modern, "").await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(reply.headers["allow"], "POST");
    }
}
