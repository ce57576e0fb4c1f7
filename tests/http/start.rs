//! The start of the server: the first lines, the key of this machine's user, and its guests.

use serde_json::json;

use crate::support::fake_ollama::FakeOllama;
use crate::support::http_server::HttpServer;

#[tokio::test]
async fn first_lines_name_address_and_state_of_ollama() {
    let fake = FakeOllama::start().await.with_defaults();
    let server = HttpServer::start(&fake).await;
    crate::support::process::until("the model server is reported", || server.output().ends_with("/\n")).await;
    let page = format!("The page is at http://{}/\n", server.address());
    assert_eq!(server.output(), format!("Ollama answers at {}\n{page}", fake.url()));
    let health = server.guest().get("/health").await.ok();
    assert_eq!(health["status"], "healthy", "{health}");
}

#[tokio::test]
async fn public_address_of_the_page_is_told() {
    let fake = FakeOllama::start().await.with_defaults();
    let public = ("OLLAMA_MCP_SERVE_PUBLIC_URL", "https://models.example.com");
    let server = HttpServer::start_with(&fake, &[public]).await;
    let last = "and for others at https://models.example.com/\n";
    crate::support::process::until("the address is told", || server.output().ends_with(last)).await;
    assert!(server.output().contains(&format!("The page is at http://{}/\n", server.address())));
}

#[tokio::test]
async fn guest_needs_no_key_and_the_local_key_allows_more() {
    let fake = FakeOllama::start().await.with_defaults();
    let server = HttpServer::start(&fake).await;
    let error = server.guest().get("/metrics").await.error(403);
    assert_eq!(error["code"], "forbidden", "{error}");
    assert!(error["message"].as_str().unwrap().contains("metrics"), "{error}");
    let metrics = server.local().get("/metrics").await;
    assert_eq!(metrics.status, 200, "{metrics:?}");
    let wrong = server.guest().clone().with_key("omk_local_00000000000000000000000000000000");
    assert_eq!(wrong.get("/metrics").await.error(401)["code"], "invalid_api_key");
}

#[tokio::test]
async fn connection_takes_request_after_request() {
    let fake = FakeOllama::start().await.with_defaults();
    let server = HttpServer::start(&fake).await;
    let mut socket = server.socket().await;
    for _ in 0..3 {
        socket.request("GET", "/health/live", &[], b"").await;
        let response = socket.response().await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.json()["status"], json!("healthy"));
    }
    socket.request("GET", "/health/live", &["Connection: close"], b"").await;
    assert_eq!(socket.response().await.head.header("connection"), "close");
    socket.closed().await;
}
