//! Listening where other machines can connect: refused until somebody has a credential, then without guests.

use std::net::SocketAddr;

use serde_json::json;
use tempfile::TempDir;

use crate::support::http_client::HttpClient;
use crate::support::http_server::{HttpServer, failed_start, run_command, serve_command};

const ANYWHERE: (&str, &str) = ("OLLAMA_MCP_SERVE_LISTEN", "0.0.0.0:0");

/// The server on loopback, which is one of its addresses.
fn near(server: &HttpServer) -> HttpClient {
    HttpClient::new(SocketAddr::new([127, 0, 0, 1].into(), server.address().port()))
}

async fn started(home: TempDir, environment: &[(&str, &str)]) -> HttpServer {
    let mut command = serve_command(&home);
    command.env(ANYWHERE.0, ANYWHERE.1).envs(environment.iter().copied());
    HttpServer::spawn(command, home).await
}

async fn refused(home: &TempDir, environment: &[(&str, &str)]) -> String {
    let mut command = serve_command(home);
    command.env(ANYWHERE.0, ANYWHERE.1).envs(environment.iter().copied());
    let (code, stderr) = failed_start(command).await;
    assert_eq!(code, Some(1), "{stderr}");
    stderr
}

#[tokio::test]
async fn address_that_others_reach_is_refused_until_somebody_has_a_credential() {
    let home = TempDir::new().unwrap();
    let stderr = refused(&home, &[]).await;
    for step in [
        "0.0.0.0:0",
        "ollama-mcp users add EMAIL --admin",
        "ollama-mcp keys add NAME",
        "echo omk_$(openssl rand -hex 24) >admin_key",
        "OLLAMA_MCP_SERVE_ADMIN_KEY_FILE",
        "OLLAMA_MCP_SERVE_ADMIN_PASSWORD_FILE",
        "localhost:0",
    ] {
        assert!(stderr.contains(step), "{step}: {stderr}");
    }
    // Nothing says "open anyway".
    let open = refused(&home, &[("OLLAMA_MCP_SERVE_GUESTS", "loopback")]).await;
    assert!(open.contains("nobody has a credential"), "{open}");
    run_command(home.path(), &["keys", "add", "bot"], "").await.ok();
    run_command(home.path(), &["keys", "revoke", "bot"], "").await.ok();
    refused(&home, &[]).await;
    let key = run_command(home.path(), &["keys", "add", "bot"], "").await.ok();
    let server = started(home, &[]).await;
    let client = near(&server);
    assert_eq!(client.get("/me").await.error(401)["code"], "invalid_api_key");
    assert_eq!(client.get("/health").await.ok()["ollama_url"], json!(null));
    assert_eq!(client.with_key(key.trim()).get("/me").await.status, 200);
}

#[tokio::test]
async fn guests_beside_other_machines_are_asked_for() {
    let home = TempDir::new().unwrap();
    run_command(home.path(), &["keys", "add", "bot"], "").await.ok();
    let server = started(home, &[("OLLAMA_MCP_SERVE_GUESTS", "loopback")]).await;
    assert_eq!(near(&server).get("/me").await.ok()["kind"], "guest");
}

#[tokio::test]
async fn administrator_of_settings_signs_in() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("password.txt");
    std::fs::write(&file, "correct horse battery\n").unwrap();
    let file = file.to_str().unwrap().to_owned();
    let environment = [
        ("OLLAMA_MCP_SERVE_ADMIN_EMAIL", "ann@example.org"),
        ("OLLAMA_MCP_SERVE_ADMIN_PASSWORD_FILE", file.as_str()),
    ];
    let server = started(home, &environment).await;
    let body = json!({ "email": "ann@example.org", "password": "correct horse battery" });
    let session = near(&server).post("/login", &body).await.ok();
    let ann = near(&server).with_key(session["access_token"].as_str().unwrap());
    assert_eq!(ann.get("/x/users").await.ok()["users"][0]["admin"], true);
}

#[tokio::test]
async fn names_of_older_services_add_the_administrator() {
    let home = TempDir::new().unwrap();
    let environment = [("ADMIN_EMAIL", "ann@example.org"), ("ADMIN_PASSWORD", "correct horse battery")];
    let server = started(home, &environment).await;
    let body = json!({ "email": "ann@example.org", "password": "correct horse battery" });
    near(&server).post("/login", &body).await.ok();
}

#[tokio::test]
async fn key_of_file_does_everything() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("key.txt");
    let key = format!("omk_{}", "0a1b".repeat(12));
    std::fs::write(&file, format!("{key}\n")).unwrap();
    let path = file.to_str().unwrap().to_owned();
    let server = started(home, &[("OLLAMA_MCP_SERVE_ADMIN_KEY_FILE", &path)]).await;
    let me = near(&server).with_key(&key).get("/me").await.ok();
    assert!(me["scopes"].as_array().unwrap().contains(&json!("admin")), "{me}");
}

#[tokio::test]
async fn administrator_that_cannot_be_added_is_told() {
    let home = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(home.path().join(name), text).unwrap();
        home.path().join(name).to_str().unwrap().to_owned()
    };
    let (short, weak) = (write("short", "omk_short"), write("weak", "changeme\n"));
    let email = ("OLLAMA_MCP_SERVE_ADMIN_EMAIL", "ann@example.org");
    let password_file = "OLLAMA_MCP_SERVE_ADMIN_PASSWORD_FILE";
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("OLLAMA_MCP_SERVE_ADMIN_KEY_FILE", &short)], "openssl rand -hex 24"),
        (&[("OLLAMA_MCP_SERVE_ADMIN_KEY_FILE", "/nowhere")], "cannot be read"),
        (&[email], "no password for the administrator ann@example.org"),
        (&[email, (password_file, &weak)], "everybody guesses"),
        (&[(password_file, &weak)], "OLLAMA_MCP_SERVE_ADMIN_EMAIL"),
    ];
    for (environment, reason) in cases {
        let stderr = refused(&home, environment).await;
        assert!(stderr.contains(reason), "{environment:?}: {stderr}");
        assert!(!stderr.contains("omk_short") && !stderr.contains("changeme"), "{stderr}");
    }
}
