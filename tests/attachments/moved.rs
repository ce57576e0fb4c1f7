//! A model's name that stands for another model by the time a file is to be sent.

use super::*;
use crate::support::fake_ollama::Gate;

/// Everything that the model server was sent.
fn sent(fake: &FakeOllama) -> String {
    fake.requests().iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect()
}

fn cloud() -> Value {
    json!({ "remote_host": "https://ollama.com:443", "remote_model": "big" })
}

/// A host whose one slot is taken by a call without files, until the gate opens.
async fn busy() -> (Host, Gate, i64) {
    let mut host = Host::start(&["--max-concurrent=1"]).await;
    host.write("a.txt", "inside");
    host.fake.on("POST", "/api/copy", Answer::empty(200));
    let gate = Gate::new();
    host.fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").delay_head(&gate));
    let params = json!({ "name": "chat_completion", "arguments": { "model": MODEL, "prompt": "first" } });
    let first = host.process.request("tools/call", params).await;
    gate.reached(1).await;
    (host, gate, first)
}

#[tokio::test]
async fn file_is_not_sent_where_its_model_became_a_cloud_model_while_the_call_waited() {
    let (mut host, gate, first) = busy().await;
    let params = json!({ "name": "chat_completion", "arguments": chat(&["a.txt"]) });
    let waiting = host.process.request("tools/call", params).await;
    // The first look, at a model of this machine.
    host.fake.wait_for("POST", "/api/show").await;
    let copied = host.call("copy_model", json!({ "source": "big", "destination": MODEL, "confirm": true }));
    assert_ne!(copied.await["isError"], true);
    host.all_models(&cloud());
    gate.open();
    host.process.answer(first).await;
    let answer = host.process.answer(waiting).await;
    let (code, text) = tool_error(&answer["result"]);
    assert_eq!(code, "attachment_denied");
    assert!(text.contains("runs at https://ollama.com:443, not on this machine"), "{text}");
    assert_eq!(host.fake.requests_to("POST", "/api/chat").len(), 1);
    assert!(!sent(&host.fake).contains("inside"));
}

#[tokio::test]
async fn location_is_checked_before_each_retry() {
    let mut host = Host::start(&[]).await;
    host.write("a.txt", "inside");
    let became_cloud = Gate::new();
    let busy = Answer::json(503, json!({ "error": "server busy, please try again" }));
    host.fake.on_next("POST", "/api/chat", busy.delay_head(&became_cloud));
    let params = json!({ "name": "chat_completion", "arguments": chat(&["a.txt"]) });
    let call = host.process.request("tools/call", params).await;
    became_cloud.reached(1).await;
    host.all_models(&cloud());
    became_cloud.open();
    let answer = host.process.answer(call).await;
    assert_eq!(tool_error(&answer["result"]).0, "attachment_denied");
    assert_eq!(host.fake.requests_to("POST", "/api/chat").len(), 1);
}

#[tokio::test]
async fn name_is_not_given_to_another_model_while_files_are_sent_to_it() {
    let mut host = Host::start(&[]).await;
    host.write("a.txt", "inside");
    host.fake.on("POST", "/api/copy", Answer::empty(200));
    let gate = Gate::new();
    host.fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").delay_head(&gate));
    let params = json!({ "name": "chat_completion", "arguments": chat(&["a.txt"]) });
    let call = host.process.request("tools/call", params).await;
    gate.reached(1).await;
    let copy = json!({ "source": "big", "destination": MODEL.to_uppercase(), "confirm": true });
    let refused = host.call("copy_model", copy.clone()).await;
    let (code, text) = tool_error(&refused);
    assert_eq!(code, "overloaded");
    assert!(text.contains("is in use by a call that sends files to it"), "{text}");
    for (tool, arguments) in [
        ("pull_model", json!({ "model": MODEL, "confirm": true })),
        ("create_model", json!({ "model": MODEL, "from": "qwen2.5-tools:0.5b", "confirm": true })),
    ] {
        let refused = host.call(tool, arguments).await;
        assert_eq!(tool_error(&refused).0, "overloaded", "{tool}: {refused:#}");
    }
    for path in ["/api/copy", "/api/pull", "/api/create"] {
        assert!(host.fake.requests_to("POST", path).is_empty(), "{path}");
    }
    gate.open();
    assert_ne!(host.process.answer(call).await["result"]["isError"], true);
    assert_ne!(host.call("copy_model", copy).await["isError"], true);
}
