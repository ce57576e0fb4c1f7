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

/// What Ollama says.
const FAILURES: [&str; 11] = [
    "dial tcp 104.21.75.227:443: connect: connection refused",
    "dial tcp: lookup registry.ollama.ai: no such host",
    "net/http: TLS handshake timeout",
    "tls: failed to verify certificate: x509: certificate signed by unknown authority",
    "http: server gave HTTP response to HTTPS client",
    "unauthorized: access denied",
    "401: {\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}",
    "500: internal error",
    "429: too many requests",
    "digest mismatch, file must be downloaded again: want sha256:0, got sha256:1",
    "write /usr/share/ollama/.ollama/models/blobs/sha256-0-partial: no space left on device",
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

/// The code and the text of an error, which has a next step and names nothing of the server's own.
fn error_of(result: &Value) -> String {
    let (code, text) = tool_error(result);
    for wrong in ["mid-answer", "/usr/share", "manifests/latest"] {
        assert!(!text.contains(wrong), "{text}");
    }
    assert!(!result["structuredContent"]["error"]["hint"].is_null(), "{result}");
    format!("{code}: {text}")
}

#[tokio::test]
async fn each_failure_of_a_pull_has_its_code_and_next_step() {
    let (fake, mut session) = start(&[]).await;
    let mut errors = Vec::new();
    for said in FAILURES {
        fake.on("POST", "/api/pull", fails_with(&worded(said)));
        let in_stream = error_of(&session.call("pull_model", json!({ "model": "m" })).await);
        // It may also come with a status, before the first step.
        fake.on("POST", "/api/pull", Answer::json(500, json!({ "error": worded(said) })));
        assert_eq!(error_of(&session.call("pull_model", json!({ "model": "m" })).await), in_stream);
        errors.push(in_stream);
    }
    insta::assert_snapshot!(errors.join("\n"), @r#"
    registry_unreachable: Ollama cannot reach the registry registry.ollama.ai: connection refused. Check the internet connection of the machine that Ollama runs on, and HTTPS_PROXY in Ollama's own environment.
    registry_unreachable: Ollama cannot reach the registry registry.ollama.ai: no such host. Check the internet connection of the machine that Ollama runs on, and HTTPS_PROXY in Ollama's own environment.
    registry_unreachable: Ollama cannot reach the registry registry.ollama.ai: TLS handshake timeout. Check the internet connection of the machine that Ollama runs on, and HTTPS_PROXY in Ollama's own environment.
    registry_unreachable: Ollama has no secure connection to the registry registry.ollama.ai: certificate signed by unknown authority. If a proxy inspects TLS, add its certificate on the machine that Ollama runs on. For a registry of your own, pull_model and push_model take insecure: true.
    registry_unreachable: Ollama has no secure connection to the registry registry.ollama.ai: server gave HTTP response to HTTPS client. If a proxy inspects TLS, add its certificate on the machine that Ollama runs on. For a registry of your own, pull_model and push_model take insecure: true.
    registry_denied: The registry refuses access: access denied. Check the model's name. Sign in with "ollama signin" on the machine that Ollama runs on; a push needs a name that begins with your own user name.
    registry_denied: The registry refuses access: {"errors":[{"code":"UNAUTHORIZED"}]}. Check the model's name. Sign in with "ollama signin" on the machine that Ollama runs on; a push needs a name that begins with your own user name.
    registry_failed: The registry answered 500: internal error. Try again later; what has come so far is kept.
    registry_failed: The registry answered 429: too many requests. Try again later; what has come so far is kept.
    registry_failed: What came from the registry is damaged: digest mismatch. Pull it again; the damaged part is removed.
    disk_full: The disk that Ollama keeps its models on is full: no space left on device. Free some space there, or choose a smaller model.
    "#);
}

#[tokio::test]
async fn push_and_auto_pull_report_registry_failures_alike() {
    let (fake, mut session) = start(&[("OLLAMA_MCP_AUTO_PULL", "true")]).await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_missing_model_stream"));
    for said in FAILURES {
        fake.on("POST", "/api/push", fails_with(&worded(said)));
        let push = session.call("push_model", json!({ "model": "me/m", "confirm": true })).await;
        fake.on("POST", "/api/pull", fails_with(&worded(said)));
        let chat = session.call("chat_completion", json!({ "model": "m", "prompt": "hi" })).await;
        assert_eq!(error_of(&push), error_of(&chat), "{said}");
    }
}

#[tokio::test]
async fn recorded_pull_failures_have_their_codes() {
    let (fake, mut session) = start(&[]).await;
    let mut errors = Vec::new();
    for case in [
        "pull_connection_refused_stream",
        "pull_connection_refused_nonstream",
        "pull_no_network_stream",
        "pull_unknown_model_stream",
    ] {
        fake.replay(case);
        errors.push(error_of(&session.call("pull_model", json!({ "model": "m" })).await));
    }
    insta::assert_snapshot!(errors.join("\n"), @r#"
    registry_unreachable: Ollama cannot reach the registry 127.0.0.1:9: connection refused. Check the internet connection of the machine that Ollama runs on, and HTTPS_PROXY in Ollama's own environment.
    registry_unreachable: Ollama cannot reach the registry 127.0.0.1:9: connection refused. Check the internet connection of the machine that Ollama runs on, and HTTPS_PROXY in Ollama's own environment.
    registry_unreachable: Ollama cannot reach the registry registry.ollama.ai: network is unreachable. Check the internet connection of the machine that Ollama runs on, and HTTPS_PROXY in Ollama's own environment.
    model_not_found: No registry has a model "m". Check the name and the tag; ollama.com/library lists what can be pulled.
    "#);
}

#[tokio::test]
async fn quantizing_quantized_weights_is_unsupported() {
    let (fake, mut session) = start(&[]).await;
    fake.on("POST", "/api/create", fails_with("quantization is only supported for F16 and F32 models"));
    let arguments = json!({ "model": "new", "from": super::MODEL, "quantize": "q4_K_M" });
    let result = session.call("create_model", arguments).await;
    insta::assert_snapshot!(error_of(&result), @"unsupported: quantize: the weights to start from are quantized already (quantization is only supported for F16 and F32 models). Start from weights in F16, BF16 or F32, or leave quantize out.");
}

#[tokio::test]
async fn other_failures_keep_message_of_server() {
    let (fake, mut session) = start(&[]).await;
    fake.on("POST", "/api/pull", fails_with("the manifest is of a kind that is not known"));
    let result = session.call("pull_model", json!({ "model": "m" })).await;
    insta::assert_snapshot!(error_of(&result), @"upstream_error: Ollama gave up: the manifest is of a kind that is not known. The log of Ollama may say more.");
}
