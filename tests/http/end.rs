//! The end of the server, and what is in its way at the start.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{started, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_client::HttpStream;
use crate::support::http_server::{HttpServer, failed_start, serve_command};
use crate::support::process::until;

/// What is promised is a second; the bound allows for a busy machine.
const BOUND: Duration = Duration::from_millis(1_700);
const PATH: &str = "/v1/chat/completions";

fn chat(stream: bool) -> Value {
    json!({ "model": "qwen2.5-coder:0.5b", "messages": [{ "role": "user", "content": "hi" }], "stream": stream })
}

/// The last event of a stream, which must be an error.
async fn last_error(mut stream: HttpStream) -> Value {
    let rest = stream.rest().await;
    let last = rest.last().unwrap_or_else(|| panic!("the stream ended without a word"));
    let event: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("no JSON: {last}"));
    assert!(event["error"]["message"].is_string(), "{event}");
    event["error"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn signal_tells_each_stream_and_ends_process() {
    for signal in ["TERM", "INT"] {
        let (fake, server) = started_with(&[("OLLAMA_MCP_MAX_CONCURRENT", "8")]).await;
        fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(3, &Gate::new()));
        let mut streams = Vec::new();
        // Four that have begun.
        for _ in 0..4 {
            let mut stream = server.guest().post_stream(PATH, &chat(true)).await;
            assert_eq!(stream.status, 200);
            stream.data().await.unwrap();
            streams.push(stream);
        }
        // And one whose model has not said anything yet.
        fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").delay_head(&Gate::new()));
        let (client, body) = (server.guest().clone(), chat(true));
        let waiting = tokio::spawn(async move { client.post(PATH, &body).await });
        let asked = fake.wait_for_requests_to("POST", "/api/chat", 5).await;
        server.signal(signal);
        for stream in streams {
            let error = last_error(stream).await;
            assert_eq!(error["code"], "server_shutdown", "SIG{signal}: {error}");
        }
        let waiting = waiting.await.unwrap();
        assert_eq!(waiting.error(503)["code"], "server_shutdown", "{waiting:?}");
        let ended = server.ended().await;
        assert_eq!(ended.code, Some(0), "SIG{signal}: {}", ended.stderr);
        assert!(ended.took < BOUND, "SIG{signal}: {:?}", ended.took);
        for request in asked {
            fake.closed(request.index).await;
        }
    }
}

#[tokio::test]
async fn signal_ends_idle_connections() {
    let (_fake, server) = started().await;
    let mut idle = Vec::new();
    for used in [false, true] {
        let mut socket = server.socket().await;
        if used {
            socket.request("GET", "/health/live", &[], b"").await;
            assert_eq!(socket.response().await.status(), 200);
        }
        idle.push(socket);
    }
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.took < Duration::from_millis(700), "{:?} for nothing", ended.took);
    for mut socket in idle {
        socket.closed().await;
    }
}

#[tokio::test]
async fn signal_ends_requests_that_are_not_whole() {
    let (_fake, server) = started().await;
    let (mut head, mut body) = (server.socket().await, server.socket().await);
    head.send("POST /v1/chat/completions HTTP/1.1\r\nHost: loc").await;
    body.request("POST", PATH, &["Content-Length: 1000"], b"").await;
    body.send("{\"model\":").await;
    server.still_serves().await;
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.took < BOUND, "{:?}", ended.took);
    head.rest().await;
    body.rest().await;
}

#[tokio::test]
async fn request_that_is_answered_when_signal_comes_gets_its_answer() {
    let (fake, server) = started().await;
    // The server has asked for itself: what comes to the gate is the client's.
    until("the model server is reported", || server.output().ends_with('\n')).await;
    let gate = Gate::new();
    fake.on("GET", "/api/version", Answer::json(200, json!({ "version": "0.33.0" })).delay_head(&gate));
    let client = server.guest().clone();
    let asking = tokio::spawn(async move { client.get("/health").await });
    gate.reached(1).await;
    server.signal("TERM");
    // New connections are not accepted any more.
    let refused = async {
        while tokio::net::TcpStream::connect(server.address()).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_millis(700), refused).await.expect("it stops listening");
    gate.open();
    assert_eq!(asking.await.unwrap().status, 200);
    assert_eq!(server.ended().await.code, Some(0));
}

#[tokio::test]
async fn second_start_takes_the_address_of_the_first() {
    let (fake, server) = started().await;
    let address = server.address().to_string();
    let mut client = server.socket().await;
    client.request("GET", "/health/live", &[], b"").await;
    assert_eq!(client.response().await.status(), 200);
    server.stop().await;
    // The end of the old connections must not keep the port.
    let again = HttpServer::start_with(&fake, &[("OLLAMA_MCP_SERVE_LISTEN", &address)]).await;
    assert_eq!(again.address().to_string(), address);
    again.still_serves().await;
}

#[tokio::test]
async fn address_in_use_is_named_with_next_step() {
    let (_fake, server) = started().await;
    let home = TempDir::new().unwrap();
    let mut command = serve_command(&home);
    command.env("OLLAMA_MCP_SERVE_LISTEN", server.address().to_string());
    let (code, stderr) = failed_start(command).await;
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stderr.contains(&server.address().to_string()), "{stderr}");
    assert!(stderr.contains("in use") && stderr.contains("--listen"), "{stderr}");
    server.still_serves().await;
}

#[tokio::test]
async fn free_port_is_the_same_for_both_families() {
    let (_fake, server) = started_with(&[("OLLAMA_MCP_SERVE_LISTEN", "localhost:0")]).await;
    let addresses = server.addresses();
    let has_v6 = std::net::TcpListener::bind(("::1", 0)).is_ok();
    assert_eq!(addresses.len(), if has_v6 { 2 } else { 1 }, "{addresses:?}");
    assert!(
        addresses.iter().all(|address| address.ip().is_loopback() && address.port() == addresses[0].port())
    );
    for address in addresses {
        let answer = crate::support::http_client::HttpClient::new(*address).get("/health").await;
        assert_eq!(answer.status, 200);
        // On both, the caller is a guest on this machine.
        assert!(answer.json()["ollama_url"].is_string(), "{address}: {answer:?}");
    }
}

#[tokio::test]
async fn ollama_that_stops_and_comes_back_is_noticed() {
    let (fake, server) = started().await;
    let address = fake.addr();
    let ready = || async { server.guest().get("/health/ready").await.status };
    assert_eq!(ready().await, 200);
    fake.stop().await;
    assert_eq!(ready().await, 503);
    assert_eq!(server.guest().get("/health").await.ok()["status"], "unhealthy");
    assert_eq!(server.guest().get("/health/live").await.status, 200);
    let down = server.guest().post(PATH, &chat(false)).await;
    assert_eq!(down.error(503)["code"], "ollama_unreachable", "{down:?}");
    let stream = server.guest().post(PATH, &chat(true)).await;
    assert_eq!(
        stream.error(503)["code"],
        "ollama_unreachable",
        "no 200 before the model server answers: {stream:?}"
    );
    let _back = FakeOllama::start_at(address).await.with_defaults();
    assert_eq!(ready().await, 200);
    assert_eq!(server.guest().post(PATH, &chat(false)).await.status, 200);
}

#[cfg(unix)]
#[tokio::test]
async fn data_directory_that_cannot_be_written_is_named() {
    let home = TempDir::new().unwrap();
    // A file in the way: root may write to any directory.
    std::fs::write(home.path().join("data"), "").unwrap();
    let (code, stderr) = failed_start(serve_command(&home)).await;
    assert_eq!(code, Some(1), "{stderr}");
    let path = home.path().join("data/local.key");
    assert!(stderr.contains(path.to_str().unwrap()) && stderr.contains("OLLAMA_MCP_DATA_DIR"), "{stderr}");
}
