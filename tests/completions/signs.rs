//! Signs of life while nothing comes: what the model server does, as far as it tells.

use std::time::{Duration, Instant};

use super::{MODEL, WHOLE, chat, gated, progress_with, start, state, watched};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::Session;

/// When the first sign is due, and how often they come; both with room for a busy machine.
const FIRST: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_secs(5);
const ROOM: Duration = Duration::from_secs(2);

/// Starts a chat whose head waits for the gate.
async fn held() -> (FakeOllama, Gate, Session, i64) {
    let (fake, _, mut session) = start(&[]).await;
    let gate = Gate::new();
    let open = Gate::new();
    open.open();
    fake.on("POST", "/api/chat", gated(&open).delay_head(&gate));
    let id = session.request("tools/call", watched("chat_completion", chat("cold"), "t")).await;
    (fake, gate, session, id)
}

#[tokio::test]
async fn progress_reports_model_loading_then_prompt_reading() {
    let (fake, gate, mut session, id) = held().await;
    fake.replay("ps_none");
    let started = Instant::now();
    assert_eq!(progress_with(&mut session, "t", "").await, format!("loading model {MODEL}"));
    let first = started.elapsed();
    assert!(first < FIRST + ROOM && first > FIRST / 2, "{first:?}");
    fake.replay("ps_loaded");
    assert_eq!(progress_with(&mut session, "t", "").await, "reading prompt");
    let second = started.elapsed() - first;
    println!("the first sign after {first:?}, the second {second:?} later");
    assert!(second < EVERY + ROOM && second > EVERY / 2, "{second:?}");
    gate.open();
    assert_eq!(state(&session.answer(id).await["result"]), ("completed", WHOLE));
}

#[tokio::test]
async fn heartbeats_come_although_server_reports_no_load_state() {
    let (fake, gate, mut session, id) = held().await;
    fake.on("GET", "/api/ps", Answer::recorded("ps_none").delay_head(&Gate::new()));
    let started = Instant::now();
    assert_eq!(progress_with(&mut session, "t", "").await, format!("waiting for {MODEL}"));
    assert!(started.elapsed() < FIRST + ROOM, "{:?}", started.elapsed());
    gate.open();
    assert_eq!(state(&session.answer(id).await["result"]), ("completed", WHOLE));
}

#[tokio::test]
async fn cancelling_during_load_closes_connection() {
    let (fake, gate, mut session, id) = held().await;
    fake.replay("ps_none");
    progress_with(&mut session, "t", "loading").await;
    let written = Instant::now();
    session.cancel(id).await;
    fake.closed(0).await;
    println!("cancelled while loading: the connection was closed after {:?}", written.elapsed());
    assert!(written.elapsed() < Duration::from_secs(1), "{:?}", written.elapsed());
    gate.open();
    session.still_serves().await;
    assert!(session.finish().await.is_empty(), "answered all the same");
}

#[tokio::test]
async fn queue_position_is_repeated_as_heartbeat() {
    let (_fake, gate, mut session) = start(&[("OLLAMA_MCP_MAX_CONCURRENT", "1")]).await;
    let first = session.request("tools/call", watched("chat_completion", chat("first"), "1")).await;
    gate.reached(1).await;
    let second = session.request("tools/call", watched("chat_completion", chat("second"), "2")).await;
    let started = Instant::now();
    progress_with(&mut session, "2", "queued, 1 ahead").await;
    assert!(started.elapsed() < ROOM, "at once: {:?}", started.elapsed());
    progress_with(&mut session, "2", "queued, 1 ahead").await;
    assert!(started.elapsed() < EVERY + 2 * ROOM, "{:?}", started.elapsed());
    gate.open();
    for id in [first, second] {
        assert_eq!(state(&session.answer(id).await["result"]), ("completed", WHOLE));
    }
}
