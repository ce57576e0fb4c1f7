//! Revision 2026-07-28, whose requests carry all they need.

use serde_json::{Value, json};

use super::{MODEL, REPLY, chat};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{MODERN, modern_meta};
use crate::support::process::Process;
use crate::support::schema::assert_valid_message;

/// Params with the metadata of the revision.
fn with_meta(mut params: Value) -> Value {
    params["_meta"] = modern_meta();
    params
}

#[tokio::test]
async fn every_method_is_served_without_a_handshake() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut host = Process::start(&fake, &[]);
    let prompt = json!({ "name": "ask_local_model", "arguments": { "question": "why?" } });
    let reference = json!({ "type": "ref/prompt", "name": "ask_local_model" });
    let typed = json!({ "ref": reference, "argument": { "name": "model", "value": "" } });
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("tools/call", chat("colours?")),
        ("tools/call", json!({ "name": "chat_completion", "arguments": { "prompt": "" } })),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({ "uri": "ollama://models" })),
        ("prompts/list", json!({})),
        ("prompts/get", prompt),
        ("completion/complete", typed),
    ] {
        let result = host.result(MODERN, method, with_meta(params)).await;
        assert_eq!(result["resultType"], "complete", "{method}");
        let server = &result["_meta"]["io.modelcontextprotocol/serverInfo"];
        assert_eq!(server["name"], "ollama-mcp", "{method}: {result}");
        let cached = method.ends_with("/list") || method == "server/discover" || method == "resources/read";
        assert_eq!(
            result["ttlMs"].is_u64() && result["cacheScope"].is_string(),
            cached,
            "{method}: {result}"
        );
        match method {
            "server/discover" => {
                let versions = result["supportedVersions"].as_array().unwrap();
                for version in ["2025-11-25", MODERN] {
                    assert!(versions.iter().any(|known| known == version), "{versions:?}");
                }
                assert!(result["instructions"].is_string());
            }
            "resources/read" => {
                assert_eq!(result["cacheScope"], "private");
                assert!(result["contents"][0]["text"].as_str().unwrap().contains(MODEL));
            }
            _ => {}
        }
    }
    host.finish().await.well();
}

#[tokio::test]
async fn a_chat_reports_progress() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut host = Process::start(&fake, &[]);
    let mut call = with_meta(chat("colours?"));
    call["_meta"]["progressToken"] = json!("p");
    let result = host.result(MODERN, "tools/call", call).await;
    assert_eq!(result["content"][0]["text"], REPLY);
    let progress = host.set_aside();
    assert!(!progress.is_empty());
    for message in progress {
        assert_valid_message(MODERN, None, &message);
        assert_eq!(message["params"]["progressToken"], "p");
    }
    host.finish().await.well();
}

#[tokio::test]
async fn ping_and_initialize_are_unknown_methods() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut host = Process::start(&fake, &[]);
    for (method, params, part) in [
        ("ping", json!({}), "server/discover"),
        ("logging/setLevel", json!({ "level": "info" }), "OLLAMA_MCP_LOG"),
        ("resources/subscribe", json!({ "uri": "ollama://models" }), "subscriptions/listen"),
        ("resources/unsubscribe", json!({ "uri": "ollama://models" }), "subscriptions/listen"),
        ("nope", json!({ "x": 1 }), "tools/call"),
    ] {
        let mut incomplete = with_meta(json!({}));
        incomplete["_meta"].as_object_mut().unwrap().remove("io.modelcontextprotocol/clientCapabilities");
        let wrong = json!({ "uri": 5, "level": "no" });
        // Whatever the params are.
        for params in [with_meta(params), with_meta(json!({})), with_meta(wrong), incomplete] {
            let (code, message) = host.error(method, params.clone()).await;
            assert_eq!(code, -32601, "{method} {params}: {message}");
            assert!(message.contains(method) && message.contains(part), "{message}");
        }
    }
    host.still_serves().await;
    host.finish().await.well();
}

#[tokio::test]
async fn incomplete_metadata_is_refused() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut host = Process::start(&fake, &[]);
    let key = "io.modelcontextprotocol/clientCapabilities";
    for method in ["tools/list", "tools/call", "server/discover"] {
        let mut params = with_meta(json!({ "name": "health_check" }));
        params["_meta"].as_object_mut().unwrap().remove(key);
        let (code, message) = host.error(method, params).await;
        assert_eq!(code, -32602, "{method} without {key}: {message}");
        assert!(message.contains(key), "{method}: {message}");
    }
    // Clients should say who they are, but need not.
    let mut nameless = with_meta(json!({}));
    nameless["_meta"].as_object_mut().unwrap().remove("io.modelcontextprotocol/clientInfo");
    host.result(MODERN, "tools/list", nameless).await;
    let (code, _) = host.error("server/discover", json!({})).await;
    assert_eq!(code, -32602, "nothing is older than discover, so it has no other form");
    let mut unknown = with_meta(json!({}));
    unknown["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!("2099-01-01");
    let answer = host.ask("tools/list", unknown).await;
    assert_eq!(answer["error"]["code"], -32022, "{answer}");
    assert!(answer["error"]["data"]["supported"].as_array().unwrap().contains(&json!(MODERN)), "{answer}");
    host.still_serves().await;
    host.finish().await.well();
}

#[tokio::test]
async fn unknown_resource_is_invalid_params() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut host = Process::start(&fake, &[]);
    let (code, message) = host.error("resources/read", with_meta(json!({ "uri": "ollama://nothing" }))).await;
    assert_eq!(code, -32602, "{message}");
    for (method, params) in
        [("tools/call", json!({ "name": "nope" })), ("prompts/get", json!({ "name": "nope" }))]
    {
        let (code, message) = host.error(method, with_meta(params)).await;
        assert_eq!(code, -32602, "{message}");
        assert!(message.contains("\"nope\""), "{message}");
    }
    host.finish().await.well();
}
