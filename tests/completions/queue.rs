//! The queue: order, who does not wait in it, who leaves it, and its bound.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mcp::{McpServer, ServerOptions};
use providers::ServerConfig;
use providers::Timeouts;
use providers::ollama::Ollama;
use serde_json::{Value, json};
use service::models::ModelSettings;
use service::tasks::TaskSettings;
use service::{ServiceSettings, Services};
use settings::CallDeadline;

use super::{MODEL, WHOLE, chat, start, state, text_has_come};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{Session, tool_error};

const ONE: [(&str, &str); 1] = [("OLLAMA_MCP_MAX_CONCURRENT", "1")];

/// A call of `chat_completion`.
fn call(prompt: &str) -> Value {
    json!({ "name": "chat_completion", "arguments": chat(prompt) })
}

/// The prompts that reached the fake, in their order.
fn prompts(fake: &FakeOllama) -> Vec<String> {
    let chats = fake.requests_to("POST", "/api/chat");
    chats.iter().map(|chat| chat.json()["messages"][0]["content"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn queued_calls_run_in_order_of_arrival() {
    let (fake, gate, mut session) = start(&ONE).await;
    let names: Vec<_> = (0..20).map(|n| format!("{n}")).collect();
    let mut ids = Vec::new();
    for name in &names {
        ids.push(session.request("tools/call", call(name)).await);
        // The calls run side by side: each is in the queue before the next one comes.
        session.still_serves().await;
    }
    gate.reached(1).await;
    gate.open();
    for id in ids {
        assert_eq!(state(&session.answer(id).await["result"]), ("completed", WHOLE));
    }
    assert_eq!(prompts(&fake), names);
    assert_eq!(fake.peak_in_flight(), 1);
}

#[tokio::test]
async fn max_concurrent_bounds_running_calls() {
    let (fake, gate, mut session) = start(&[("OLLAMA_MCP_MAX_CONCURRENT", "3")]).await;
    let mut ids = Vec::new();
    for n in 0..9 {
        ids.push(session.request("tools/call", call(&format!("{n}"))).await);
    }
    gate.reached(3).await;
    gate.open();
    for id in ids {
        assert_eq!(state(&session.answer(id).await["result"]), ("completed", WHOLE));
    }
    assert_eq!(fake.peak_in_flight(), 3);
}

#[tokio::test]
async fn calls_that_generate_nothing_skip_queue() {
    let (_fake, gate, mut session) = start(&ONE).await;
    let first = session.request("tools/call", call("first")).await;
    gate.reached(1).await;
    let second = session.request("tools/call", call("second")).await;
    session.still_serves().await;
    assert_eq!(session.call("health_check", json!({})).await["isError"], false);
    let models = session.call("list_models", json!({})).await;
    assert_eq!(models["structuredContent"]["models"].as_array().unwrap().len(), 5);
    let newest = session.call("get_completion", json!({ "wait_seconds": 0 })).await;
    assert_eq!(state(&newest), ("in_progress", ""));
    let id = newest["structuredContent"]["completion_id"].clone();
    let stopped = session.call("cancel_completion", json!({ "completion_id": id })).await;
    assert_eq!(state(&stopped), ("cancelled", ""));
    assert_eq!(state(&session.answer(second).await["result"]), ("cancelled", ""));
    text_has_come(&mut session).await;
    gate.open();
    assert_eq!(state(&session.answer(first).await["result"]), ("completed", WHOLE));
}

/// Measured from the cancel line to the closed connection. 100 ms is the promise.
#[tokio::test]
async fn cancelling_closes_connection_and_releases_slot() {
    let (fake, gate, mut session) = start(&ONE).await;
    let mut longest = Duration::ZERO;
    let mut running = session.request("tools/call", call("0")).await;
    for n in 1..=20 {
        let waiter = session.request("tools/call", call("leaves")).await;
        let next = session.request("tools/call", call(&format!("{n}"))).await;
        gate.reached(n).await;
        session.cancel(waiter).await;
        session.still_serves().await;
        let written = Instant::now();
        session.cancel(running).await;
        fake.closed(n - 1).await;
        longest = longest.max(written.elapsed());
        running = next;
    }
    println!("from a cancel to the closed connection: {longest:?} at the most of 20");
    assert!(longest < Duration::from_secs(1), "{longest:?}");
    gate.open();
    assert_eq!(state(&session.answer(running).await["result"]), ("completed", WHOLE));
    assert_eq!(prompts(&fake), (0..=20).map(|n| format!("{n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn full_queue_refuses_with_overloaded() {
    let (fake, gate, _) = start(&[]).await;
    let config = ServerConfig {
        base_url: fake.url().parse().unwrap(),
        token: None,
        headers: Vec::new(),
        timeouts: Timeouts::default(),
    };
    let settings = ServiceSettings {
        models: ModelSettings { default_model: Some(MODEL.to_owned()), ..ModelSettings::default() },
        tasks: TaskSettings { max_concurrent: 2, max_waiting: 3 },
        ..ServiceSettings::default()
    };
    let services = Services::new(Arc::new(Ollama::new(&config).unwrap()), settings);
    let options = ServerOptions {
        progress_interval: Duration::ZERO,
        call_deadline: CallDeadline::Never,
        ..ServerOptions::default()
    };
    let mut session = Session::over(McpServer::new(services, options));
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(session.request("tools/call", call(&format!("{n}"))).await);
        session.still_serves().await;
    }
    gate.reached(2).await;
    let refused = session.call("chat_completion", chat("too many")).await;
    let (code, text) = tool_error(&refused);
    assert_eq!(code, "overloaded");
    assert!(
        text.contains("2 of your completions are running and 3 are waiting")
            && text.contains("OLLAMA_MCP_MAX_CONCURRENT"),
        "{text}"
    );
    gate.open();
    for id in ids {
        assert_eq!(state(&session.answer(id).await["result"]), ("completed", WHOLE));
    }
    assert_eq!(state(&session.call("chat_completion", chat("now")).await), ("completed", WHOLE));
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 6);
}
