//! The fake Ollama does to the byte what it says, so that other tests may trust it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::fake_ollama::{Answer, FakeOllama, Gate, Recording};

/// A client that sees bytes.
struct Client {
    stream: TcpStream,
    seen: Vec<u8>,
}

impl Client {
    async fn connect(fake: &FakeOllama) -> Self {
        Self { stream: TcpStream::connect(fake.addr()).await.unwrap(), seen: Vec::new() }
    }

    async fn asking(fake: &FakeOllama, method: &str, path: &str, body: &str) -> Self {
        let mut client = Self::connect(fake).await;
        client.ask(method, path, body).await;
        client
    }

    async fn ask(&mut self, method: &str, path: &str, body: &str) {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        self.stream.write_all((head + body).as_bytes()).await.unwrap();
    }

    /// Reads until the text stands there, and returns all so far. The server must not close before.
    async fn until(&mut self, text: &str) -> String {
        loop {
            let seen = String::from_utf8_lossy(&self.seen).into_owned();
            if seen.contains(text) {
                return seen;
            }
            let read =
                tokio::time::timeout(Duration::from_secs(10), self.stream.read_buf(&mut self.seen)).await;
            assert_ne!(read.expect(&seen).unwrap(), 0, "closed before {text:?}, after {seen:?}");
        }
    }

    /// Reads to the close, and returns all.
    async fn rest(&mut self) -> std::io::Result<String> {
        let read = self.stream.read_to_end(&mut self.seen);
        tokio::time::timeout(Duration::from_secs(10), read).await.expect("the server keeps it open")?;
        Ok(String::from_utf8(self.seen.clone()).unwrap())
    }
}

/// Asks once and reads to the close.
async fn once(fake: &FakeOllama, method: &str, path: &str, body: &str) -> String {
    let mut client = Client::connect(fake).await;
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    client.stream.write_all((head + body).as_bytes()).await.unwrap();
    client.rest().await.unwrap()
}

fn lines(n: usize) -> Vec<Value> {
    (0..n).map(|n| json!({ "line": n })).collect()
}

#[tokio::test]
async fn recording_is_replayed_unchanged() {
    let fake = FakeOllama::start().await;
    fake.replay("chat_stream").replay("tags").replay("tags_head").replay("wrong_method_post_tags");

    let recorded = Recording::load("chat_stream");
    let answer = once(&fake, "POST", "/api/chat", &recorded.request_body).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(
        head,
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\nConnection: close"
    );
    let chunks = recorded.chunks.unwrap();
    assert_eq!(chunks.len(), 11);
    let framed: String = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len())).collect();
    assert_eq!(body, framed + "0\r\n\r\n");
    assert_eq!(fake.requests()[0].body, recorded.request_body.as_bytes());

    let answer = once(&fake, "GET", "/api/tags", "").await;
    let body = Recording::load("tags").body;
    assert!(answer.contains(&format!("Content-Length: {}\r\n", body.len())), "{answer}");
    assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");

    let answer = once(&fake, "HEAD", "/api/tags", "").await;
    assert!(answer.contains("Content-Length: 832\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    let answer = once(&fake, "POST", "/api/tags", "").await;
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("Allow: "), "{answer}");
}

#[test]
fn every_recording_can_be_replayed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/ollama");
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let cases: Vec<_> = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
    assert!(cases.len() > 200, "{} recordings", cases.len());
    for case in cases {
        let _ = Recording::load(&case).answer();
    }
}

#[tokio::test]
async fn unknown_routes_answer_as_ollama_does() {
    let fake = FakeOllama::start().await;
    fake.on("POST", "/api/chat", Answer::empty(200));
    for (case, method, path) in [
        ("unknown_route_get", "GET", "/api/nope"),
        ("unknown_route_post", "POST", "/api/nope"),
        ("wrong_method_get_chat", "GET", "/api/chat"),
    ] {
        let Recording { status, body, .. } = Recording::load(case);
        let answer = once(&fake, method, path, "").await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{case}: {answer}");
        assert!(answer.contains("Content-Type: text/plain\r\n"), "{case}: {answer}");
        assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{case}: {answer}");
    }
}

#[tokio::test]
async fn queued_answers_precede_rules() {
    let fake = FakeOllama::start().await;
    fake.on("GET", "/x", Answer::text(200, "text/plain", "always"))
        .on_next("GET", "/x", Answer::text(503, "text/plain", "first").header("Retry-After", "1"))
        .on_next(
            "GET",
            "/x",
            Answer::computed(|request| Answer::text(200, "text/plain", request.query.as_deref().unwrap())),
        );
    let mut client = Client::asking(&fake, "GET", "/x", "").await;
    let first = client.until("first").await;
    assert!(first.starts_with("HTTP/1.1 503 ") && first.contains("Retry-After: 1\r\n"), "{first}");
    client.ask("GET", "/x?second=2", "").await;
    client.until("second=2").await;
    for _ in 0..2 {
        client.seen.clear();
        client.ask("GET", "/x", "").await;
        client.until("always").await;
    }
    assert_eq!((fake.connections(), fake.requests().len()), (1, 4), "all on one connection");
}

#[tokio::test]
async fn requests_are_recorded_completely() {
    let fake = FakeOllama::start().await;
    let mut client = Client::connect(&fake).await;
    let request = "POST /a?q=1 HTTP/1.1\r\nX-Case: Kept\r\nTransfer-Encoding: chunked\r\n\r\n\
                   5\r\n{\"a\":\r\nA;ext=1\r\n[1,2,3,4]}\r\n0\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi";
    // Byte by byte, with the second request on the heels of the first.
    client.stream.set_nodelay(true).unwrap();
    for byte in request.as_bytes() {
        client.stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let requests = fake.wait_for_requests(2).await;
    assert_eq!((requests[0].path.as_str(), requests[0].query.as_deref()), ("/a", Some("q=1")));
    assert_eq!(requests[0].json(), json!({ "a": [1, 2, 3, 4] }));
    assert_eq!(requests[0].header("x-case"), Some("Kept"));
    assert_eq!(fake.wait_for("POST", "/b").await.body, b"hi");
    assert_eq!(fake.requests_to("POST", "/b")[0].index, 1);
}

#[tokio::test]
async fn gates_delay_head_and_body() {
    let fake = FakeOllama::start().await;
    let (head, middle) = (Gate::new(), Gate::new());
    fake.on("GET", "/x", Answer::ndjson(&lines(3)).delay_head(&head).gate_after(2, &middle));
    let mut client = Client::asking(&fake, "GET", "/x", "").await;
    head.reached(1).await;
    assert_eq!(client.stream.try_read(&mut [0; 9]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    head.open();
    middle.reached(1).await;
    let seen = client.until("{\"line\":1}").await;
    assert!(!seen.contains("{\"line\":2}"), "{seen}");
    middle.open();
    client.until("{\"line\":2}\n\r\n0\r\n\r\n").await;
}

#[tokio::test]
async fn streams_are_cut_at_requested_byte() {
    let fake = FakeOllama::start().await;
    let stream = Answer::ndjson(&lines(3));
    fake.on("GET", "/cut", stream.clone().cut_after(2));
    fake.on("GET", "/cut-at-the-end", stream.clone().cut_after(9));
    fake.on("GET", "/cut-json", Answer::json(200, json!({ "a": "long text" })).split_bytes(6).cut_after(1));
    fake.on("GET", "/reset", stream.reset_after(1));
    fake.on("GET", "/reset-first", Answer::reset_before_head());
    fake.on("GET", "/garbage", Answer::garbage_head());

    let seen = Client::asking(&fake, "GET", "/cut", "").await.rest().await.unwrap();
    assert!(seen.ends_with("b\r\n{\"line\":1}\n\r\n"), "{seen:?}");
    let seen = Client::asking(&fake, "GET", "/cut-at-the-end", "").await.rest().await.unwrap();
    assert!(seen.ends_with("b\r\n{\"line\":2}\n\r\n"), "{seen:?}");
    let seen = Client::asking(&fake, "GET", "/cut-json", "").await.rest().await.unwrap();
    assert!(seen.contains("Content-Length: 17\r\n") && seen.ends_with("\r\n\r\n{\"a\":\""), "{seen:?}");

    let mut client = Client::asking(&fake, "GET", "/reset", "").await;
    assert_eq!(client.rest().await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    let mut client = Client::asking(&fake, "GET", "/reset-first", "").await;
    assert_eq!(client.rest().await.unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
    assert!(client.seen.is_empty());
    assert!(!fake.closed_within(4, Duration::ZERO).await, "the fake broke it, not the client");

    let seen = Client::asking(&fake, "GET", "/garbage", "").await.rest().await.unwrap();
    assert!(seen.starts_with("SSH-2.0"), "{seen:?}");
}

#[tokio::test]
async fn bodies_can_be_split_inside_characters() {
    let fake = FakeOllama::start().await;
    fake.on("GET", "/x", Answer::ndjson(&[json!("é€")]).split_bytes(2));
    fake.on("GET", "/slow", Answer::sse(&["{}", "[DONE]"]).slow_drip(10, Duration::from_millis(1)));
    let mut client = Client::asking(&fake, "GET", "/x", "").await;
    client.until("0\r\n\r\n").await;
    // A quote and half an é, its other half and a third of a €, the rest, a quote and the line end.
    let body = client.seen.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    let expected = b"2\r\n\"\xc3\r\n2\r\n\xa9\xe2\r\n2\r\n\x82\xac\r\n2\r\n\"\n\r\n0\r\n\r\n";
    assert_eq!(&client.seen[body..], expected);
    let slow = once(&fake, "GET", "/slow", "").await;
    assert!(slow.ends_with("a\r\ndata: {}\n\n\r\na\r\ndata: [DON\r\n4\r\nE]\n\n\r\n0\r\n\r\n"), "{slow:?}");
}

#[tokio::test]
async fn closed_client_is_noticed_immediately() {
    let fake = FakeOllama::start().await;
    let gate = Gate::new();
    fake.on("GET", "/stall", Answer::ndjson(&lines(3)).stall_after(1));
    fake.on("GET", "/gate", Answer::ndjson(&lines(3)).gate_after(1, &gate));
    fake.on("GET", "/head", Answer::empty(200).delay_head(&gate));
    fake.on("GET", "/endless", Answer::endless_line());
    fake.on("GET", "/cut", Answer::ndjson(&lines(1)).cut_after(1));
    fake.on("GET", "/well", Answer::empty(200));
    for (index, path) in ["/stall", "/gate", "/head", "/endless", "/cut", "/well"].into_iter().enumerate() {
        let mut client = Client::asking(&fake, "GET", path, "").await;
        fake.wait_for("GET", path).await;
        if path != "/head" {
            client.until("HTTP/1.1 200 OK").await;
        }
        assert!(!fake.closed_within(index, Duration::from_millis(20)).await, "{path} is still open");
        drop(client);
        fake.closed(index).await;
        assert!(fake.closed_within(index, Duration::ZERO).await, "{path} stays closed");
    }
    assert_eq!((fake.connections(), fake.peak_in_flight()), (6, 1));
}

#[tokio::test]
async fn hundreds_of_clients_and_large_bodies_are_served() {
    let fake = FakeOllama::start().await;
    let gate = Gate::new();
    let large = "x".repeat(10 << 20);
    fake.on("POST", "/x", Answer::json(200, json!({})).delay_head(&gate));
    fake.on("POST", "/large", Answer::text(200, "text/plain", &large));
    let mut clients = Vec::new();
    // Half of a usual limit of 1,024 descriptors: both ends are in this process.
    for _ in 0..400 {
        clients.push(Client::asking(&fake, "POST", "/x", "{}").await);
    }
    gate.reached(400).await;
    gate.open();
    for mut client in clients {
        client.until("\r\n\r\n{}").await;
    }
    assert_eq!((fake.connections(), fake.peak_in_flight()), (400, 400));
    fake.clear_requests();
    let answer = once(&fake, "POST", "/large", &large).await;
    assert!(answer.ends_with(&large));
    assert!(fake.requests()[0].body == large.as_bytes(), "the body came whole");
}

#[tokio::test]
async fn fake_restarts_at_its_address() {
    let fake = FakeOllama::start().await;
    fake.on("GET", "/x", Answer::ndjson(&lines(2)).stall_after(1));
    let address = fake.addr();
    let mut client = Client::asking(&fake, "GET", "/x", "").await;
    client.until("{\"line\":0}").await;
    fake.stop().await;
    assert!(TcpStream::connect(address).await.is_err(), "the port is closed");
    let _ = client.rest().await; // returns, well or not
    let fake = FakeOllama::start_at(address).await.with_defaults();
    assert_eq!(fake.url(), format!("http://{address}"));
    assert!(once(&fake, "GET", "/api/version", "").await.contains("0.33.0-rc2"));
    assert!(TcpStream::connect(FakeOllama::closed_address()).await.is_err());
}

#[tokio::test]
async fn default_answers_are_consistent() {
    let fake = FakeOllama::start().await.with_defaults();
    let tags = once(&fake, "GET", "/api/tags", "").await;
    assert!(tags.contains("qwen2.5-think:0.5b"));
    assert!(once(&fake, "GET", "/api/ps", "").await.contains("gemma3:270m"));
    for (path, body, expected) in [
        ("/api/show", r#"{"model":"qwen2.5-think:0.5b"}"#, "\"thinking\""),
        ("/api/show", r#"{"model":"nope"}"#, "404 Not Found"),
        ("/api/chat", r#"{"model":"gemma3:270m"}"#, "application/x-ndjson"),
        ("/api/chat", r#"{"model":"gemma3:270m","stream":false}"#, "Content-Length: "),
        ("/api/chat", r#"{"model":"nope"}"#, "model 'nope' not found"),
        ("/v1/chat/completions", r#"{"model":"gemma3:270m","stream":true}"#, "data: [DONE]"),
        ("/v1/chat/completions", r#"{"model":"gemma3:270m"}"#, "\"chat.completion\""),
        ("/v1/chat/completions", r#"{"model":"nope"}"#, "404 Not Found"),
    ] {
        let answer = once(&fake, "POST", path, body).await;
        assert!(answer.contains(expected), "{path} {body}: {answer}");
    }
}

#[tokio::test]
async fn ollama_provider_reads_fake() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let fake = FakeOllama::start().await.with_defaults();
    let client = reqwest::Client::new();
    let chat = || client.post(format!("{}/api/chat", fake.url())).body(r#"{"model":"gemma3:270m"}"#).send();
    for _ in 0..3 {
        let text = chat().await.unwrap().text().await.unwrap();
        assert_eq!(text, Recording::load("chat_stream").body);
    }
    assert_eq!(fake.connections(), 1, "kept alive");
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").cut_after(3));
    assert!(chat().await.unwrap().text().await.is_err(), "a body without its end is no body");
}

#[tokio::test]
#[should_panic(expected = "waited 30ms for 2 requests GET /b; 1 requests came:\n  0: GET /a (0 bytes")]
async fn failed_wait_lists_received_requests() {
    let fake = FakeOllama::start().await;
    let _client = Client::asking(&fake, "GET", "/a", "").await;
    fake.wait_for("GET", "/a").await;
    let fake = fake.with_patience(Duration::from_millis(30));
    fake.wait_for_requests_to("GET", "/b", 2).await;
}

#[tokio::test]
#[should_panic(expected = "the fake itself broke the connection of request 0")]
async fn waiting_for_close_of_broken_connection_fails() {
    let fake = FakeOllama::start().await;
    fake.on("GET", "/a", Answer::reset_before_head());
    let _client = Client::asking(&fake, "GET", "/a", "").await;
    fake.wait_for("GET", "/a").await;
    fake.closed(0).await;
}
