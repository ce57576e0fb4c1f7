//! The end of the input: no more is read, but who has asked gets an answer.

use std::time::Duration;

use serde_json::json;

use super::{REPLY, chat, chat_in_flight, gated, reply};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::{BY_HAND, modern_meta};
use crate::support::process::Process;

#[tokio::test]
async fn empty_input_exits_0() {
    let fake = FakeOllama::start().await;
    let ended = Process::start(&fake, &[]).finish().await;
    assert_eq!((ended.stderr.as_str(), ended.code), ("", Some(0)));
    ended.well();
    let mut blank = Process::start(&fake, &[]);
    blank.write("\n\r\n  \n").await;
    blank.finish().await.well();
}

#[tokio::test]
async fn last_line_without_newline_is_read() {
    let fake = FakeOllama::start().await;
    let mut shell = Process::start(&fake, &[]);
    shell.write(r#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#).await;
    assert_eq!(shell.finish().await.only(), json!({ "jsonrpc": "2.0", "id": "last", "result": {} }));
}

#[tokio::test]
async fn generating_chat_is_finished_after_end_of_input() {
    let (fake, gate) = gated().await;
    let mut shell = Process::start(&fake, &[]);
    let (id, request) = chat_in_flight(&mut shell, &fake).await;
    gate.reached(1).await;
    // A line without its end is answered once the end of the input is read.
    shell.write(r#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#).await;
    shell.end_input().await;
    shell.answer("last").await;
    assert!(!fake.closed_within(request.index, Duration::ZERO).await, "the end is no cancel");
    gate.open();
    let answer = shell.finish().await.only();
    assert_eq!((&answer["id"], reply(&answer)), (&json!(id), REPLY));
}

#[tokio::test]
async fn chat_outlasts_sdk_timeout() {
    // rmcp gives handlers five seconds after the end of its input; this one needs longer.
    let fake = FakeOllama::start().await.with_defaults();
    let slow = Answer::recorded("chat_stream").slow_drip(250, Duration::from_secs(1));
    fake.on("POST", "/api/chat", slow);
    let mut shell = Process::start(&fake, &[]);
    shell.request("tools/call", chat("slowly")).await;
    let ended = shell.finish().await;
    assert!(ended.took > Duration::from_millis(5_500), "it took {:?}, which proves nothing", ended.took);
    assert_eq!(reply(&ended.only()), REPLY);
}

#[tokio::test]
async fn queued_chats_are_answered_after_end_of_input() {
    let (fake, gate) = gated().await;
    let mut shell = Process::start(&fake, &["--max-concurrent=1"]);
    for _ in 0..5 {
        shell.request("tools/call", chat("wait")).await;
    }
    gate.reached(1).await;
    shell.end_input().await;
    gate.open();
    let ended = shell.finish().await;
    assert_eq!((ended.messages.len(), ended.code), (5, Some(0)));
    assert!(ended.messages.iter().all(|answer| reply(answer) == REPLY));
    assert_eq!(fake.peak_in_flight(), 1);
}

#[tokio::test]
async fn cancelled_request_does_not_delay_exit() {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").stall_after(2));
    let mut shell = Process::start(&fake, &[]);
    let (id, request) = chat_in_flight(&mut shell, &fake).await;
    shell.cancel(id).await;
    let ended = shell.finish().await;
    assert!(ended.took < Duration::from_secs(4), "{:?}", ended.took);
    ended.well();
    fake.closed(request.index).await;
}

#[tokio::test]
async fn background_completion_does_not_delay_exit() {
    let gate = Gate::new();
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut shell = Process::start(&fake, &["--call-deadline=1s"]);
    let answer = shell.ask("tools/call", chat("long")).await;
    assert_eq!(answer["result"]["structuredContent"]["status"], "in_progress", "{answer}");
    let ended = shell.finish().await;
    assert!(ended.took < Duration::from_secs(4), "{:?}", ended.took);
    ended.well();
    fake.closed(fake.requests_to("POST", "/api/chat")[0].index).await;
}

#[tokio::test]
async fn open_listen_does_not_delay_exit() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut host = Process::start(&fake, &[]);
    let id = host
        .request(
            "subscriptions/listen",
            json!({ "_meta": modern_meta(), "notifications": { "toolsListChanged": true } }),
        )
        .await;
    // Served in order, so the listen is open, or refused, once this is answered.
    host.still_serves().await;
    let ended = host.finish().await;
    println!("subscriptions/listen {id}: {:?}", ended.messages);
    assert!(ended.took < Duration::from_secs(4), "{:?}", ended.took);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let answers: Vec<_> = ended.messages.iter().filter(|message| message["id"] == id).collect();
    assert_eq!(answers.len(), 1, "a listen ends with its result: {:?}", ended.messages);
}

#[tokio::test]
async fn call_with_deadline_is_finished_after_end_of_input() {
    let mut watched = chat("watched");
    watched["_meta"] = json!({ "progressToken": 1 });
    let batch = json!({ "instruction": "wait", "inputs": ["one"], "model": super::MODEL });
    let batch = json!({ "name": "batch_completion", "arguments": batch });
    for params in [chat("wait"), watched, batch] {
        let (fake, gate) = gated().await;
        let mut host = Process::start(&fake, &["--call-deadline=1s"]);
        host.handshake(BY_HAND, "tests").await;
        let id = host.request("tools/call", params).await;
        let request = fake.wait_for("POST", "/api/chat").await;
        gate.reached(1).await;
        host.end_input().await;
        // Long after the deadline.
        assert!(!fake.closed_within(request.index, Duration::from_millis(1_500)).await);
        gate.open();
        let ended = host.finish().await;
        let answer = ended.messages.iter().find(|message| message["id"] == id).expect("an answer");
        let text = answer["result"]["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(REPLY), "{answer}");
    }
}

#[tokio::test]
async fn requested_wait_ends_in_time() {
    let gate = Gate::new();
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut shell = Process::start(&fake, &[]);
    let mut background = chat("long");
    background["arguments"]["background"] = json!(true);
    shell.ask("tools/call", background).await;
    let look = json!({ "name": "get_completion", "arguments": { "wait_seconds": 0.5 } });
    let id = shell.request("tools/call", look).await;
    let ended = shell.finish().await;
    assert!(ended.took < Duration::from_secs(8), "{:?}", ended.took);
    let answer = ended.only();
    assert_eq!(answer["id"], id);
    assert_eq!(answer["result"]["structuredContent"]["status"], "in_progress");
}
