//! A call that reaches its deadline returns what there is, and the completion goes on.

use serde_json::{Value, json};

use super::{DEADLINE, SO_FAR, WHOLE, chat, id_of, progress_with, reply, start, state, watched};
use crate::support::fake_ollama::Answer;
use crate::support::mcp_client::tool_error;

#[tokio::test]
async fn call_returns_text_at_deadline_and_rest_is_fetched() {
    let (fake, gate, mut session) = start(&[("OLLAMA_MCP_CALL_DEADLINE", DEADLINE)]).await;
    let result = session.call("chat_completion", chat("slow")).await;
    assert_eq!(state(&result), ("in_progress", SO_FAR));
    let structured = &result["structuredContent"];
    assert!(structured["choices"][0]["finish_reason"].is_null(), "{structured}");
    let id = id_of(&result);
    // Some hosts give the model the structure alone.
    let next_step = structured["next_step"].as_str().unwrap();
    assert!(next_step.contains("get_completion") && next_step.contains(&id), "{next_step}");
    assert_eq!(structured["location"], "local", "{structured}");
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("get_completion") && text.contains(&id) && text.ends_with(SO_FAR), "{text}");

    // Waits for as long again by default; with 0 it looks once.
    let again = session.call("get_completion", json!({ "completion_id": id })).await;
    assert_eq!(state(&again), ("in_progress", SO_FAR));
    let once = session.call("get_completion", json!({ "completion_id": id, "wait_seconds": 0 })).await;
    assert_eq!(state(&once), ("in_progress", SO_FAR));

    gate.open();
    let rest = json!({ "completion_id": id, "wait_seconds": 30 });
    for _ in 0..2 {
        let ended = session.call("get_completion", rest.clone()).await;
        assert_eq!(state(&ended), ("completed", WHOLE));
        assert_eq!(ended["structuredContent"]["choices"][0]["finish_reason"], "stop");
        assert_eq!(id_of(&ended), id);
        let structured = &ended["structuredContent"];
        assert!(
            structured.get("next_step").is_none() && structured.get("completion_id").is_none(),
            "{ended}"
        );
    }
    let looked = session.call("get_completion", json!({ "completion_id": id, "wait_seconds": 0 })).await;
    assert_eq!(state(&looked), ("completed", WHOLE));
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

#[tokio::test]
async fn call_that_ends_before_deadline_is_unaffected() {
    let (_fake, gate, mut session) = start(&[("OLLAMA_MCP_CALL_DEADLINE", "30s")]).await;
    gate.open();
    assert_eq!(state(&session.call("chat_completion", chat("quick")).await), ("completed", WHOLE));
}

#[tokio::test]
async fn failure_after_deadline_has_partial_text() {
    let (fake, gate, mut session) = start(&[("OLLAMA_MCP_CALL_DEADLINE", DEADLINE)]).await;
    let cut = Answer::ndjson(&reply(&["one ", "two "])).gate_after(2, &gate).cut_after(2);
    fake.on("POST", "/api/chat", cut);
    let id = id_of(&session.call("chat_completion", chat("fails late")).await);
    gate.open();
    for _ in 0..2 {
        let ended = session.call("get_completion", json!({ "completion_id": id, "wait_seconds": 30 })).await;
        let (code, text) = tool_error(&ended);
        assert_eq!(code, "interrupted");
        assert!(text.ends_with(SO_FAR), "{text}");
        assert_eq!(ended["structuredContent"]["error"]["partial"]["content"], SO_FAR);
    }
}

#[tokio::test]
async fn deadline_while_queued_keeps_position() {
    let settings = [("OLLAMA_MCP_CALL_DEADLINE", DEADLINE), ("OLLAMA_MCP_MAX_CONCURRENT", "1")];
    let (fake, gate, mut session) = start(&settings).await;
    let first = session.request("tools/call", watched("chat_completion", chat("first"), "1")).await;
    fake.wait_for("POST", "/api/chat").await;
    let result = session.call("chat_completion", chat("waits")).await;
    assert_eq!(state(&result), ("in_progress", ""));
    assert!(result["content"][0]["text"].as_str().unwrap().contains("No text has been generated yet"));
    assert_eq!(state(&session.answer(first).await["result"]), ("in_progress", SO_FAR));
    gate.open();
    let rest = json!({ "completion_id": id_of(&result), "wait_seconds": 30 });
    let ended = session.call("get_completion", rest).await;
    assert_eq!(state(&ended), ("completed", WHOLE));
    assert!(ended["structuredContent"]["timings"]["queued_ms"].as_u64().unwrap() >= 300, "{ended}");
}

/// A deadline may come while progress is on its way, at any moment of the stream.
#[tokio::test(flavor = "multi_thread")]
async fn no_progress_is_sent_after_answer() {
    let settings = [
        ("OLLAMA_MCP_CALL_DEADLINE", "30ms"),
        ("OLLAMA_MCP_PROGRESS_INTERVAL", "0"),
        ("OLLAMA_MCP_MAX_CONCURRENT", "100"),
    ];
    let (fake, _gate, mut session) = start(&settings).await;
    // As fast as it can: at the deadline a piece is on its way more often than not.
    fake.on("POST", "/api/chat", Answer::ndjson(&reply(&["word "; 200_000])));
    let mut late = Vec::new();
    for round in 0..20 {
        let token = format!("round {round}");
        let id = session.request("tools/call", watched("chat_completion", chat("long"), &token)).await;
        let result = session.answer(id).await["result"].take();
        assert_eq!(state(&result).0, "in_progress");
        session.set_aside();
        let stopped = session.call("cancel_completion", json!({ "completion_id": id_of(&result) })).await;
        assert_eq!(state(&stopped).0, "cancelled");
        session.still_serves().await;
        late.extend(
            session.set_aside().into_iter().filter(|message| message["params"]["progressToken"] == token),
        );
    }
    assert_eq!(late, Vec::<Value>::new());
}

#[tokio::test]
async fn progress_of_get_completion_starts_at_attach() {
    let (_fake, gate, mut session) = start(&[("OLLAMA_MCP_CALL_DEADLINE", DEADLINE)]).await;
    let (result, first) = session.call_watched("chat_completion", chat("slow")).await;
    assert_eq!(deltas(&first), SO_FAR);
    let arguments = json!({ "completion_id": id_of(&result), "wait_seconds": 30 });
    let id = session.request("tools/call", watched("get_completion", arguments, "rest")).await;
    progress_with(&mut session, "rest", "answering").await;
    gate.open();
    let ended = session.answer(id).await;
    assert_eq!(state(&ended["result"]), ("completed", WHOLE));
    let rest: Vec<_> = session.set_aside().iter().map(|message| message["params"].clone()).collect();
    assert_eq!(deltas(&rest), "three");
}

/// The text that progress carried.
fn deltas(progress: &[Value]) -> String {
    progress.iter().filter_map(|params| params["_meta"]["ollama-mcp/delta"].as_str()).collect()
}
