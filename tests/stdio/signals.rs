//! Signals, and a reader that goes away: the model is freed and the process ends.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{chat, chat_in_flight};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::process::Process;

/// What is promised is a second; the bound allows for a busy machine, but not for the SDK's own two seconds.
const BOUND: Duration = Duration::from_millis(1_700);

async fn stalled() -> FakeOllama {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").stall_after(2));
    fake
}

#[tokio::test]
async fn signal_ends_process_and_closes_connection() {
    for signal in ["TERM", "INT"] {
        let fake = stalled().await;
        let mut host = Process::start(&fake, &[]);
        host.handshake("2025-11-25", "tests").await;
        let (_, request) = chat_in_flight(&mut host, &fake).await;
        let sent = Instant::now();
        host.signal(signal);
        let ended = host.ended().await;
        println!("SIG{signal}: ended after {:?}", sent.elapsed());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        assert!(sent.elapsed() < BOUND, "SIG{signal}: {:?}", sent.elapsed());
        fake.closed(request.index).await;
    }
}

#[tokio::test]
async fn a_signal_ends_an_idle_process_whose_input_is_open() {
    for signal in ["TERM", "INT"] {
        let fake = FakeOllama::start().await;
        let mut host = Process::start(&fake, &[]);
        // Once it serves, it catches signals.
        host.still_serves().await;
        host.signal(signal);
        let ended = host.ended().await;
        assert!(ended.took < BOUND, "{:?}", ended.took);
        ended.well();
    }
}

#[tokio::test]
async fn a_signal_ends_the_process_after_its_input_ended_too() {
    let fake = stalled().await;
    let mut host = Process::start(&fake, &[]);
    let (_, request) = chat_in_flight(&mut host, &fake).await;
    host.end_input().await;
    host.signal("TERM");
    let ended = host.ended().await;
    assert_eq!(ended.code, Some(0));
    assert!(ended.took < BOUND, "{:?}", ended.took);
    fake.closed(request.index).await;
}

#[tokio::test]
async fn closed_output_closes_connection_without_write() {
    let fake = FakeOllama::start().await.with_defaults();
    // Nothing is generated, and no progress was asked for: there is no write that could fail.
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").stall_after(0));
    let mut host = Process::start(&fake, &[]);
    let (_, request) = chat_in_flight(&mut host, &fake).await;
    let closed = Instant::now();
    host.stop_reading();
    fake.closed(request.index).await;
    println!("stdout closed: the connection was closed after {:?}", closed.elapsed());
    let ended = host.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(closed.elapsed() < Duration::from_secs(4), "{:?}", closed.elapsed());
}

#[tokio::test]
async fn closed_output_during_progress_does_not_crash() {
    let fake = FakeOllama::start().await.with_defaults();
    let drip = Answer::recorded("chat_smollm2_stream").slow_drip(40, Duration::from_millis(10));
    fake.on("POST", "/api/chat", drip);
    let mut host = Process::start(&fake, &["--progress-interval=0"]);
    let mut call = chat("long");
    call["_meta"] = json!({ "progressToken": 1 });
    host.request("tools/call", call).await;
    host.next().await;
    host.stop_reading();
    fake.closed(fake.requests_to("POST", "/api/chat")[0].index).await;
    let ended = host.ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
}
