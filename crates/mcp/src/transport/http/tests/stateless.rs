//! Revision 2026-07-28, which has no sessions.

use http_types::StatusCode;
use serde_json::{Value, json};

use super::support::{BOTH, chat, request, server};

const VERSION: &str = "2026-07-28";

fn with_meta(mut request: Value) -> Value {
    let params = request["params"].as_object_mut().unwrap();
    let meta = params.entry("_meta").or_insert_with(|| json!({}));
    meta["io.modelcontextprotocol/protocolVersion"] = VERSION.into();
    meta["io.modelcontextprotocol/clientCapabilities"] = json!({});
    meta["io.modelcontextprotocol/clientInfo"] = json!({ "name": "test", "version": "1" });
    request
}

fn headers(method: &str) -> [(&str, &str); 3] {
    [("accept", BOTH), ("mcp-protocol-version", VERSION), ("mcp-method", method)]
}

fn call_headers() -> [(&'static str, &'static str); 4] {
    [
        ("accept", BOTH),
        ("mcp-protocol-version", VERSION),
        ("mcp-method", "tools/call"),
        ("mcp-name", "chat_completion"),
    ]
}

#[tokio::test]
async fn request_carries_all_it_needs() {
    let server = server();
    let reply =
        server.post(&headers("server/discover"), &with_meta(request(1, "server/discover", json!({})))).await;
    let body = reply.json().await;
    assert!(body["result"]["supportedVersions"].as_array().unwrap().contains(&VERSION.into()), "{body}");
    let reply = server.post(&headers("tools/list"), &with_meta(request(2, "tools/list", json!({})))).await;
    assert!(!reply.headers.contains_key("mcp-session-id"));
    let body = reply.json().await;
    assert_eq!(body["result"]["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "ollama-mcp");
    assert!(body["result"]["tools"].as_array().unwrap().len() > 5);
    server.let_model_finish();
    let events = server.post(&call_headers(), &with_meta(chat(3))).await.events().await;
    assert!(events.iter().all(|event| event.id.is_none()), "streams cannot be resumed");
    assert_eq!(events.last().unwrap().data["result"]["resultType"], "complete");
}

#[tokio::test]
async fn headers_must_agree_with_body() {
    let server = server();
    let list = with_meta(request(1, "tools/list", json!({})));
    let call = with_meta(chat(1));
    let version = ("mcp-protocol-version", VERSION);
    let method = |method| ("mcp-method", method);
    let name = |name| ("mcp-name", name);
    let calls = method("tools/call");
    for (headers, body, code, said) in [
        (&[method("tools/list")][..], &list, -32020, "MCP-Protocol-Version is missing"),
        (&[version], &list, -32020, "Mcp-Method is missing"),
        (&[version, method("TOOLS/LIST")], &list, -32020, "Mcp-Method"),
        (&[version, method("tools/list"), method("tools/list")], &list, -32020, "twice"),
        (&[version, calls], &call, -32020, "Mcp-Name is missing"),
        (&[version, calls, name("list_models")], &call, -32020, "Mcp-Name"),
        (&[version, calls, name("=?base64?!?=")], &call, -32020, "Mcp-Name"),
        (
            &[("mcp-protocol-version", "2025-11-25"), method("tools/list")],
            &list,
            -32020,
            "MCP-Protocol-Version",
        ),
        (&[version, method("tools/list")], &request(1, "tools/list", json!({})), -32602, "protocolVersion"),
        (&[], &request(1, "server/discover", json!({})), -32602, "protocolVersion"),
    ] {
        let reply = server.post(headers, body).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{headers:?}");
        let (found, message) = reply.error().await;
        assert_eq!(found, code, "{headers:?}: {message}");
        assert!(message.contains(said), "{headers:?}: {message}");
    }
    let mut future = list.clone();
    future["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2031-01-01".into();
    let reply = server.post(&[("mcp-protocol-version", "2031-01-01"), method("tools/list")], &future).await;
    assert_eq!((reply.status, reply.error().await.0), (StatusCode::BAD_REQUEST, -32022));
    server.let_model_finish();
    let encoded = [version, calls, name("=?base64?Y2hhdF9jb21wbGV0aW9u?=")];
    assert_eq!(server.post(&encoded, &call).await.status, StatusCode::OK);
}

#[tokio::test]
async fn unknown_and_removed_methods_are_not_found() {
    let server = server();
    for method in ["ping", "initialize", "resources/subscribe", "logging/setLevel", "no/such"] {
        let params = json!({ "uri": "ollama://models", "protocolVersion": VERSION, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let reply = server.post(&headers(method), &with_meta(request(1, method, params))).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{method}");
        assert_eq!(reply.error().await.0, -32601, "{method}");
    }
}

#[tokio::test]
async fn closing_stream_cancels_call() {
    let server = server();
    let mut reply = server.post(&call_headers(), &with_meta(chat(1))).await;
    reply.event().await.unwrap();
    server.generating(1).await;
    drop(reply);
    server.generating(0).await;
}

#[tokio::test]
async fn going_before_the_answer_cancels_call() {
    let server = server();
    let headers = [("accept", "application/json"), call_headers()[1], call_headers()[2], call_headers()[3]];
    let call = with_meta(chat(1));
    tokio::select! {
        _ = server.post(&headers, &call) => panic!("it waits for the model"),
        () = server.generating(1) => {}
    }
    server.generating(0).await;
}

#[tokio::test]
async fn listening_begins_with_its_acknowledgement() {
    let server = server();
    let listen = |uri: &str, id| {
        let notifications = json!({ "resourcesListChanged": true, "resourceSubscriptions": [uri] });
        with_meta(request(id, "subscriptions/listen", json!({ "notifications": notifications })))
    };
    let mut reply = server.post(&headers("subscriptions/listen"), &listen("ollama://models", 9)).await;
    let first = reply.event().await.unwrap().data;
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    server.announce_models();
    let next = reply.event().await.unwrap().data;
    assert_eq!(next["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 9, "{next}");
    let json = [("accept", "application/json"), headers("")[1], ("mcp-method", "subscriptions/listen")];
    let reply = server.post(&json, &listen("ollama://models", 1)).await;
    assert_eq!(reply.status, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn listened_resources_of_a_caller_are_bounded() {
    let server = server();
    let listen = |id: u64| {
        let uris: Vec<_> = (0..256).map(|n| format!("ollama://models/{id}-{n}")).collect();
        with_meta(request(
            id,
            "subscriptions/listen",
            json!({ "notifications": { "resourceSubscriptions": uris } }),
        ))
    };
    let mut open = Vec::new();
    for id in 0..4 {
        let mut reply = server.post(&headers("subscriptions/listen"), &listen(id)).await;
        reply.event().await.unwrap();
        open.push(reply);
    }
    let (_, said) = server.post(&headers("subscriptions/listen"), &listen(4)).await.error().await;
    assert!(said.contains("a caller may listen to 1024"), "{said}");
    let another = listen(5).to_string();
    let reply = server.send_as("ann", "POST", &headers("subscriptions/listen"), another).await;
    assert_eq!(reply.content_type(), "text/event-stream");
}
