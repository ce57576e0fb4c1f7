//! Progress of a chat: exact, in order, and only for who asked.

use serde_json::{Value, json};

use super::{REPLY, answering, message, plain};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::Session;

/// The joined deltas of a channel.
fn deltas(progress: &[Value], channel: &str) -> String {
    let of_channel = progress.iter().filter(|step| step["_meta"]["ollama-mcp/channel"] == channel);
    of_channel.filter_map(|step| step["_meta"]["ollama-mcp/delta"].as_str()).collect()
}

fn well_formed(progress: &[Value]) {
    let mut last = f64::MIN;
    for step in progress {
        let now = step["progress"].as_f64().unwrap();
        assert!(now > last, "progress must increase: {progress:#?}");
        last = now;
        assert!(step["message"].as_str().unwrap().chars().count() <= 200, "{step}");
        let channel = step["_meta"]["ollama-mcp/channel"].as_str().unwrap();
        assert!(["content", "thinking", "status"].contains(&channel), "{step}");
        assert_eq!(step["_meta"].get("ollama-mcp/delta").is_some(), channel != "status", "{step}");
    }
}

async fn watched(answer: Answer, interval: &str, arguments: Value) -> (Value, Vec<Value>) {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", answer);
    let mut session =
        Session::with(&[("OLLAMA_HOST", &fake.url()), ("OLLAMA_MCP_PROGRESS_INTERVAL", interval)]);
    let (result, progress) = session.call_watched("chat_completion", arguments).await;
    well_formed(&progress);
    let late = session.finish().await;
    assert!(late.is_empty(), "progress after the answer: {late:?}");
    (result, progress)
}

#[tokio::test]
async fn deltas_concatenate_to_reply() {
    for interval in ["0", "5ms", "50ms", "10s"] {
        for case in ["chat_stream", "chat_gemma_stream", "chat_smollm2_stream", "think_model_stream"] {
            for bytes in [1_000_000, 3] {
                let answer = Answer::recorded(case).split_bytes(bytes);
                let (result, progress) = watched(answer, interval, plain()).await;
                let message = message(&result);
                assert_eq!(message["content"], deltas(&progress, "content"), "{case} {interval}");
                let reasoning = message.get("reasoning").cloned().unwrap_or(json!(""));
                assert_eq!(reasoning, deltas(&progress, "thinking"), "{case} {interval}");
            }
        }
    }
}

#[tokio::test]
async fn without_coalescing_each_chunk_is_sent_separately() {
    // Each piece waits for the gate before it, so none can be gathered with another.
    let drip = Answer::recorded("chat_stream").slow_drip(200, std::time::Duration::from_millis(5));
    let (_, progress) = watched(drip, "0", plain()).await;
    let pieces = progress.iter().filter(|step| step["_meta"]["ollama-mcp/channel"] == "content").count();
    assert!(pieces >= 5, "{pieces} of 10 pieces: {progress:#?}");
}

#[tokio::test]
async fn long_progress_text_is_cut_in_message_only() {
    let piece = "äöü€𝄞 \"\\\n\u{2028}";
    let line = |content: &str, done: bool| json!({ "model": "m", "message": { "role": "assistant", "content": content }, "done": done, "done_reason": if done { "stop" } else { "" } });
    let mut lines: Vec<_> = (0..100).map(|_| line(piece, false)).collect();
    lines.push(line("", true));
    let (result, progress) = watched(Answer::ndjson(&lines).split_bytes(5), "0", plain()).await;
    assert_eq!(message(&result)["content"], piece.repeat(100));
    assert_eq!(deltas(&progress, "content"), piece.repeat(100));
    let last = progress.last().unwrap()["message"].as_str().unwrap();
    assert!(piece.repeat(100).ends_with(last), "the tail of the text: {last:?}");
    assert_eq!(last.chars().count(), 200);
}

#[tokio::test]
async fn without_token_no_progress_is_sent() {
    let (_fake, mut session) = answering(Answer::recorded("chat_stream")).await;
    session.call("chat_completion", plain()).await;
    assert_eq!(session.set_aside(), [] as [Value; 0]);
    let mut unstreamed = plain();
    unstreamed["stream"] = json!(false);
    let (result, progress) = session.call_watched("chat_completion", unstreamed).await;
    assert_eq!((result["content"][0]["text"].as_str(), progress.len()), (Some(REPLY), 0));
    assert!(session.finish().await.is_empty());
}

#[tokio::test]
async fn first_chunk_is_sent_before_last_is_generated() {
    let gate = Gate::new();
    let (_fake, mut session) = answering(Answer::recorded("chat_stream").gate_after(2, &gate)).await;
    let params = json!({ "name": "chat_completion", "arguments": plain(), "_meta": { "progressToken": 1 } });
    let id = session.request("tools/call", params).await;
    let first = session.next().await;
    assert_eq!(first["method"], "notifications/progress", "{first}");
    assert!(first["params"]["_meta"]["ollama-mcp/delta"].as_str().unwrap().starts_with("Three"), "{first}");
    gate.open();
    assert_eq!(session.answer(id).await["result"]["content"][0]["text"], REPLY);
}

#[tokio::test]
async fn failure_contains_text_sent_as_progress() {
    let (result, progress) = watched(Answer::recorded("chat_stream").cut_after(3), "0", plain()).await;
    let partial = &result["structuredContent"]["error"]["partial"]["content"];
    assert_eq!(partial, &json!("Three colours are"));
    assert_eq!(deltas(&progress, "content"), "Three colours are");
}

#[tokio::test]
async fn queue_position_is_reported_immediately() {
    let gate = Gate::new();
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(1, &gate));
    let mut session = Session::with(&[("OLLAMA_HOST", &fake.url()), ("OLLAMA_MCP_MAX_CONCURRENT", "1")]);
    let first =
        session.request("tools/call", json!({ "name": "chat_completion", "arguments": plain() })).await;
    gate.reached(1).await;
    let params =
        json!({ "name": "chat_completion", "arguments": plain(), "_meta": { "progressToken": "q" } });
    let second = session.request("tools/call", params).await;
    let told = session.next().await;
    assert_eq!(told["params"]["_meta"]["ollama-mcp/channel"], "status", "{told}");
    assert!(told["params"]["message"].as_str().unwrap().contains("queued"), "{told}");
    gate.open();
    for id in [first, second] {
        assert_eq!(session.answer(id).await["result"]["content"][0]["text"], REPLY);
    }
}
