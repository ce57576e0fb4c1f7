//! Lines that a person or a script pipes in: no handshake, no metadata.

use serde_json::json;

use super::{MODEL, REPLY, chat, reply};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{BY_HAND, MODERN, modern_meta};
use crate::support::process::Process;
use crate::support::schema::assert_valid_message;

#[tokio::test]
async fn requests_without_handshake_are_served_as_2025_11_25() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut shell = Process::start(&fake, &[]);
    let uri = format!("ollama://models/{MODEL}");
    let template = json!({ "type": "ref/resource", "uri": "ollama://models/{model}" });
    let prompt = json!({ "name": "second_opinion", "arguments": { "subject": "1+1=3" } });
    for (method, params, pointer, expected) in [
        ("ping", json!({}), "", json!({})),
        ("tools/list", json!({}), "/tools/0/name", json!("chat_completion")),
        ("tools/call", chat("colours?"), "/content/0/text", json!(REPLY)),
        ("resources/list", json!({}), "/resources/0/uri", json!("ollama://models")),
        ("resources/read", json!({ "uri": uri }), "/contents/0/uri", json!(uri)),
        ("resources/templates/list", json!({}), "/resourceTemplates/0/uriTemplate", template["uri"].clone()),
        ("prompts/list", json!({}), "/prompts/0/name", json!("ask_local_model")),
        ("prompts/get", prompt, "/messages/0/role", json!("user")),
        (
            "completion/complete",
            json!({ "ref": template, "argument": { "name": "model", "value": "qwen2.5-t" } }),
            "/completion/values",
            json!(["qwen2.5-think:0.5b", "qwen2.5-tools:0.5b"]),
        ),
    ] {
        let result = shell.result(BY_HAND, method, params).await;
        assert_eq!(result.pointer(pointer), Some(&expected), "{method}: {result:#}");
        assert!(result.get("resultType").is_none(), "{method}: of another revision");
    }
    shell.finish().await.well();
}

#[tokio::test]
async fn single_line_without_params_is_answered() {
    let fake = FakeOllama::start().await.with_defaults();
    for line in [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
        r#"  {"id": 1, "params": null, "method": "tools/list", "jsonrpc": "2.0"}  "#,
    ] {
        let mut shell = Process::start(&fake, &[]);
        shell.write(format!("{line}\n")).await;
        let answer = shell.finish().await.only();
        assert_eq!(answer["id"], 1);
        assert_valid_message(BY_HAND, Some("tools/list"), &answer);
    }
    assert!(fake.requests().is_empty(), "listing tools asks nobody");
}

#[tokio::test]
async fn early_and_unknown_notifications_are_not_answered() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut shell = Process::start(&fake, &[]);
    for method in ["notifications/initialized", "notifications/roots/list_changed", "notifications/nope", "x"]
    {
        shell.notify(method, json!({})).await;
    }
    shell.still_serves().await;
    shell.finish().await.well();
}

#[tokio::test]
async fn all_revisions_mix_in_one_process() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut mixed = Process::start(&fake, &[]);
    let modern = json!({ "_meta": modern_meta() });
    for _ in 0..2 {
        mixed.result(BY_HAND, "tools/list", json!({})).await;
        mixed.result(MODERN, "tools/list", modern.clone()).await;
        let hello = mixed.handshake("2024-11-05", "tests").await;
        assert_eq!(hello["result"]["protocolVersion"], "2024-11-05");
        mixed.result("2024-11-05", "tools/list", json!({})).await;
        let discovered = mixed.result(MODERN, "server/discover", modern.clone()).await;
        assert_eq!(discovered["resultType"], "complete");
        let answer = mixed.ask("tools/call", chat("colours?")).await;
        assert_eq!(reply(&answer), REPLY);
        assert!(answer["result"].get("resultType").is_none(), "the session is still the old one");
        assert_eq!(mixed.error("resources/read", json!({ "uri": "ollama://x" })).await.0, -32002);
        let mut missing = modern.clone();
        missing["uri"] = json!("ollama://x");
        assert_eq!(mixed.error("resources/read", missing).await.0, -32602);
    }
    mixed.finish().await.well();
}

#[tokio::test]
async fn id_is_returned_unchanged() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut shell = Process::start(&fake, &[]);
    for id in [
        json!(0),
        json!(-7),
        json!(9_007_199_254_740_991_i64),
        json!(""),
        json!("a\"b\\ü\u{2028}"),
        json!("1"),
    ] {
        shell.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })).await;
        assert_eq!(shell.next().await, json!({ "jsonrpc": "2.0", "id": id, "result": {} }));
    }
    shell.finish().await.well();
}

#[cfg(unix)]
#[tokio::test]
async fn sockets_serve_like_pipes() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut node = Process::on_socket(&fake);
    node.handshake("2025-06-18", "tests").await;
    assert_eq!(reply(&node.ask("tools/call", chat("colours?")).await), REPLY);
    let id = node.request("tools/call", chat("the last")).await;
    fake.wait_for_requests_to("POST", "/api/chat", 2).await;
    let last = node.finish().await.only();
    assert_eq!((&last["id"], reply(&last)), (&json!(id), REPLY));
}
