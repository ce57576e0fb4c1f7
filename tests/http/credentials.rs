//! Who is calling: guests, the local key, and what neither may do.

use serde_json::Value;

use super::{started, started_with};
use crate::support::fake_ollama::FakeOllama;
use crate::support::http_client::{HttpAnswer, answer};
use crate::support::http_server::{HttpServer, failed_start, serve_command};

/// A key of the right form that nobody has.
const WRONG: &str = "omk_local_0000000000000000000000000000000000000000000000000000000000000000";

fn code(answer: &HttpAnswer) -> String {
    answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn wrong_key_is_refused_where_no_key_is_needed() {
    let (_fake, server) = started().await;
    let near = server.key();
    let near = format!("{}{}", &near[..near.len() - 1], if near.ends_with('0') { '1' } else { '0' });
    for key in [WRONG, near.as_str(), "omk_", "eyJhbGciOiJub25lIn0.e30.", &format!("{}x", server.key())] {
        for (name, value) in [("authorization", format!("Bearer {key}")), ("x-api-key", key.to_owned())] {
            let answer = answer(server.guest().request("GET", "/metrics").header(name, value)).await;
            assert_eq!((answer.status, code(&answer).as_str()), (401, "invalid_api_key"), "{name} {key}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
            assert!(!answer.body.contains(key), "the answer repeats the key: {answer:?}");
        }
    }
}

#[tokio::test]
async fn key_is_taken_from_either_header_and_never_from_elsewhere() {
    let (_fake, server) = started().await;
    let key = server.key();
    let get = |path: &str| server.guest().request("GET", path);
    for (name, value) in [
        ("authorization", format!("Bearer {key}")),
        ("authorization", format!("bearer   {key}  ")),
        ("x-api-key", key.clone()),
    ] {
        let answer = answer(get("/metrics").header(name, &value)).await;
        assert_eq!(answer.status, 200, "{name}");
    }
    for request in [
        get(&format!("/metrics?key={key}")),
        get(&format!("/metrics?api_key={key}&access_token={key}&token={key}")),
        get("/metrics").header("cookie", format!("key={key}; authorization=Bearer {key}")),
        get("/metrics").header("x-key", &key),
    ] {
        let answer = answer(request).await;
        assert_eq!((answer.status, code(&answer).as_str()), (403, "forbidden"), "{answer:?}");
    }
    for value in [format!("Basic {key}"), format!("Digest {key}"), key.clone()] {
        let answer = answer(get("/metrics").header("authorization", value)).await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
}

#[tokio::test]
async fn placeholder_key_of_clients_is_as_good_as_none() {
    let (_fake, server) = started().await;
    for key in ["ollama", "none", "sk-proj-0123456789", "lm-studio", "EMPTY"] {
        let answer = answer(server.guest().clone().with_key(key).request("GET", "/metrics")).await;
        // A guest, who lacks the scope.
        assert_eq!((answer.status, code(&answer).as_str()), (403, "forbidden"), "{key}: {answer:?}");
    }
}

#[tokio::test]
async fn request_through_proxy_is_no_guest() {
    let (_fake, server) = started().await;
    let body = serde_json::json!({ "messages": [{ "role": "user", "content": "hi" }] });
    for (name, value) in [
        ("forwarded", "for=203.0.113.7"),
        ("via", "1.1 proxy"),
        ("x-forwarded-for", "127.0.0.1"),
        ("X-Forwarded-Host", "localhost"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "443"),
        ("x-forwarded-server", "proxy"),
        ("x-forwarded-prefix", "/models"),
        ("x-forwarded-by", "10.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
    ] {
        let request = server.guest().posting("/v1/chat/completions", &body).header(name, value);
        let answer = answer(request).await;
        assert_eq!((answer.status, code(&answer).as_str()), (401, "invalid_api_key"), "{name}: {answer:?}");
        let request = server.local().posting("/v1/chat/completions", &body).header(name, value);
        assert_eq!(crate::support::http_client::answer(request).await.status, 200, "{name} with a key");
    }
}

#[tokio::test]
async fn without_guests_everything_but_open_routes_needs_key() {
    let (_fake, server) = started_with(&[("OLLAMA_MCP_SERVE_GUESTS", "never")]).await;
    let document = server.guest().get("/openapi.json").await.ok();
    let mut open = Vec::new();
    for (method, path, operation) in operations(&document) {
        let answer = answer(server.guest().request(&method, &path)).await;
        if operation["security"].as_array().unwrap().is_empty() {
            assert_ne!(answer.status, 401, "{method} {path}");
            open.push(path);
        } else {
            assert_eq!(answer.status, 401, "{method} {path}: {answer:?}");
        }
    }
    open.sort_unstable();
    open.dedup();
    let expected = [
        "/",
        "/assets/{version}/{file}",
        "/docs",
        "/docs/",
        "/docs/{file}",
        "/health",
        "/health/live",
        "/health/ready",
        "/login",
        "/openapi.json",
        "/redoc",
        "/x/launch",
    ];
    assert_eq!(open, expected.map(filled));
}

#[tokio::test]
async fn guest_learns_no_address_path_or_version_from_errors() {
    let fake = FakeOllama::start().await.with_defaults();
    let server = HttpServer::start(&fake).await;
    let address = fake.addr().to_string();
    fake.stop().await;
    let body = serde_json::json!({ "model": "qwen2.5-coder:0.5b", "messages": [{ "role": "user", "content": "hi" }] });
    let guest = server.guest().post("/v1/chat/completions", &body).await;
    assert_eq!(guest.error(503)["code"], "ollama_unreachable");
    let private = [address.as_str(), "127.0.0.1", "OLLAMA_", env!("CARGO_PKG_VERSION"), "/data", "local.key"];
    for text in private {
        assert!(!guest.body.contains(text), "{text} in {}", guest.body);
    }
    // Who has a key is told what to look at.
    let local = server.local().post("/v1/chat/completions", &body).await;
    assert_eq!(local.error(503)["code"], "ollama_unreachable");
    assert!(local.body.contains(&address), "{}", local.body);
}

#[cfg(unix)]
#[tokio::test]
async fn key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_fake, server) = started().await;
    let path = server.data_dir().join("local.key");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let home = tempfile::TempDir::new().unwrap();
    std::fs::create_dir(home.path().join("data")).unwrap();
    let path = home.path().join("data/local.key");
    std::fs::write(&path, WRONG).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (code, stderr) = failed_start(serve_command(&home)).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains("can be read by others; remove it"), "{stderr}");
    assert!(!stderr.contains(WRONG), "{stderr}");
}

/// Each method and path of the OpenAPI document, with parameters filled in.
pub(super) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations =
        paths.iter().flat_map(|(path, methods)| {
            methods.as_object().unwrap().iter().map(move |(method, operation)| {
                (method.to_ascii_uppercase(), filled(path), operation.clone())
            })
        });
    operations.collect()
}

/// A path with something in place of its parameters.
fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "something" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}
