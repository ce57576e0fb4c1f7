//! Faults of the model server, of the network and of callers.

use serde_json::{Value, json};

use super::{CHAT, ID, chat};
use crate::http::{answer_all, started, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate, Recording};
use crate::support::http_client::HttpAnswer;

/// The text of an error in Ollama's form.
fn error(answer: &HttpAnswer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    body["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn server_that_is_down_is_503_and_guests_learn_no_address() {
    let (fake, server) = started().await;
    let address = fake.addr().to_string();
    fake.stop().await;
    for (method, path, body) in [
        ("POST", CHAT, chat(true).to_string()),
        ("POST", "/api/embed", json!({ "model": "m", "input": "a" }).to_string()),
        ("POST", "/api/show", json!({ "model": "m" }).to_string()),
        ("GET", "/api/tags", String::new()),
        ("GET", "/api/version", String::new()),
    ] {
        let ask = |client: &crate::support::http_client::HttpClient| {
            crate::support::http_client::answer(client.request(method, path).body(body.clone()))
        };
        let guest = ask(server.guest()).await;
        assert!(!error(&guest, 503).contains(&address), "{path}: {guest:?}");
        let local = ask(&server.local()).await;
        assert!(error(&local, 503).contains(&address), "{path}: {local:?}");
    }
}

#[tokio::test]
async fn stream_that_is_cut_ends_with_an_error_line() {
    let (fake, server) = started().await;
    let recording = Recording::load("chat_stream");
    let start: String = recording.chunks.as_ref().unwrap()[..2].concat();
    for answer in [recording.answer().cut_after(2), recording.answer().reset_after(2)] {
        fake.on("POST", CHAT, answer);
        let cut = server.guest().post(CHAT, &chat(true)).await;
        let rest = cut.body.strip_prefix(&start).unwrap();
        let line: Value = serde_json::from_str(rest).unwrap();
        assert!(line["error"].as_str().unwrap().contains("/x/completions/"), "{rest}");
        let state = server.guest().get(&format!("/x/completions/{}", cut.header(ID))).await.ok();
        assert_eq!((&state["status"], &state["content"]), (&json!("failed"), &json!("Three colours")));
    }
    // In the middle of a line.
    fake.on("POST", CHAT, recording.answer().split_bytes(10).cut_after(1));
    let cut = server.guest().post(CHAT, &chat(true)).await.body;
    let lines: Vec<_> = cut.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, &start[..10]));
    assert!(lines[1].starts_with("{\"error\":"), "{cut}");
    assert_eq!(fake.requests_to("POST", CHAT).len(), 3, "nothing was asked again");
}

#[tokio::test]
async fn whole_answer_that_is_cut_is_502_and_is_not_asked_for_again() {
    let (fake, server) = started().await;
    for answer in [
        Answer::recorded("chat_nonstream").split_bytes(50).cut_after(3),
        Answer::reset_before_head(),
        Answer::garbage_head(),
    ] {
        fake.on("POST", CHAT, answer);
        let before = fake.requests_to("POST", CHAT).len();
        let cut = server.guest().post(CHAT, &chat(false)).await;
        error(&cut, 502);
        assert_eq!(fake.requests_to("POST", CHAT).len(), before + 1);
    }
}

#[tokio::test]
async fn busy_server_is_asked_again_and_its_last_word_is_passed_on() {
    let (fake, server) = started().await;
    answer_all(&fake);
    let busy = || Answer::recorded("chat_queue_full_503");
    fake.on_next("POST", CHAT, busy());
    let answered = server.guest().post(CHAT, &chat(false)).await;
    assert_eq!(answered.body, Recording::load("chat_nonstream").body);
    assert_eq!(fake.requests_to("POST", CHAT).len(), 2);
    fake.on("POST", CHAT, busy().header("Retry-After", "3600"));
    let refused = server.guest().post(CHAT, &chat(false)).await;
    assert_eq!((refused.status, &refused.body), (503, &Recording::load("chat_queue_full_503").body));
    assert_eq!(refused.header("retry-after"), "3600");
    assert_eq!(fake.requests_to("POST", CHAT).len(), 3);
}

#[tokio::test]
async fn what_is_no_json_is_passed_on_and_known_as_a_failure() {
    let (fake, server) = started().await;
    let garbage = "{\"done\": tr\u{fffd}ue}\n<html>";
    let answer =
        Answer::raw_chunks(vec![garbage.as_bytes().to_vec()]).header("Content-Type", "application/x-ndjson");
    fake.on("POST", CHAT, answer);
    let passed = server.guest().post(CHAT, &chat(true)).await;
    assert_eq!((passed.status, passed.body.as_str()), (200, garbage));
    let state = server.guest().get(&format!("/x/completions/{}", passed.header(ID))).await.ok();
    assert_eq!((&state["status"], &state["error"]["code"]), (&json!("failed"), &json!("upstream_error")));
    fake.on("POST", CHAT, Answer::text(200, "text/html", "<html>"));
    let passed = server.guest().post(CHAT, &chat(true)).await;
    assert_eq!(
        (passed.status, passed.header("content-type"), passed.body.as_str()),
        (200, "text/html", "<html>")
    );
}

#[tokio::test]
async fn model_may_load_longer_than_any_timeout_of_the_settings() {
    let timeouts = [("OLLAMA_MCP_FIRST_BYTE_TIMEOUT", "100ms"), ("OLLAMA_MCP_IDLE_TIMEOUT", "100ms")];
    let (fake, server) = started_with(&timeouts).await;
    let gates = [Gate::new(), Gate::new()];
    fake.on("POST", CHAT, Answer::recorded("chat_stream").delay_head(&gates[0]).gate_after(2, &gates[1]));
    let client = server.guest().clone();
    let waiting = tokio::spawn(async move { client.post(CHAT, &chat(true)).await });
    // With a key nobody may be waiting, so the settings hold: its failure shows that their time has passed.
    let keyed = || server.guest().posting(CHAT, &chat(true)).header("idempotency-key", "k");
    error(&crate::support::http_client::answer(keyed()).await, 504);
    gates[0].open();
    gates[1].reached(1).await;
    let keyed = server.guest().posting(CHAT, &chat(true)).header("idempotency-key", "k2");
    let stopped = crate::support::http_client::answer(keyed).await;
    assert!(stopped.body.lines().last().unwrap().starts_with("{\"error\":"), "{}", stopped.body);
    gates[1].open();
    assert_eq!(waiting.await.unwrap().body, Recording::load("chat_stream").body);
}

#[tokio::test]
async fn errors_of_the_server_keep_their_bytes_but_for_paths_that_guests_may_not_see() {
    let (fake, server) = started().await;
    let said = json!({ "error": "unable to load model: /root/.ollama/models/blobs/sha256-1" });
    fake.on("POST", CHAT, Answer::json(500, said.clone()));
    assert_eq!(server.local().post(CHAT, &chat(false)).await.body, said.to_string());
    let guest = server.guest().post(CHAT, &chat(false)).await;
    assert_eq!(error(&guest, 500), "unable to load model: [hidden]");
    let line = [json!({ "message": { "content": "a" }, "done": false }), said];
    fake.on("POST", CHAT, Answer::ndjson(&line));
    let guest = server.guest().post(CHAT, &chat(true)).await;
    assert_eq!(guest.lines()[1], json!({ "error": "unable to load model: [hidden]" }));
    assert_eq!(server.local().post(CHAT, &chat(true)).await.lines(), line);
}

#[tokio::test]
async fn end_of_the_server_and_of_a_key_end_streams_with_an_error_line() {
    let (fake, server) = started().await;
    fake.on("POST", CHAT, Answer::recorded("chat_stream").gate_after(2, &Gate::new()));
    let (key, _) = server.with_key(&["bot"]).await;
    let mut revoked = key.post_stream(CHAT, &chat(true)).await;
    revoked.line().await.unwrap();
    let asked = fake.wait_for("POST", CHAT).await;
    let mut open = server.guest().post_stream(CHAT, &chat(true)).await;
    open.line().await.unwrap();
    server.run(&["keys", "revoke", "bot"], "").await.ok();
    let mut last = String::new();
    while let Some(line) = revoked.line().await {
        last = line;
    }
    assert!(last.starts_with("{\"error\":\"The credential of this request"), "{last}");
    fake.closed(asked.index).await;
    server.signal("TERM");
    while let Some(line) = open.line().await {
        last = line;
    }
    assert!(last.starts_with("{\"error\":\"The server is shutting down"), "{last}");
    let ended = server.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}

#[tokio::test]
async fn slow_reader_holds_the_model_back() {
    let fake = FakeOllama::start().await.with_defaults();
    let server = crate::support::http_server::HttpServer::start(&fake).await;
    // Far more than buffers of both sockets take.
    let text = "x".repeat(64 << 10);
    let line = json!({ "message": { "content": text }, "done": false });
    fake.on("POST", CHAT, Answer::ndjson(&vec![line; 500]));
    let mut socket = server.socket().await;
    let body = chat(true).to_string();
    socket.request("POST", CHAT, &["Content-Type: application/json"], body.as_bytes()).await;
    let head = socket.head().await;
    let id = head.header(ID).to_owned();
    // The reader does not read, so the completion does not end.
    let state = server.guest().get(&format!("/x/completions/{id}")).await.ok();
    assert_eq!(state["status"], "running");
    let mut bytes = 0;
    while let Some(chunk) = socket.chunk().await {
        bytes += chunk.len();
    }
    assert!(bytes > 500 * (64 << 10), "{bytes}");
}
