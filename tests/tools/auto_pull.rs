//! `OLLAMA_MCP_AUTO_PULL`: a model that a call names and that is not installed is pulled first.

use serde_json::{Value, json};

use super::{start, text};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::{Session, tool_error};

const AUTO: [(&str, &str); 2] = [("OLLAMA_MCP_AUTO_PULL", "true"), ("OLLAMA_MCP_PROGRESS_INTERVAL", "0")];

/// A server whose Ollama lacks the model until the pull has come to its end.
async fn start_without_model(settings: &[(&str, &str)]) -> (FakeOllama, Session) {
    let (fake, session) = start(settings).await;
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_missing_model_stream"));
    fake.replay("pull_success_stream");
    (fake, session)
}

fn chat() -> Value {
    json!({ "model": "smollm2:135m", "prompt": "Name three colours." })
}

fn pulls(fake: &FakeOllama) -> usize {
    fake.requests_to("POST", "/api/pull").len()
}

#[tokio::test]
async fn without_auto_pull_error_suggests_pull_model() {
    let (fake, mut session) = start_without_model(&[]).await;
    let result = session.call("chat_completion", chat()).await;
    let (code, said) = tool_error(&result);
    assert_eq!((code, pulls(&fake)), ("model_not_found", 0));
    assert!(said.contains("pull_model"), "{said}");
}

#[tokio::test]
async fn missing_model_is_pulled_and_answers_with_progress() {
    let (fake, mut session) = start_without_model(&AUTO).await;
    let gate = Gate::new();
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").gate_after(3, &gate));
    let params = json!({ "name": "chat_completion", "arguments": chat(), "_meta": { "progressToken": "t" } });
    let id = session.request("tools/call", params).await;
    let mut seen = Vec::new();
    while !seen.last().is_some_and(|params: &Value| params["message"] == "pulling smollm2:135m, 91% of 98 MB")
    {
        seen.push(session.next().await["params"].clone());
    }
    let at = seen.last().unwrap();
    assert_eq!((&at["progress"], &at["total"]), (&json!(89_831_180.0), &json!(98_362_432.0)));
    assert_eq!(at["_meta"]["ollama-mcp/channel"], "status");
    gate.open();
    let result = session.answer(id).await["result"].take();
    seen.extend(session.set_aside().iter().map(|message| message["params"].clone()));
    let progress: Vec<_> = seen.iter().map(|params| params["progress"].as_f64().unwrap()).collect();
    assert!(progress.is_sorted_by(|a, b| a < b), "{progress:?}");
    let deltas: String =
        seen.iter().filter_map(|params| params["_meta"]["ollama-mcp/delta"].as_str()).collect();
    assert_eq!(deltas, text(&result));
    let of_reply = seen.iter().filter(|params| params["_meta"]["ollama-mcp/channel"] == "content");
    assert!(of_reply.clone().count() > 0 && of_reply.clone().all(|params| params.get("total").is_none()));
    assert_eq!((pulls(&fake), fake.requests_to("POST", "/api/chat").len()), (1, 2));
}

#[tokio::test]
async fn tools_that_may_pull_are_not_read_only() {
    for (settings, read_only) in [(&AUTO[..], false), (&[], true)] {
        let (_fake, mut session) = start(settings).await;
        let listed = session.ask("tools/list", json!({})).await;
        let tools = listed["result"]["tools"].as_array().unwrap();
        let hint = |name: &str| {
            tools.iter().find(|tool| tool["name"] == name).unwrap()["annotations"]["readOnlyHint"].clone()
        };
        for name in ["chat_completion", "generate", "batch_completion", "compare_models", "embed", "rank"] {
            assert_eq!(hint(name), read_only, "{name}");
        }
        assert_eq!(hint("list_models"), true);
    }
}

#[tokio::test]
async fn concurrent_calls_share_pull_until_last_is_cancelled() {
    let (fake, mut session) = start(&AUTO).await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_missing_model_stream"));
    let gate = Gate::new();
    let step =
        |done: u64| json!({ "status": "pulling a", "digest": "sha256:a", "total": 100, "completed": done });
    fake.on("POST", "/api/pull", Answer::ndjson(&[step(91), step(95)]).gate_after(1, &gate).stall_after(2));
    let call = json!({ "name": "chat_completion", "arguments": chat(), "_meta": { "progressToken": "t" } });
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(session.request("tools/call", call.clone()).await);
    }
    for _ in 0..3 {
        pulled(&mut session, 91).await;
    }
    assert_eq!(pulls(&fake), 1);
    let pull = fake.requests_to("POST", "/api/pull")[0].index;
    session.cancel(ids[0]).await;
    session.cancel(ids[1]).await;
    session.still_serves().await;
    gate.open();
    // The pull continues for the one that still waits.
    pulled(&mut session, 95).await;
    session.cancel(ids[2]).await;
    fake.closed(pull).await;
}

/// Waits until a call reports this part of a pull.
async fn pulled(session: &mut Session, percent: u64) {
    let text = format!("pulling smollm2:135m, {percent}%");
    while !session.next().await["params"]["message"].as_str().unwrap_or_default().starts_with(&text) {}
}

#[tokio::test]
async fn pull_holds_no_slot() {
    let (fake, mut session) = start_without_model(&[AUTO[0], ("OLLAMA_MCP_MAX_CONCURRENT", "1")]).await;
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").stall_after(3));
    let call = json!({ "name": "chat_completion", "arguments": chat() });
    session.request("tools/call", call).await;
    fake.wait_for("POST", "/api/pull").await;
    let other = session.call("chat_completion", json!({ "model": super::MODEL, "prompt": "x" })).await;
    assert_eq!(other["structuredContent"]["status"], "completed");
}

#[tokio::test]
async fn unknown_model_and_cloud_model_are_not_pulled() {
    let (fake, mut session) = start(&AUTO).await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_missing_model_stream"));
    fake.replay("pull_unknown_model_stream");
    let result = session.call("chat_completion", json!({ "model": "smolm2", "prompt": "x" })).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "model_not_found");
    assert!(said.contains("No registry has a model \"smolm2\"") && said.contains("smollm2:135m"), "{said}");
    assert_eq!(pulls(&fake), 1);
    let result =
        session.call("chat_completion", json!({ "model": "gpt-oss:120b-cloud", "prompt": "x" })).await;
    assert_eq!((tool_error(&result).0, pulls(&fake)), ("model_not_found", 1));
}

#[tokio::test]
async fn pull_continues_beyond_deadline() {
    let (fake, mut session) = start_without_model(&[AUTO[0], ("OLLAMA_MCP_CALL_DEADLINE", "1s")]).await;
    let gate = Gate::new();
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").gate_after(3, &gate));
    let begun = session.call("chat_completion", chat()).await;
    assert_eq!(begun["structuredContent"]["status"], "in_progress");
    gate.open();
    let id = &begun["structuredContent"]["completion_id"];
    let ended = session.call("get_completion", json!({ "completion_id": id, "wait_seconds": 20 })).await;
    assert_eq!(ended["structuredContent"]["status"], "completed", "{ended}");
}

#[tokio::test]
async fn comparison_and_batch_pull_missing_models() {
    let (fake, mut session) = start_without_model(&AUTO).await;
    let arguments = json!({ "models": ["smollm2:135m", super::MODEL], "prompt": "x" });
    let (result, progress) = session.call_watched("compare_models", arguments).await;
    assert_eq!(
        (result["structuredContent"]["status"].as_str(), pulls(&fake)),
        (Some("completed"), 1),
        "{result}"
    );
    assert!(!progress.is_empty());
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_missing_model_stream"));
    let arguments = json!({ "model": "smollm2:135m", "instruction": "x", "inputs": ["a", "b"] });
    let result = session.call("batch_completion", arguments).await;
    assert_eq!(
        (result["structuredContent"]["status"].as_str(), pulls(&fake)),
        (Some("completed"), 2),
        "{result}"
    );
}

#[tokio::test]
async fn embeddings_pull_until_deadline() {
    let (fake, mut session) = start(&[AUTO[0], ("OLLAMA_MCP_CALL_DEADLINE", "1s")]).await;
    fake.replay("pull_success_stream");
    fake.on("POST", "/api/embed", Answer::recorded("embed_model_ok"));
    fake.on_next("POST", "/api/embed", Answer::recorded("embed_missing_model"));
    let arguments = json!({ "model": "smollm2:135m", "input": "x" });
    let result = session.call("embed", arguments.clone()).await;
    text(&result);
    assert_eq!(pulls(&fake), 1);
    fake.on_next("POST", "/api/embed", Answer::recorded("embed_missing_model"));
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").stall_after(3));
    let result = session.call("embed", arguments).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "timeout");
    assert!(said.contains("91% of 98 MB") && said.contains("pull_model"), "{said}");
    fake.closed(fake.requests_to("POST", "/api/pull")[1].index).await;
}

#[tokio::test]
async fn batch_shares_one_pull_and_reports_it_beyond_deadline() {
    let (fake, mut session) =
        start_without_model(&[AUTO[0], AUTO[1], ("OLLAMA_MCP_CALL_DEADLINE", "2s")]).await;
    for _ in 0..3 {
        fake.on_next("POST", "/api/chat", Answer::recorded("chat_missing_model_stream"));
    }
    let gate = Gate::new();
    fake.on("POST", "/api/pull", Answer::recorded("pull_success_stream").gate_after(3, &gate));
    let inputs = ["a", "b", "c", "d"];
    let arguments = json!({ "model": "smollm2:135m", "instruction": "x", "inputs": inputs });
    let (begun, first) = session.call_watched("batch_completion", arguments).await;
    assert_eq!(begun["structuredContent"]["status"], "in_progress");
    assert!(text(&begun).contains("pulling smollm2:135m, 91% of 98 MB"), "{}", text(&begun));
    gate.open();
    let (ended, rest) = session.call_watched("get_completion", json!({ "wait_seconds": 20 })).await;
    assert_eq!((&ended["structuredContent"]["done"], pulls(&fake)), (&json!(4), 1), "{ended}");
    assert_eq!(ended["structuredContent"]["failed"], 0, "{ended}");
    for progress in [first, rest] {
        let steps: Vec<_> = progress.iter().map(|one| one["progress"].as_f64().unwrap()).collect();
        assert!(!steps.is_empty() && steps.is_sorted_by(|a, b| a < b), "{steps:?}");
    }
}
