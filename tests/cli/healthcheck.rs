//! `ollama-mcp healthcheck`: a server that answers, and all that may be there in its place.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};

use tempfile::TempDir;

use super::{Ran, run};
use crate::support::fake_ollama::FakeOllama;
use crate::support::http_server::HttpServer;
use crate::support::process::command;

async fn check(address: SocketAddr, flags: &[&str]) -> Ran {
    let arguments = [&["healthcheck"], flags].concat();
    run(&arguments, &[("OLLAMA_MCP_SERVE_LISTEN", &address.to_string())]).await
}

fn failed(ran: &Ran, reason: &str) {
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains(reason), "{reason}: {}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

/// A port that somebody holds who does this with each connection.
fn other_program(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(answer);
        }
    });
    address
}

#[tokio::test]
async fn server_that_answers_is_healthy_and_ready_once_its_model_server_answers() {
    let fake = FakeOllama::start().await.with_defaults();
    let server = HttpServer::start(&fake).await;
    for flags in [&[][..], &["--ready"], &["--or-stdio"]] {
        let ran = check(server.address(), flags).await;
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", ""), "{flags:?}");
    }
    // All addresses are reached by the one of loopback.
    let anywhere = SocketAddr::new([0, 0, 0, 0].into(), server.address().port());
    assert_eq!(check(anywhere, &[]).await.code, Some(0));
    let flag = anywhere.port().to_string();
    assert_eq!(run(&["healthcheck", "--listen", &flag], &[]).await.code, Some(0));
    assert_eq!(run(&["healthcheck"], &[("PORT", &flag)]).await.code, Some(0));
    fake.stop().await;
    assert_eq!(check(server.address(), &[]).await.code, Some(0));
    failed(&check(server.address(), &["--ready"]).await, "with 503: the model server does not answer");
}

#[tokio::test]
async fn nothing_and_others_on_the_port_are_told() {
    failed(&check(FakeOllama::closed_address(), &[]).await, "nothing listens on 127.0.0.1:");
    failed(&check(other_program(b"SSH-2.0-OpenSSH\r\n"), &[]).await, "another program listens there");
    failed(&check(other_program(b""), &[]).await, "another program listens there");
    failed(&check(other_program(b"HTTP/1.1 404 Not Found\r\n\r\n"), &[]).await, "/health/live with 404");
    // It takes the connection, and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    failed(&check(silent.local_addr().unwrap(), &[]).await, "did not answer /health/live within 3 s");
}

/// Docker reserves other codes than 0 and 1.
#[tokio::test]
async fn wrong_settings_are_exit_code_1() {
    let wrong = run(&["healthcheck"], &[("OLLAMA_MCP_SERVE_LISTEN", "nowhere")]).await;
    failed(&wrong, "OLLAMA_MCP_SERVE_LISTEN is \"nowhere\"");
    failed(&run(&["healthcheck", "--listen", "0"], &[]).await, "is port 0");
}

#[tokio::test]
async fn check_opens_no_database_and_writes_nothing() {
    let home = TempDir::new().unwrap();
    let data = home.path().join("data");
    let mut command = command(&home);
    command.args(["healthcheck", "--listen", "1"]).env("OLLAMA_MCP_DATA_DIR", &data);
    command.env("OLLAMA_MCP_DATABASE_URL", "postgres://ann@127.0.0.1:1/chats");
    command.env("OLLAMA_MCP_DATABASE_PASSWORD_FILE", "/nowhere");
    let output = command.output().await.unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("nothing listens on 127.0.0.1:1"), "{stderr}");
    assert!(!data.exists());
}
