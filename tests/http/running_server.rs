//! The commands of the terminal use the server of this user where one runs.

use serde_json::json;
use tempfile::TempDir;

use super::{started, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::http_server::{HttpServer, run_command, serve_command};

const MODEL: &str = "qwen2.5-coder:0.5b";

/// Whether a chat has come to the server.
async fn was_asked(server: &HttpServer) -> bool {
    server.local().get("/metrics").await.body.contains("route=\"ollamaChat\"")
}

#[tokio::test]
async fn chat_of_the_terminal_goes_through_the_server() {
    let (_fake, server) = started().await;
    let said = server.run(&["--ollama-host", &_fake.url(), "--model", MODEL, "chat"], "One?\n").await.ok();
    assert_eq!(said, "Three colours are red, blue, and green.\n");
    assert!(was_asked(&server).await);
    // It is in the conversations of the same user.
    let list = server.local().get("/x/conversations").await.ok();
    assert_eq!(list["conversations"][0]["title"], "One?");
}

#[tokio::test]
async fn command_with_another_model_server_does_without() {
    let (_fake, server) = started().await;
    let other = FakeOllama::start().await.with_defaults();
    server.run(&["--ollama-host", &other.url(), "--model", MODEL, "chat"], "One?\n").await.ok();
    assert_eq!(other.requests_to("POST", "/api/chat").len(), 1);
    assert!(!was_asked(&server).await);
}

#[tokio::test]
async fn whoever_listens_there_after_the_end_of_the_server_gets_no_key() {
    let fake = FakeOllama::start().await.with_defaults();
    let home = TempDir::new().unwrap();
    let data = home.path().join("data");
    let mut command = serve_command(&home);
    command.env("OLLAMA_HOST", fake.url());
    let kept = TempDir::new().unwrap();
    let server = HttpServer::spawn(command, home).await;
    let address = server.address();
    // What a crash leaves: the files stay, and the lock is gone.
    for name in ["serve.lock", "serve.address", "local.key"] {
        std::fs::create_dir_all(kept.path().join("data")).unwrap();
        std::fs::copy(data.join(name), kept.path().join("data").join(name)).unwrap();
    }
    server.stop().await;
    let stranger = FakeOllama::start_at(address).await;
    stranger.on("GET", "/health", Answer::json(200, json!({ "ollama_url": fake.url() })));
    let ran =
        run_command(kept.path(), &["--ollama-host", &fake.url(), "--model", MODEL, "chat"], "One?\n").await;
    ran.ok();
    assert!(stranger.requests().is_empty(), "{:?}", stranger.requests());
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

#[cfg(unix)]
#[tokio::test]
async fn opening_a_second_time_opens_the_page_of_the_first() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_fake, server) = started_with(&[]).await;
    let folder = TempDir::new().unwrap();
    let (browser, copy) = (folder.path().join("browser"), folder.path().join("opened"));
    std::fs::write(&browser, format!("#!/bin/sh\ncp \"$1\" {0}.part && mv {0}.part {0}\n", copy.display()))
        .unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    let home = TempDir::new().unwrap();
    let mut command = serve_command(&home);
    command.arg("--open").arg("--listen").arg(server.address().to_string());
    command.env("OLLAMA_MCP_DATA_DIR", server.data_dir()).env("BROWSER", &browser);
    let ended = command.output().await.unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let said = String::from_utf8(ended.stdout).unwrap();
    assert!(said.contains("The server runs already."), "{said}");
    let opened = std::fs::read_to_string(&copy).unwrap();
    let link = opened.split('"').find(|part| part.starts_with("http://")).unwrap();
    let code = link.split_once("#launch=").unwrap().1;
    server.guest().post("/x/launch", &json!({ "code": code })).await.ok();
}
