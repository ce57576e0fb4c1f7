//! Pulls, pushes and creates that fail on the server: each with its own code and next step.

use serde_json::{Value, json};

use super::start;
use crate::support::fake_ollama::Answer;
use crate::support::mcp_client::tool_error;

/// The steps of a transfer that ends with this text.
fn fails_with(error: &str) -> Answer {
    Answer::ndjson(&[json!({ "status": "pulling manifest" }), json!({ "error": error })])
}

const GET: &str = "Get \"https://registry.ollama.ai/v2/library/m/manifests/latest\": ";

/// What Ollama says, the code that it becomes, and words that must be in the text.
const FAILURES: [(&str, &str, &[&str]); 11] = [
    (
        "dial tcp 104.21.75.227:443: connect: connection refused",
        "registry_unreachable",
        &["cannot reach the registry registry.ollama.ai: connection refused", "HTTPS_PROXY"],
    ),
    (
        "dial tcp: lookup registry.ollama.ai: no such host",
        "registry_unreachable",
        &["no such host", "internet connection"],
    ),
    ("net/http: TLS handshake timeout", "registry_unreachable", &["TLS handshake timeout"]),
    (
        "tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "registry_unreachable",
        &["no secure connection", "certificate signed by unknown authority", "insecure: true"],
    ),
    (
        "http: server gave HTTP response to HTTPS client",
        "registry_unreachable",
        &["no secure connection", "insecure: true"],
    ),
    ("unauthorized: access denied", "registry_denied", &["refuses access", "ollama signin"]),
    ("401: {\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}", "registry_denied", &["refuses access"]),
    ("500: internal error", "registry_failed", &["answered 500: internal error", "Try again later"]),
    ("429: too many requests", "registry_failed", &["answered 429: too many requests"]),
    (
        "digest mismatch, file must be downloaded again: want sha256:0, got sha256:1",
        "registry_failed",
        &["damaged", "Pull it again"],
    ),
    (
        "write /usr/share/ollama/.ollama/models/blobs/sha256-0-partial: no space left on device",
        "disk_full",
        &["no space left on device", "Free some space"],
    ),
];

/// How Ollama words it: with the address where its HTTP client speaks.
fn worded(said: &str) -> String {
    let by_the_client =
        ["dial tcp", "net/http", "tls: ", "http: "].iter().any(|start| said.starts_with(start));
    let status = said.starts_with(|first: char| first.is_ascii_digit());
    match (by_the_client, status) {
        (true, _) => format!("pull model manifest: {GET}{said}"),
        (_, true) => format!("pull model manifest: {said}"),
        _ => said.to_owned(),
    }
}

fn check(result: &Value, said: &str, code: &str, words: &[&str]) {
    let (found, text) = tool_error(result);
    assert_eq!(found, code, "{said}: {text}");
    for word in words {
        assert!(text.contains(word), "{said}: {word:?} is not in {text:?}");
    }
    for wrong in ["mid-answer", "/usr/share", "manifests/latest"] {
        assert!(!text.contains(wrong), "{said}: {text}");
    }
    assert!(!result["structuredContent"]["error"]["hint"].is_null(), "{said}: {result}");
}

#[tokio::test]
async fn each_failure_of_a_pull_has_its_code_and_next_step() {
    let (fake, mut session) = start(&[]).await;
    for (said, code, words) in FAILURES {
        fake.on("POST", "/api/pull", fails_with(&worded(said)));
        check(&session.call("pull_model", json!({ "model": "m" })).await, said, code, words);
        // It may also come with a status, before the first step.
        fake.on("POST", "/api/pull", Answer::json(500, json!({ "error": worded(said) })));
        check(&session.call("pull_model", json!({ "model": "m" })).await, said, code, words);
    }
}

#[tokio::test]
async fn a_push_and_a_pull_that_a_call_needs_fail_alike() {
    let (fake, mut session) = start(&[("OLLAMA_MCP_AUTO_PULL", "true")]).await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_missing_model_stream"));
    for (said, code, words) in FAILURES {
        fake.on("POST", "/api/push", fails_with(&worded(said)));
        let push = session.call("push_model", json!({ "model": "me/m", "confirm": true })).await;
        check(&push, said, code, words);
        fake.on("POST", "/api/pull", fails_with(&worded(said)));
        let chat = session.call("chat_completion", json!({ "model": "m", "prompt": "hi" })).await;
        check(&chat, said, code, words);
    }
}

#[tokio::test]
async fn recorded_failures_of_a_pull() {
    let (fake, mut session) = start(&[]).await;
    for (case, code, words) in [
        (
            "pull_connection_refused_stream",
            "registry_unreachable",
            ["registry 127.0.0.1:9: connection refused", "HTTPS_PROXY"],
        ),
        (
            "pull_connection_refused_nonstream",
            "registry_unreachable",
            ["registry 127.0.0.1:9: connection refused", "HTTPS_PROXY"],
        ),
        (
            "pull_no_network_stream",
            "registry_unreachable",
            ["registry.ollama.ai: network is unreachable", "internet connection"],
        ),
        ("pull_unknown_model_stream", "model_not_found", ["No registry has", "ollama.com/library"]),
    ] {
        fake.replay(case);
        check(&session.call("pull_model", json!({ "model": "m" })).await, case, code, &words);
    }
}

#[tokio::test]
async fn weights_that_are_quantized_already() {
    let (fake, mut session) = start(&[]).await;
    let said = "quantization is only supported for F16 and F32 models";
    fake.on("POST", "/api/create", fails_with(said));
    let arguments = json!({ "model": "new", "from": super::MODEL, "quantize": "q4_K_M" });
    let result = session.call("create_model", arguments).await;
    check(&result, said, "unsupported", &["quantize", "quantized already", "F16"]);
}

#[tokio::test]
async fn a_failure_that_is_not_the_registrys_keeps_its_words() {
    let (fake, mut session) = start(&[]).await;
    fake.on("POST", "/api/pull", fails_with("the manifest is of a kind that is not known"));
    let result = session.call("pull_model", json!({ "model": "m" })).await;
    check(&result, "other", "upstream_error", &["the manifest is of a kind that is not known"]);
}
