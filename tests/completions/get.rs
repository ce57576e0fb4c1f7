//! `get_completion` and `cancel_completion`: which completion, for whom, and for how long.

use serde_json::{Value, json};

use super::{DEADLINE, SO_FAR, WHOLE, chat, gated, id_of, start, state, text_has_come};
use crate::support::fake_ollama::{Answer, Gate};
use crate::support::mcp_client::tool_error;

const SOON: [(&str, &str); 1] = [("OLLAMA_MCP_CALL_DEADLINE", DEADLINE)];

#[tokio::test]
async fn several_callers_can_wait_for_one_completion() {
    let (fake, gate, mut session) = start(&SOON).await;
    let id = id_of(&session.call("chat_completion", chat("slow")).await);
    let mut waiting = Vec::new();
    for _ in 0..20 {
        let arguments = json!({ "completion_id": id, "wait_seconds": 30 });
        let params = json!({ "name": "get_completion", "arguments": arguments });
        waiting.push(session.request("tools/call", params).await);
    }
    // One that leaves takes nothing from the others.
    let left = waiting.remove(7);
    session.cancel(left).await;
    session.still_serves().await;
    assert!(!fake.closed_within(0, std::time::Duration::ZERO).await, "the completion was stopped");
    gate.open();
    for id in waiting {
        assert_eq!(state(&session.answer(id).await["result"]), ("completed", WHOLE));
    }
    let rest = session.finish().await;
    assert_eq!(rest, Vec::<Value>::new(), "the call that left was answered");
}

#[tokio::test]
async fn without_id_newest_unseen_completion_is_returned() {
    let (fake, older, mut session) = start(&SOON).await;
    let newer = Gate::new();
    let first = id_of(&session.call("chat_completion", chat("older")).await);
    fake.on("POST", "/api/chat", gated(&newer));
    let second = id_of(&session.call("chat_completion", chat("newer")).await);
    for (gate, id) in [(newer, second), (older, first)] {
        let found = session.call("get_completion", json!({ "wait_seconds": 0 })).await;
        assert_eq!((id_of(&found), state(&found).0), (id.clone(), "in_progress"));
        gate.open();
        let found = session.call("get_completion", json!({ "wait_seconds": 30 })).await;
        assert_eq!((id_of(&found), state(&found)), (id, ("completed", WHOLE)));
    }
    let none = session.call("get_completion", json!({})).await;
    let (code, text) = tool_error(&none);
    assert_eq!(code, "completion_not_found");
    assert!(text.contains("chat_completion"), "{text}");
}

#[tokio::test]
async fn cancelled_call_can_still_be_fetched() {
    let (fake, gate, mut session) = start(&[]).await;
    let params = json!({ "name": "chat_completion", "arguments": chat("given up") });
    let call = session.request("tools/call", params).await;
    gate.reached(1).await;
    text_has_come(&mut session).await;
    session.cancel(call).await;
    fake.closed(0).await;
    let found = session.call("get_completion", json!({})).await;
    assert_eq!(state(&found), ("cancelled", SO_FAR));
    let text = found["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("cancelled") && text.ends_with(SO_FAR), "{text}");
    let again = session.call("get_completion", json!({ "completion_id": id_of(&found) })).await;
    assert_eq!(state(&again), ("cancelled", SO_FAR));
    assert_eq!(tool_error(&session.call("get_completion", json!({})).await).0, "completion_not_found");
}

#[tokio::test]
async fn cancel_completion_stops_model_and_returns_text() {
    let (fake, gate, mut session) = start(&SOON).await;
    let id = id_of(&session.call("chat_completion", chat("slow")).await);
    for _ in 0..2 {
        let stopped = session.call("cancel_completion", json!({ "completion_id": id })).await;
        assert_eq!(state(&stopped), ("cancelled", SO_FAR));
    }
    fake.closed(0).await;
    let found = session.call("get_completion", json!({ "completion_id": id })).await;
    assert_eq!(state(&found), ("cancelled", SO_FAR));
    gate.open();
    let done = session.call("chat_completion", chat("next")).await;
    let kept = session.call("cancel_completion", json!({ "completion_id": id_of(&done) })).await;
    assert_eq!(state(&kept), ("completed", WHOLE));
}

#[tokio::test]
async fn unknown_ids_and_invalid_wait_seconds_are_refused() {
    let (fake, _gate, mut session) = start(&[]).await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    for tool in ["get_completion", "cancel_completion"] {
        for id in ["", "chatcmpl-0", "\u{0}", &"x".repeat(10_000)] {
            let unknown = session.call(tool, json!({ "completion_id": id })).await;
            let (code, text) = tool_error(&unknown);
            assert_eq!(code, "completion_not_found", "{tool} {id:.20}");
            assert!(text.contains("leave the id out"), "{text:.300}");
        }
    }
    let first = id_of(&session.call("chat_completion", chat("first")).await);
    for wait in [json!(-1), json!(1e9), json!("soon")] {
        let wrong =
            session.call("get_completion", json!({ "completion_id": first, "wait_seconds": wait })).await;
        let (code, text) = tool_error(&wrong);
        assert_eq!(code, "invalid_argument");
        assert!(text.starts_with("wait_seconds"), "{text}");
    }
    for _ in 0..100 {
        session.call("chat_completion", chat("more")).await;
    }
    let gone = session.call("get_completion", json!({ "completion_id": first })).await;
    let (code, text) = tool_error(&gone);
    assert_eq!(code, "completion_not_found");
    assert!(text.contains("no longer available"), "{text}");
}
