//! The recorded traffic of a real Ollama, through the server: the request reaches Ollama as it was sent, and the answer comes back
//! as it was given.

use std::path::Path;

use crate::http::started_with;
use crate::support::fake_ollama::{FakeOllama, Recording};
use crate::support::http_server::HttpServer;

/// Recordings that come out otherwise, each with its reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("blob_post_bad_digest", "it is refused here, in the same words, before the file is read"),
    ("chat_no_model_field", "the default model answers"),
    ("embed_no_model", "the default model answers"),
    ("generate_no_model", "the default model answers"),
    ("cors_origin_allowed", "the rules for web pages are this server's own"),
    ("cors_origin_denied", "the rules for web pages are this server's own"),
    ("cors_preflight_allowed", "the rules for web pages are this server's own"),
    ("host_header_denied", "the rules for hosts are this server's own"),
    ("host_header_localhost", "the rules for hosts are this server's own"),
    ("host_header_private_ip", "the rules for hosts are this server's own"),
    ("me_no_network", "the account of ollama.com is that of the server's owner"),
    ("trailing_slash_chat", "it is another path"),
    ("trailing_slash_tags", "it is another path"),
    ("unknown_route_get", "the error is JSON and names near routes"),
    ("unknown_route_post", "the error is JSON and names near routes"),
    ("wrong_method_get_chat", "the error is JSON"),
    ("wrong_method_post_delete", "the error is JSON"),
    ("wrong_method_post_tags", "the error is JSON"),
];

/// All recordings of Ollama's own API.
fn cases() -> Vec<(String, Recording)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ollama");
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = files.filter_map(|name| name.strip_suffix(".json").map(str::to_owned));
    let mut cases: Vec<_> = names.map(|name| (name.clone(), Recording::load(&name))).collect();
    cases.retain(|(_, recording)| recording.path.starts_with("/api/"));
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> &'a str {
    let found = headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map_or("", |(_, value)| value.as_str())
}

/// Where the pieces end, counted in bytes.
fn boundaries(pieces: &[impl AsRef<[u8]>]) -> Vec<usize> {
    let mut at = 0;
    let ends = pieces.iter().map(|piece| {
        at += piece.as_ref().len();
        at
    });
    ends.collect()
}

async fn replay(fake: &FakeOllama, server: &HttpServer, case: &str, recording: &Recording) {
    // What only HEAD asks is asked with GET: the answer has the same head.
    let upstream = match recording.path.as_str() {
        "/api/version" | "/api/tags" => "GET",
        _ => recording.method.as_str(),
    };
    let answer = match case {
        "version_head" => Recording::load("version").answer(),
        "tags_head" => Recording::load("tags").answer(),
        _ => recording.answer(),
    };
    fake.on(upstream, &recording.path, answer);
    let before = fake.requests_to(upstream, &recording.path).len();
    let mut socket = server.socket().await;
    let key = format!("Authorization: Bearer {}", server.key());
    let body = recording.request_body.as_bytes();
    socket.request(&recording.method, &recording.path, &[&key], body).await;
    let head = socket.head().await;
    assert_eq!(head.status, recording.status, "{case}");
    assert_eq!(head.header("content-type"), header(&recording.headers, "content-type"), "{case}");
    if recording.method == "HEAD" {
        let length = header(&recording.headers, "content-length");
        // The length of a refusal that HEAD does not send is no matter.
        assert!(
            head.status >= 400 || length.is_empty() || head.header("content-length") == length,
            "{case}: {head:?}"
        );
    } else if let (Some(chunks), "application/x-ndjson") = (&recording.chunks, head.header("content-type")) {
        assert_eq!(head.header("transfer-encoding"), "chunked", "{case}");
        let mut came: Vec<Vec<u8>> = Vec::new();
        while let Some(chunk) = socket.chunk().await {
            came.push(chunk);
        }
        assert_eq!(String::from_utf8(came.concat()).unwrap(), recording.body, "{case}");
        // A large chunk may come in parts, but none waits for the next one.
        let ends = boundaries(&came);
        assert!(boundaries(chunks).iter().all(|end| ends.contains(end)), "{case}: chunks were joined");
    } else {
        // What is no stream has its length here, also where Ollama sends it in chunks.
        let length = head.header("content-length").parse().unwrap();
        let came = socket.exactly(length).await;
        assert_eq!(String::from_utf8(came).unwrap(), recording.body, "{case}");
    }
    let asked = fake.requests_to(upstream, &recording.path);
    assert!(asked.len() > before, "{case} was not passed on");
    for request in &asked[before..] {
        assert_eq!(String::from_utf8_lossy(&request.body), recording.request_body, "{case}");
        assert_eq!(request.header("authorization"), None, "{case}: the caller's key was passed on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_traffic_comes_out_equal() {
    let fake = FakeOllama::start().await;
    let server = HttpServer::start(&fake).await;
    let mut replayed = 0;
    for (case, recording) in cases() {
        if EXCEPTIONS.iter().any(|(exception, _)| *exception == case) {
            continue;
        }
        replay(&fake, &server, &case, &recording).await;
        replayed += 1;
    }
    assert!(replayed > 180, "{replayed}");
    for (exception, _) in EXCEPTIONS {
        assert!(cases().iter().any(|(case, _)| case == exception), "there is no recording {exception}");
    }
}

#[tokio::test]
async fn bytes_stay_however_the_network_splits_them() {
    let (fake, server) = started_with(&[]).await;
    for (case, split) in [("chat_stream", 1), ("think_model_stream", 7), ("tools_model_call_stream", 100_000)]
    {
        let recording = Recording::load(case);
        fake.on("POST", super::CHAT, recording.answer().split_bytes(split));
        let answer = server.guest().post(super::CHAT, &super::chat(true)).await;
        assert_eq!((answer.status, &answer.body), (200, &recording.body), "{case}");
    }
}
