//! Web pages are no callers: DNS rebinding, requests of other sites, forms, and CORS for the origins that are allowed. Each on
//! every route.

use reqwest::RequestBuilder;
use serde_json::json;

use super::credentials::operations;
use super::{started, started_with};
use crate::support::http_client::{HttpAnswer, answer};
use crate::support::http_server::HttpServer;

/// A page that somebody has opened, and that may send nothing here.
const EVIL: &str = "https://evil.example";

/// Every method and path, those that do not exist included.
async fn every_route(server: &HttpServer) -> Vec<(String, String)> {
    let document = server.guest().get("/openapi.json").await.ok();
    let mut routes: Vec<_> =
        operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    assert!(routes.len() > 10, "{routes:?}");
    for (method, path) in [("GET", "/nothing"), ("POST", "/nothing"), ("PUT", "/health"), ("DELETE", "/")] {
        routes.push((method.to_owned(), path.to_owned()));
    }
    routes
}

fn is_health(path: &str) -> bool {
    path.starts_with("/health")
}

/// A request with a body if its method has one.
fn request(server: &HttpServer, method: &str, path: &str) -> RequestBuilder {
    let request = server.guest().request(method, path);
    match method {
        "POST" | "PUT" => request.header("content-type", "application/json").body("{}"),
        _ => request,
    }
}

fn assert_refused(answer: &HttpAnswer, what: &str) {
    assert_eq!(answer.status, 403, "{what}: {answer:?}");
    for name in answer.headers.keys() {
        assert!(!name.as_str().starts_with("access-control-"), "{what}: {name} in {answer:?}");
    }
}

#[tokio::test]
async fn rebound_host_is_refused_on_every_route() {
    let (_fake, server) = started().await;
    let port = server.address().port();
    for (method, path) in every_route(&server).await {
        for host in [
            "evil.example".to_owned(),
            format!("evil.example:{port}"),
            "localhost.evil.example".to_owned(),
            "127.0.0.1.evil.example".to_owned(),
            "evillocalhost".to_owned(),
            "0.0.0.0".to_owned(),
            "169.254.169.254".to_owned(),
            "[::ffff:10.0.0.1]".to_owned(),
        ] {
            let sent = answer(request(&server, &method, &path).header("host", &host)).await;
            if is_health(&path) && method == "GET" {
                assert_eq!(sent.status, 200, "{method} {path} for {host}: {sent:?}");
            } else if !is_health(&path) {
                assert_refused(&sent, &format!("{method} {path} for {host}"));
            }
        }
    }
}

#[tokio::test]
async fn names_of_this_machine_are_its_host() {
    let (_fake, server) = started().await;
    let port = server.address().port();
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "app.localhost",
        "127.0.0.1",
        "127.1.2.3",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ] {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            let sent = answer(request(&server, "GET", "/openapi.json").header("host", &host)).await;
            assert_eq!(sent.status, 200, "{host}: {sent:?}");
        }
    }
    // A caller with a key is no page.
    let request = server.local().request("GET", "/metrics").header("host", "models.example");
    assert_eq!(answer(request).await.status, 200);
}

#[tokio::test]
async fn page_of_other_site_is_refused_on_every_route() {
    let (_fake, server) = started().await;
    let port = server.address().port();
    let local_other_port = format!("http://127.0.0.1:{}", port.wrapping_add(1));
    let with_https = format!("https://{}", server.address());
    let rows: Vec<Vec<(&str, &str)>> = vec![
        vec![("origin", EVIL)],
        vec![("origin", "null")],
        vec![("origin", &local_other_port)],
        vec![("origin", &with_https)],
        vec![("origin", "http://localhost")],
        vec![("origin", "file://")],
        vec![("origin", "chrome-extension://abcdefghijklmnop")],
        vec![("origin", EVIL), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "cors")],
        vec![("origin", EVIL), ("sec-fetch-site", "same-origin")],
        // Without Origin, as a GET of an image or a script is sent.
        vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")],
        vec![("sec-fetch-site", "same-site"), ("sec-fetch-mode", "no-cors")],
        vec![("sec-fetch-site", "anything-new"), ("sec-fetch-mode", "no-cors")],
    ];
    for (method, path) in every_route(&server).await {
        for headers in &rows {
            let mut request = request(&server, &method, &path);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            assert_refused(&answer(request).await, &format!("{method} {path} with {headers:?}"));
        }
    }
}

#[tokio::test]
async fn link_on_other_site_opens_pages_only() {
    let (_fake, server) = started().await;
    let mut opened = Vec::new();
    for (method, path) in every_route(&server).await {
        let request = request(&server, &method, &path);
        let request = request.header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "navigate");
        let sent = answer(request).await;
        if sent.status == 403 {
            continue;
        }
        assert!(matches!(sent.status, 200 | 308), "{method} {path}: {sent:?}");
        opened.push(format!("{method} {path}"));
    }
    opened.sort_unstable();
    assert_eq!(opened, ["GET /", "GET /docs", "GET /docs/", "GET /redoc"]);
}

#[tokio::test]
async fn form_of_page_is_refused_on_every_route_that_takes_a_body() {
    let (_fake, server) = started().await;
    let own = format!("http://{}", server.address());
    for (method, path) in every_route(&server).await.into_iter().filter(|(method, _)| method == "POST") {
        for content_type in [
            Some("text/plain"),
            Some("text/plain;application/json"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=x"),
            Some("application/jsonx"),
            None,
        ] {
            for (name, value) in
                [("origin", own.as_str()), ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")]
            {
                let mut request = server.guest().request(&method, &path).header(name, value).body("{}");
                if let Some(content_type) = content_type {
                    request = request.header("content-type", content_type);
                }
                let sent = answer(request).await;
                // Files come as forms: this one is none.
                let takes_form = matches!(path.as_str(), "/upload" | "/v1/files");
                let is_form = content_type.is_some_and(|content_type| content_type.starts_with("multipart/"));
                let expected = if takes_form && is_form { 400 } else { 415 };
                assert_eq!(sent.status, expected, "{path} {content_type:?} with {name}: {sent:?}");
            }
        }
    }
    // A program sends what it likes.
    let request = server.guest().request("POST", "/v1/chat/completions").header("content-type", "text/plain");
    let body = json!({ "model": "qwen2.5-coder:0.5b", "messages": [{ "role": "user", "content": "hi" }] });
    assert_eq!(answer(request.body(body.to_string())).await.status, 200);
}

#[tokio::test]
async fn page_of_this_server_is_accepted() {
    let (_fake, server) = started().await;
    let port = server.address().port();
    let body = json!({ "model": "qwen2.5-coder:0.5b", "messages": [{ "role": "user", "content": "hi" }] });
    for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        let request = server.guest().posting("/v1/chat/completions", &body).header("host", &host);
        let request =
            request.header("origin", format!("http://{host}")).header("sec-fetch-site", "same-origin");
        let sent = answer(request).await;
        assert_eq!(sent.status, 200, "{sent:?}");
    }
}

const LISTED: &str = "https://app.example.com";

async fn with_listed_origin() -> (crate::support::fake_ollama::FakeOllama, HttpServer) {
    started_with(&[("OLLAMA_MCP_SERVE_ORIGINS", "https://app.example.com,http://localhost:3000")]).await
}

#[tokio::test]
async fn listed_origin_gets_cors_without_credentials() {
    let (_fake, server) = with_listed_origin().await;
    for origin in [LISTED, "http://localhost:3000"] {
        let body =
            json!({ "model": "qwen2.5-coder:0.5b", "messages": [{ "role": "user", "content": "hi" }] });
        let request = server.guest().posting("/v1/chat/completions", &body);
        let request = request.header("origin", origin).header("sec-fetch-site", "cross-site");
        let sent = answer(request).await;
        assert_eq!(sent.status, 200, "{sent:?}");
        assert_eq!(sent.header("access-control-allow-origin"), origin);
        assert!(sent.headers.get("access-control-allow-credentials").is_none());
        assert!(sent.header("access-control-expose-headers").contains("x-request-id"));
        assert!(sent.headers.get_all("vary").iter().any(|vary| vary.to_str().unwrap().contains("origin")));
    }
    // Errors too, or a page could not read them.
    let error = answer(request(&server, "GET", "/nothing").header("origin", LISTED)).await;
    assert_eq!((error.status, error.header("access-control-allow-origin")), (404, LISTED));
}

#[tokio::test]
async fn unlisted_origin_gets_no_cors() {
    let (_fake, server) = with_listed_origin().await;
    for origin in [
        EVIL,
        "null",
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://APP.example.com",
        "https://app.example.com/",
    ] {
        for (method, path) in
            [("GET", "/openapi.json"), ("POST", "/v1/chat/completions"), ("OPTIONS", "/health")]
        {
            let sent = answer(request(&server, method, path).header("origin", origin)).await;
            assert_ne!(sent.header("access-control-allow-origin"), origin, "{origin} {path}: {sent:?}");
            assert_ne!(sent.header("access-control-allow-origin"), "*", "{origin} {path}: {sent:?}");
            if method != "OPTIONS" {
                assert_eq!(sent.status, 403, "{origin} {path}: {sent:?}");
            }
        }
    }
}

#[tokio::test]
async fn preflight_mirrors_what_page_asks_for() {
    let (_fake, server) = with_listed_origin().await;
    for (method, path) in every_route(&server).await {
        let preflight = server.guest().request("OPTIONS", &path).header("origin", LISTED);
        let preflight = preflight
            .header("access-control-request-method", &method)
            .header("access-control-request-headers", "authorization,content-type,x-stainless-os")
            .header("sec-fetch-site", "cross-site")
            .header("sec-fetch-mode", "cors");
        let sent = answer(preflight).await;
        assert!(matches!(sent.status, 200 | 204), "{method} {path}: {sent:?}");
        assert_eq!(sent.header("access-control-allow-origin"), LISTED, "{path}");
        assert_eq!(sent.header("access-control-allow-methods"), method, "{path}");
        assert_eq!(
            sent.header("access-control-allow-headers"),
            "authorization,content-type,x-stainless-os",
            "{path}"
        );
        assert!(sent.headers.get("access-control-allow-credentials").is_none(), "{path}");
        assert!(sent.headers.get("access-control-allow-private-network").is_none(), "{path}");
        assert_eq!(sent.body, "", "{path}");
    }
}

#[tokio::test]
async fn preflight_without_listed_origins_allows_nothing() {
    let (_fake, server) = started().await;
    let preflight = server.guest().request("OPTIONS", "/v1/chat/completions").header("origin", EVIL);
    let sent = answer(preflight.header("access-control-request-method", "POST")).await;
    assert_refused(&sent, "preflight");
}

#[tokio::test]
async fn public_url_is_ours_and_nothing_beside_it() {
    let (_fake, server) =
        started_with(&[("OLLAMA_MCP_SERVE_PUBLIC_URL", "https://models.example.com")]).await;
    let body = json!({ "model": "qwen2.5-coder:0.5b", "messages": [{ "role": "user", "content": "hi" }] });
    let posting = |host: &str, origin: &str| {
        let request = server.local().posting("/v1/chat/completions", &body);
        answer(request.header("host", host).header("origin", origin))
    };
    assert_eq!(posting("models.example.com", "https://models.example.com").await.status, 200);
    for (host, origin) in [
        ("models.example.com", "http://models.example.com"),
        ("models.example.com", "https://models.example.com:444"),
        ("models.example.com", "https://example.com"),
    ] {
        let sent = posting(host, origin).await;
        assert_eq!(sent.status, 403, "{host} {origin}: {sent:?}");
    }
    for (host, status) in
        [("models.example.com", 200), ("models.example.com:443", 200), ("models.example.com:8080", 403)]
    {
        let sent = answer(server.guest().request("GET", "/openapi.json").header("host", host)).await;
        assert_eq!(sent.status, status, "{host}: {sent:?}");
    }
}
