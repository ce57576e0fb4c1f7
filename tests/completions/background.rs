//! `background: true`, its bound, and what happens to it when the server ends.

use serde_json::{Value, json};

use super::{MODEL, WHOLE, id_of, start, state, text_has_come};
use crate::support::fake_ollama::Answer;
use crate::support::mcp_client::tool_error;
use crate::support::process::Process;

fn in_background(prompt: &str) -> Value {
    json!({ "model": MODEL, "prompt": prompt, "background": true })
}

#[tokio::test]
async fn background_call_answers_immediately_and_continues() {
    let (fake, gate, mut session) = start(&[]).await;
    let (begun, progress) = session.call_watched("chat_completion", in_background("later")).await;
    assert_eq!((state(&begun).0, progress.len()), ("in_progress", 0));
    assert_eq!(begun["structuredContent"]["model"], MODEL);
    gate.reached(1).await;
    let id = id_of(&begun);
    text_has_come(&mut session).await;
    gate.open();
    let ended = session.call("get_completion", json!({})).await;
    assert_eq!((state(&ended), id_of(&ended)), (("completed", WHOLE), id));
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

#[tokio::test]
async fn background_failure_is_returned_by_get_completion() {
    let (fake, _gate, mut session) = start(&[]).await;
    fake.on("POST", "/api/chat", Answer::json(500, json!({ "error": "it broke" })));
    let id = id_of(&session.call("chat_completion", in_background("fails")).await);
    let ended = session.call("get_completion", json!({ "completion_id": id })).await;
    let (code, text) = tool_error(&ended);
    assert_eq!(code, "upstream_error");
    assert!(text.contains("it broke"), "{text}");
    // What is wrong with the arguments is told at once.
    let arguments = json!({ "model": MODEL, "prompt": "x", "temperature": 3, "background": true });
    assert_eq!(tool_error(&session.call("chat_completion", arguments).await).0, "invalid_argument");
}

#[tokio::test]
async fn background_completions_are_bounded() {
    let (fake, gate, mut session) = start(&[]).await;
    let mut ids = Vec::new();
    for n in 0..32 {
        ids.push(id_of(&session.call("chat_completion", in_background(&format!("{n}"))).await));
    }
    let refused = session.call("chat_completion", in_background("one too many")).await;
    let (code, text) = tool_error(&refused);
    assert_eq!(code, "overloaded");
    assert!(text.contains("32") && text.contains("cancel_completion"), "{text}");
    // One that waits for its turn was never sent; its place is free at once.
    let stopped = session.call("cancel_completion", json!({ "completion_id": ids[31] })).await;
    assert_eq!(state(&stopped), ("cancelled", ""));
    ids[31] = id_of(&session.call("chat_completion", in_background("in its place")).await);
    gate.open();
    for id in &ids {
        let ended = session.call("get_completion", json!({ "completion_id": id, "wait_seconds": 30 })).await;
        assert_eq!(state(&ended), ("completed", WHOLE));
    }
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 32);
    assert!(fake.peak_in_flight() <= 4, "{} at once", fake.peak_in_flight());
}

#[tokio::test]
async fn shutdown_stops_background_completions() {
    for signal in [None, Some("TERM")] {
        let (fake, gate, _) = start(&[]).await;
        let mut host = Process::start(&fake, &["--max-concurrent=8"]);
        for n in 0..5 {
            let params = json!({ "name": "chat_completion", "arguments": in_background(&format!("{n}")) });
            assert_eq!(state(&host.ask("tools/call", params).await["result"]).0, "in_progress");
        }
        gate.reached(5).await;
        let ended = match signal {
            // Nobody can ask for them any more.
            None => host.finish().await,
            Some(signal) => {
                host.signal(signal);
                host.ended().await
            }
        };
        assert_eq!((ended.code, ended.messages.len()), (Some(0), 0), "{}", ended.stderr);
        println!("{signal:?}: the process ended after {:?}", ended.took);
        assert!(ended.took.as_secs() < 2, "{:?}", ended.took);
        for request in fake.requests_to("POST", "/api/chat") {
            fake.closed(request.index).await;
        }
    }
}
