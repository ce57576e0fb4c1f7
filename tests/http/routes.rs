//! What every route has in common: methods, ids, errors of unknown paths.

use serde_json::json;

use super::started;
use crate::support::http_client::answer;

#[tokio::test]
async fn unknown_path_is_404_with_near_route() {
    let (_fake, server) = started().await;
    for (path, near) in [("/helth", "/health"), ("/openapi.jsn", "/openapi.json"), ("/mcp/", "/mcp")] {
        let error = server.guest().get(path).await.error(404);
        assert_eq!(error["code"], "not_found");
        assert!(error["message"].as_str().unwrap().contains(path), "{error}");
        assert!(error["hint"].as_str().unwrap().contains(&format!("Did you mean {near}?")), "{error}");
    }
    let error = server.guest().get("/nothing/like/that/at/all").await.error(404);
    assert_eq!(error["hint"], "GET /openapi.json describes all routes.");
}

#[tokio::test]
async fn other_method_is_405_with_allow() {
    let (_fake, server) = started().await;
    for (method, path, allow) in [
        ("DELETE", "/health", "GET,HEAD"),
        ("POST", "/openapi.json", "GET,HEAD"),
        ("PUT", "/mcp", "DELETE,GET,HEAD,POST"),
        ("PURGE", "/health", "GET,HEAD"),
        ("TRACE", "/health", "GET,HEAD"),
    ] {
        let answer = answer(server.guest().request(method, path)).await;
        let error = answer.error(405);
        let code = if path == "/mcp" { json!(-32000) } else { json!("method_not_allowed") };
        assert_eq!(error["code"], code);
        assert!(error["message"].as_str().unwrap().contains(method), "{error}");
        let mut allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn options_names_methods() {
    let (_fake, server) = started().await;
    for path in ["/health", "/mcp"] {
        let answer = answer(server.guest().request("OPTIONS", path)).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{answer:?}");
        assert!(answer.header("allow").contains("GET"), "{answer:?}");
    }
    let answer = answer(server.guest().request("OPTIONS", "/nothing")).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn head_is_get_without_body() {
    let (_fake, server) = started().await;
    let mut socket = server.socket().await;
    for path in ["/health/live", "/openapi.json", "/nothing"] {
        socket.request("GET", path, &[], b"").await;
        let get = socket.response().await;
        socket.request("HEAD", path, &[], b"").await;
        let head = socket.head().await;
        assert_eq!(head.status, get.status(), "{path}");
        assert_eq!(head.header("content-type"), get.head.header("content-type"), "{path}");
        assert_eq!(head.header("content-length"), get.head.header("content-length"), "{path}");
    }
    // Nothing of a body came: the next response follows.
    socket.request("GET", "/health/live", &[], b"").await;
    assert_eq!(socket.response().await.status(), 200);
}

#[tokio::test]
async fn every_answer_has_id_of_its_own() {
    let (_fake, server) = started().await;
    let mut ids = Vec::new();
    for path in ["/health", "/health", "/nothing", "/metrics", "/"] {
        let answer = server.guest().get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let id = answer.header("x-request-id").to_owned();
        assert!(id.starts_with("req_") && id.len() > 20, "{path}: {id:?}");
        assert!(!ids.contains(&id));
        ids.push(id);
    }
}

#[tokio::test]
async fn traversal_leads_to_no_file() {
    let (_fake, server) = started().await;
    let mut socket = server.socket().await;
    for path in [
        "/docs/../../etc/passwd",
        "/docs/..%2f..%2fetc%2fpasswd",
        "/docs/%2e%2e/%2e%2e/etc/passwd",
        "/docs/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/docs/..%5c..%5cetc%5cpasswd",
        "/docs//etc/passwd",
        "/docs/%2fetc%2fpasswd",
        "/docs/index.html%00.js",
        "/docs/....//....//etc/passwd",
        "/../etc/passwd",
        "/%2e%2e/etc/passwd",
        "/docs/%ff",
    ] {
        socket.request("GET", path, &[], b"").await;
        let response = socket.response().await;
        assert!(matches!(response.status(), 400 | 404), "{path}: {}", response.status());
        assert!(!response.text().contains("root:"), "{path}: {}", response.text());
        assert!(response.json()["error"]["message"].is_string(), "{path}: {}", response.text());
    }
}

#[tokio::test]
async fn files_of_the_docs_are_packed_for_clients_that_accept_it() {
    let (_fake, server) = started().await;
    let path = "/docs/swagger-ui.css";
    let plain = server.guest().get(path).await;
    assert_eq!((plain.status, plain.header("content-encoding")), (200, ""), "{:?}", plain.headers);
    assert!(plain.body.contains(".swagger-ui"), "it is CSS");
    let mut socket = server.socket().await;
    socket.request("GET", path, &["Accept-Encoding: gzip, br"], b"").await;
    let packed = socket.response().await;
    assert_eq!((packed.status(), packed.head.header("content-encoding")), (200, "gzip"));
    assert!(packed.body.starts_with(&[0x1f, 0x8b]) && packed.body.len() < plain.body.len() / 2);
    assert_eq!(packed.head.header("vary"), "accept-encoding");
}
