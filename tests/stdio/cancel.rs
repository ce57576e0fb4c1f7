//! A cancelled call frees the model at once, and is never answered.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{MODEL, REPLY, chat, chat_in_flight, reply};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::process::Process;

/// What is promised is 100 ms; the bound allows for a busy machine.
const BOUND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn cancelling_closes_connection_and_sends_no_answer() {
    let gate = Gate::new();
    let stages = [
        ("before the head", Answer::recorded("chat_stream").delay_head(&gate)),
        ("during the answer", Answer::recorded("chat_stream").gate_after(3, &gate)),
    ];
    for (stage, answer) in stages {
        let fake = FakeOllama::start().await.with_defaults();
        fake.on_next("POST", "/api/chat", answer);
        let mut host = Process::start(&fake, &[]);
        host.handshake("2025-11-25", "tests").await;
        let (id, request) = chat_in_flight(&mut host, &fake).await;
        let written = Instant::now();
        host.cancel(id).await;
        fake.closed(request.index).await;
        let took = written.elapsed();
        println!("cancelled {stage}: the connection was closed after {took:?}");
        assert!(took < BOUND, "{stage}: {took:?}");
        assert_eq!(reply(&host.ask("tools/call", chat("next")).await), REPLY);
        let rest = host.finish().await;
        assert!(rest.messages.is_empty(), "{stage}: answered all the same: {:?}", rest.messages);
        rest.well();
    }
}

#[tokio::test]
async fn progress_ends_with_cancel() {
    let fake = FakeOllama::start().await.with_defaults();
    let drip = Answer::recorded("chat_smollm2_stream").slow_drip(60, Duration::from_millis(20));
    fake.on("POST", "/api/chat", drip);
    let mut host = Process::start(&fake, &["--progress-interval=0"]);
    let mut call = chat("long");
    call["_meta"] = json!({ "progressToken": "t" });
    let id = host.request("tools/call", call).await;
    assert_eq!(host.next().await["method"], "notifications/progress");
    host.cancel(id).await;
    fake.closed(fake.requests_to("POST", "/api/chat")[0].index).await;
    // What was on its way may still come; after this answer nothing may.
    host.still_serves().await;
    host.set_aside();
    let rest = host.finish().await;
    rest.well();
}

#[tokio::test]
async fn cancelled_queued_call_is_never_sent() {
    let gate = Gate::new();
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(1, &gate));
    let mut host = Process::start(&fake, &["--max-concurrent=1"]);
    let (first, _) = chat_in_flight(&mut host, &fake).await;
    let second = host.request("tools/call", chat("waits")).await;
    host.still_serves().await;
    host.cancel(second).await;
    host.still_serves().await;
    gate.open();
    assert_eq!(reply(&host.answer(first).await), REPLY);
    host.finish().await.well();
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

#[tokio::test]
async fn repeated_late_and_unknown_cancels_are_ignored() {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").stall_after(2));
    let mut host = Process::start(&fake, &[]);
    host.cancel("never seen").await;
    host.notify("notifications/cancelled", json!({})).await;
    let (id, request) = chat_in_flight(&mut host, &fake).await;
    host.cancel(id).await;
    host.cancel(id).await;
    fake.closed(request.index).await;
    host.cancel(id).await;
    let id = host.request("tools/call", chat("answered")).await;
    assert_eq!(reply(&host.answer(id).await), REPLY);
    host.cancel(id).await;
    host.still_serves().await;
    // The id of a cancelled call is free again.
    host.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": chat("again") })).await;
    assert_eq!(reply(&host.answer(id).await), REPLY);
    host.finish().await.well();
}

#[tokio::test]
async fn cancelling_one_call_leaves_others() {
    let gate = Gate::new();
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut host = Process::start(&fake, &["--max-concurrent=8"]);
    let mut ids = Vec::new();
    for n in 1..=6 {
        ids.push(host.request("tools/call", chat(&format!("{n}"))).await);
        fake.wait_for_requests_to("POST", "/api/chat", n).await;
    }
    host.cancel(ids[2]).await;
    let third = fake.requests_to("POST", "/api/chat")[2].clone();
    assert_eq!(third.json()["messages"][0]["content"], "3", "{MODEL}");
    fake.closed(third.index).await;
    gate.open();
    for (place, id) in ids.iter().enumerate() {
        if place != 2 {
            assert_eq!(reply(&host.answer(*id).await), REPLY);
        }
    }
    host.finish().await.well();
}
