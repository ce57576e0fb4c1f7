//! Pulls, new models, copies, deletions and files: who may, one at a time, and who learns of it.

use serde_json::{Value, json};

use super::MODEL;
use crate::http::{started, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate, Recording};
use crate::support::http_client::{HttpClient, answer, stream};

const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The text of an error in Ollama's form, with its status.
async fn refusal(client: &HttpClient, method: &str, path: &str, body: Value) -> (u16, String) {
    let refused = answer(client.request(method, path).body(body.to_string())).await;
    (refused.status, refused.json()["error"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn changes_need_their_scope() {
    let (fake, server) = started().await;
    let (reader, _) = server.with_key(&["reader", "--scopes", "chat,embed,models:read"]).await;
    let model = json!({ "model": MODEL });
    for client in [server.guest(), &reader] {
        for (method, path) in [
            ("POST", "/api/pull"),
            ("POST", "/api/push"),
            ("POST", "/api/create"),
            ("POST", "/api/copy"),
            ("DELETE", "/api/delete"),
            ("POST", &format!("/api/blobs/{DIGEST}")),
        ] {
            let (status, text) = refusal(client, method, path, model.clone()).await;
            assert_eq!(status, 403, "{path}");
            assert!(text.contains("models:write"), "{path}: {text}");
        }
        let asked = answer(client.request("HEAD", &format!("/api/blobs/{DIGEST}"))).await;
        assert_eq!(asked.status, 403);
    }
    let changing = |path: &str| {
        ["pull", "push", "create", "copy", "delete", "blobs"].iter().any(|name| path.contains(name))
    };
    assert!(fake.requests().iter().all(|request| !changing(&request.path)), "nothing was passed on");
}

#[tokio::test]
async fn one_request_at_a_time_changes_a_name() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").gate_after(1, &Gate::new()));
    fake.on("POST", "/api/create", Answer::recorded("create_from_stream"));
    let local = server.local();
    let mut pull = local.post_stream("/api/pull", &json!({ "model": "mario" })).await;
    pull.line().await.unwrap();
    let asked = fake.wait_for("POST", "/api/pull").await;
    for (path, body) in [
        ("/api/create", json!({ "model": "Mario:latest", "from": MODEL })),
        ("/api/copy", json!({ "source": MODEL, "destination": "library/mario" })),
    ] {
        let (status, text) = refusal(&local, "POST", path, body).await;
        assert_eq!(status, 429, "{path}");
        assert!(text.contains("installing a model named"), "{path}: {text}");
    }
    // Others may pull it, too.
    let mut second = local.post_stream("/api/pull", &json!({ "name": "mario" })).await;
    second.line().await.unwrap();
    drop((pull, second));
    fake.closed(asked.index).await;
    // Its caller has gone, and the name is free.
    let create = json!({ "model": "mario", "from": MODEL });
    loop {
        let created = local.post("/api/create", &create).await;
        if created.status == 200 {
            assert_eq!(created.body, Recording::load("create_from_stream").body);
            break;
        }
        assert_eq!(created.status, 429);
    }
}

/// Begins a session of MCP that is told of changes; the stream of what it is told.
async fn listening(client: &HttpClient) -> crate::support::http_client::HttpStream {
    let message = |id: u64, method: &str, params: Value| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let both = "application/json, text/event-stream";
    let info = json!({ "name": "tests", "version": "1" });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info });
    let begun =
        answer(client.posting("/mcp", &message(0, "initialize", params)).header("accept", both)).await;
    let session = begun.header("mcp-session-id").to_owned();
    let in_session = |request: reqwest::RequestBuilder| {
        request.header("mcp-session-id", &session).header("mcp-protocol-version", "2025-11-25")
    };
    let open = stream(in_session(client.request("GET", "/mcp").header("accept", "text/event-stream"))).await;
    let subscribe = message(1, "resources/subscribe", json!({ "uri": "ollama://models" }));
    let subscribed = answer(in_session(client.posting("/mcp", &subscribe)).header("accept", both)).await;
    assert_eq!(subscribed.status, 200, "{subscribed:?}");
    open
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribers_learn_of_each_change() {
    // Polls find nothing: the fake lists the same models all the time.
    let (fake, server) = started_with(&[]).await;
    for case in ["delete", "copy", "pull_success_stream", "pull_success_nonstream", "create_from_stream"] {
        fake.replay(case);
    }
    let local = server.local();
    let mut told = listening(&local).await;
    let changes = [
        ("DELETE", "/api/delete", json!({ "model": "a" })),
        ("POST", "/api/copy", json!({ "source": MODEL, "destination": "b" })),
        ("POST", "/api/pull", json!({ "model": "c" })),
        ("POST", "/api/pull", json!({ "model": "d", "stream": false })),
        ("POST", "/api/create", json!({ "model": "e", "from": MODEL })),
    ];
    for (method, path, body) in changes {
        let changed = answer(local.request(method, path).body(body.to_string())).await;
        assert_eq!(changed.status, 200, "{path}: {changed:?}");
        let updated = loop {
            let data = told.data().await.expect("a notification");
            if data.contains("resources/updated") {
                break data;
            }
        };
        assert!(updated.contains("ollama://models"), "{path}: {updated}");
    }
}

#[tokio::test]
async fn file_is_passed_on_as_it_comes_whatever_its_size() {
    let (fake, server) = started_with(&[("OLLAMA_MCP_SERVE_MAX_BODY_BYTES", "100000")]).await;
    let path = format!("/api/blobs/{DIGEST}");
    fake.on("POST", &path, Answer::empty(201));
    let content: Vec<u8> = (0..20_000_000_u32).map(|n| (n % 251) as u8).collect();
    let sized = answer(server.local().request("POST", &path).body(content.clone())).await;
    assert_eq!((sized.status, sized.body.as_str()), (201, ""), "{sized:?}");
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
        content.chunks(100_000).map(|piece| Ok(piece.to_vec())).collect();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let chunked = answer(server.local().request("POST", &path).body(body)).await;
    assert_eq!(chunked.status, 201, "{chunked:?}");
    let came = fake.requests_to("POST", &path);
    assert_eq!(came[0].header("content-length"), Some("20000000"));
    assert_eq!(came[1].header("transfer-encoding"), Some("chunked"));
    assert!(came.iter().all(|request| request.body == content), "the bytes stay");
}

#[tokio::test]
async fn digest_that_is_none_is_refused_before_a_byte_is_read() {
    let (fake, server) = started().await;
    let key = format!("Authorization: Bearer {}", server.key());
    for digest in
        ["nope", "sha256:12", &DIGEST.to_uppercase(), &format!("{DIGEST}0"), "sha256:..%2f..%2fversion"]
    {
        let mut socket = server.socket().await;
        let path = format!("/api/blobs/{digest}");
        // The body does not come.
        socket.request("POST", &path, &[&key, "Content-Length: 1000"], b"").await;
        let refused = socket.response().await;
        assert_eq!(
            (refused.status(), refused.json()),
            (400, json!({ "error": "invalid digest format" })),
            "{digest}"
        );
    }
    assert!(fake.requests().iter().all(|request| !request.path.contains("blobs")));
}

#[tokio::test]
async fn file_of_a_sender_that_goes_does_not_become_whole() {
    let fake = FakeOllama::start().await.with_defaults();
    let server = crate::support::http_server::HttpServer::start(&fake).await;
    let path = format!("/api/blobs/{DIGEST}");
    fake.on("POST", &path, Answer::empty(201));
    let key = format!("Authorization: Bearer {}", server.key());
    for framing in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
        let mut socket = server.socket().await;
        socket.request("POST", &path, &[&key, framing], b"").await;
        socket.send(b"5\r\nhello\r\n").await;
        socket.reset();
    }
    // A later request is the first that is whole.
    let last = answer(server.local().request("POST", &path).body("whole")).await;
    assert_eq!(last.status, 201);
    let came = fake.requests_to("POST", &path);
    assert_eq!((came.len(), came[0].body.as_slice()), (1, b"whole".as_slice()));
}
