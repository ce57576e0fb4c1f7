//! The handshake of every revision that has one, and what is served after it.

use serde_json::{Value, json};

use super::{MODEL, REPLY, chat, reply};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::error_of;
use crate::support::process::Process;
use crate::support::schema::{REVISIONS, assert_valid_message};

#[tokio::test]
async fn every_revision_with_a_handshake_is_served_by_its_own_schema() {
    let fake = FakeOllama::start().await.with_defaults();
    for revision in &REVISIONS[..4] {
        let mut host = Process::start(&fake, &[]);
        let hello = host.handshake(revision, "tests").await;
        assert_valid_message(revision, Some("initialize"), &hello);
        let hello = &hello["result"];
        assert_eq!(hello["protocolVersion"], *revision);
        assert_eq!(hello["serverInfo"]["name"], "ollama-mcp");
        assert_eq!(hello["serverInfo"]["version"], env!("CARGO_PKG_VERSION"));
        for capability in ["tools", "resources", "prompts", "completions"] {
            assert!(hello["capabilities"][capability].is_object(), "{capability}: {hello}");
        }
        assert!(hello["instructions"].as_str().unwrap().len() < 2048, "Claude Code cuts there");
        everything(&mut host, revision).await;
        host.finish().await.well();
    }
}

/// Asks every method, each answer held against the revision's schema.
async fn everything(host: &mut Process, revision: &str) {
    let empty = json!({});
    assert_eq!(host.result(revision, "ping", empty.clone()).await, json!({}));
    let tools = host.result(revision, "tools/list", empty.clone()).await;
    let health = host.result(revision, "tools/call", json!({ "name": "health_check" })).await;
    assert_eq!(health["structuredContent"]["status"], "ok");
    assert!(tools["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "health_check"));
    let resources = host.result(revision, "resources/list", empty.clone()).await;
    let uri = &resources["resources"][0]["uri"];
    let read = host.result(revision, "resources/read", json!({ "uri": uri })).await;
    assert!(read["contents"][0]["text"].as_str().unwrap().contains(MODEL));
    host.result(revision, "resources/templates/list", empty.clone()).await;
    let prompts = host.result(revision, "prompts/list", empty).await;
    let name = &prompts["prompts"][0]["name"];
    let argument = &prompts["prompts"][0]["arguments"][0]["name"];
    let given = json!({ "name": name, "arguments": { argument.as_str().unwrap(): "why?" } });
    let prompt = host.result(revision, "prompts/get", given).await;
    assert!(prompt["messages"][0]["content"]["text"].as_str().unwrap().contains("why?"));
    let typed = json!({
        "ref": { "type": "ref/prompt", "name": name }, "argument": { "name": "model", "value": "gem" },
    });
    let found = host.result(revision, "completion/complete", typed).await;
    assert_eq!(found["completion"]["values"], json!(["gemma3:270m"]));
    let mut call = chat("colours?");
    call["_meta"] = json!({ "progressToken": 7 });
    let id = host.request("tools/call", call).await;
    let answer = host.answer(id).await;
    assert_valid_message(revision, Some("tools/call"), &answer);
    assert_eq!(reply(&answer), REPLY);
    let progress = host.set_aside();
    assert!(!progress.is_empty(), "a caller with a token sees progress");
    for message in progress {
        assert_valid_message(revision, None, &message);
        assert_eq!(message["params"]["progressToken"], 7);
    }
    let failed = json!({ "name": "chat_completion", "arguments": { "model": "lama", "prompt": "x" } });
    let failed = host.result(revision, "tools/call", failed).await;
    assert_eq!(failed["isError"], true);
}

#[tokio::test]
async fn unknown_revision_is_answered_with_supported_one() {
    let fake = FakeOllama::start().await.with_defaults();
    for unknown in ["1999-01-01", "2099-12-31", "2.0", ""] {
        let mut host = Process::start(&fake, &[]);
        let hello = host.handshake(unknown, "tests").await;
        assert_eq!(hello["result"]["protocolVersion"], "2025-11-25", "asked for {unknown:?}: {hello}");
        assert_valid_message("2025-11-25", Some("initialize"), &hello);
        // Served by what was agreed on, not by what was asked for.
        let listed = host.result("2025-11-25", "tools/list", json!({})).await;
        assert!(
            listed.get("resultType").is_none() && listed.get("_meta").is_none(),
            "{unknown:?}: of a later one"
        );
        assert_eq!(host.error("resources/read", json!({ "uri": "ollama://nothing" })).await.0, -32002);
        host.finish().await.well();
    }
}

#[tokio::test]
async fn an_unknown_resource_has_the_code_of_its_era() {
    let fake = FakeOllama::start().await.with_defaults();
    for revision in &REVISIONS[..4] {
        let mut host = Process::start(&fake, &[]);
        host.handshake(revision, "tests").await;
        for uri in ["ollama://nothing", "file:///etc/passwd", "ollama://models/no-such-model"] {
            let answer = host.ask("resources/read", json!({ "uri": uri })).await;
            assert_valid_message(revision, None, &answer);
            let (code, message) = error_of(&answer);
            assert_eq!(code, -32002, "{answer}");
            assert!(message.contains(uri), "{message}");
        }
        host.finish().await.well();
    }
}

#[tokio::test]
async fn a_handshake_without_its_params_is_refused_and_can_be_repeated() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut host = Process::start(&fake, &[]);
    for params in [json!({}), json!({ "protocolVersion": 5 }), Value::Null] {
        let (code, _) = host.error("initialize", params).await;
        assert_eq!(code, -32602);
    }
    let hello = host.handshake("2025-06-18", "tests").await;
    assert_eq!(hello["result"]["protocolVersion"], "2025-06-18");
    host.still_serves().await;
    host.finish().await.well();
}
