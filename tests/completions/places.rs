//! A waiter is told its place at once, and whenever it changes.

use serde_json::Value;

use super::{WHOLE, chat, gated, progress_with, start, state, watched};
use crate::support::fake_ollama::Gate;
use crate::support::mcp_client::Session;

/// Starts a chat that tells its progress under its own name.
async fn ask(session: &mut Session, name: &str) -> i64 {
    session.request("tools/call", watched("chat_completion", chat(name), name)).await
}

#[tokio::test]
async fn queue_positions_are_reported_as_they_change() {
    let (fake, first_gate, mut session) = start(&[("OLLAMA_MCP_MAX_CONCURRENT", "1")]).await;
    let first = ask(&mut session, "first").await;
    first_gate.reached(1).await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", gated(&gate));
    let mut ids = Vec::new();
    for (ahead, name) in ["second", "third", "fourth", "fifth"].into_iter().enumerate() {
        ids.push(ask(&mut session, name).await);
        assert_eq!(progress_with(&mut session, name, "queued").await, format!("queued, {} ahead", ahead + 1));
    }
    // The third leaves: the two behind it move up, the second does not.
    session.cancel(ids.remove(1)).await;
    assert_eq!(progress_with(&mut session, "fourth", "queued").await, "queued, 2 ahead");
    assert_eq!(progress_with(&mut session, "fifth", "queued").await, "queued, 3 ahead");
    first_gate.open();
    assert_eq!(state(&session.answer(first).await["result"]), ("completed", WHOLE));
    gate.reached(1).await;
    session.still_serves().await;
    let moved = session.set_aside();
    let of = |token: &str| -> Vec<&str> {
        let told = moved.iter().map(|message| &message["params"]);
        told.filter(|params| params["progressToken"] == token)
            .filter_map(|params| params["message"].as_str())
            .filter(|text| text.starts_with("queued"))
            .collect()
    };
    assert_eq!(of("fourth"), ["queued, 1 ahead"]);
    assert_eq!(of("fifth"), ["queued, 2 ahead"]);
    assert_eq!((of("second"), of("third")), (Vec::new(), Vec::new()));
    gate.open();
    for id in ids {
        assert_eq!(state(&session.answer(id).await["result"]), ("completed", WHOLE));
    }
    let last = session.set_aside();
    let rises = |token: &str| {
        let of_token =
            last.iter().map(|message| &message["params"]).filter(|params| params["progressToken"] == token);
        let values: Vec<f64> = of_token.filter_map(|params| params["progress"].as_f64()).collect();
        assert!(!values.is_empty() && values.is_sorted_by(|a, b| a < b), "{token}: {values:?}");
    };
    rises("fifth");
    assert!(last.iter().all(|message: &Value| message["params"]["progressToken"] != "third"));
}
