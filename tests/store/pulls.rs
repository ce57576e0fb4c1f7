//! Turns whose model has to be pulled first.

use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{echoing, stored, turn};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate, Request};
use crate::support::mcp_client::{Session, tool_error};

const MISSING: &str = "smollm2:135m";

/// A fake that lacks [`MISSING`] until it was pulled, and a server that may pull it.
async fn start_without_model(pull: Answer, more: &[(&str, &str)]) -> (FakeOllama, TempDir, Session) {
    let (fake, data) = (echoing().await, TempDir::new().unwrap());
    fake.on("POST", "/api/pull", pull);
    let not_found = || Answer::json(404, json!({ "error": format!("model '{MISSING}' not found") }));
    fake.on_next("POST", "/api/show", not_found());
    let context = json!({ "capabilities": ["completion"], "parameters": "num_ctx 1400", "details": {} });
    fake.on("POST", "/api/show", Answer::json(200, context));
    let path = data.path().join("data");
    let url = fake.url();
    let mut settings = vec![
        ("OLLAMA_HOST", url.as_str()),
        ("OLLAMA_MCP_DATA_DIR", path.to_str().unwrap()),
        ("OLLAMA_MCP_AUTO_PULL", "true"),
    ];
    settings.extend_from_slice(more);
    let session = Session::with(&settings);
    (fake, data, session)
}

/// Makes a conversation that a context of 1400 tokens does not hold.
async fn long_conversation(session: &mut Session) -> Vec<String> {
    for number in 0..3 {
        let mut said = turn("a", &format!("{number} {}", "word ".repeat(200)));
        said["num_ctx"] = json!(100_000);
        session.call("converse", said).await;
    }
    stored(session, "a").await
}

fn turn_with_missing_model() -> Value {
    json!({ "conversation_id": "a", "prompt": format!("and {}", "word ".repeat(200)), "model": MISSING })
}

fn chats(fake: &FakeOllama) -> Vec<Arc<Request>> {
    fake.requests_to("POST", "/api/chat")
}

#[tokio::test]
async fn context_of_pulled_model_is_used() {
    let gate = Gate::new();
    let pull = Answer::recorded("pull_success_stream").gate_after(3, &gate);
    let (fake, _data, mut session) = start_without_model(pull, &[("OLLAMA_MCP_CALL_DEADLINE", "2s")]).await;
    let before = long_conversation(&mut session).await;
    let begun = session.call("converse", turn_with_missing_model()).await;
    let structured = &begun["structuredContent"];
    assert_eq!(
        (structured["status"].as_str(), structured["model"].as_str()),
        (Some("in_progress"), Some(MISSING))
    );
    let said = begun["content"][0]["text"].as_str().unwrap();
    assert!(said.contains("pulling smollm2:135m, 91% of 98 MB"), "{said}");
    assert_eq!(stored(&mut session, "a").await, before);
    gate.open();
    let (ended, progress) = session.call_watched("get_completion", json!({ "wait_seconds": 20 })).await;
    assert_eq!(ended["structuredContent"]["status"], "completed", "{ended}");
    let warnings = ended["structuredContent"]["warnings"].to_string();
    assert!(warnings.contains("left out") && warnings.contains("1400 tokens"), "{ended}");
    let steps: Vec<_> = progress.iter().map(|one| one["progress"].as_f64().unwrap()).collect();
    assert!(steps.is_sorted_by(|a, b| a < b), "{steps:?}");
    assert_eq!((fake.requests_to("POST", "/api/pull").len(), chats(&fake).len()), (1, 4));
    assert!(chats(&fake)[3].json()["messages"].as_array().unwrap().len() < 7, "the oldest were left out");
    assert_eq!(stored(&mut session, "a").await.len(), before.len() + 2);
}

#[tokio::test]
async fn failed_pull_leaves_conversation_unchanged() {
    let pull = Answer::recorded("pull_unknown_model_stream");
    let (fake, _data, mut session) = start_without_model(pull, &[]).await;
    let before = long_conversation(&mut session).await;
    let result = session.call("converse", turn_with_missing_model()).await;
    assert_eq!(tool_error(&result).0, "model_not_found");
    assert_eq!((stored(&mut session, "a").await, chats(&fake).len()), (before, 3));
    let again = session.call("converse", turn("a", "again")).await;
    assert_eq!(again["content"][0]["text"], "re: again");
}

#[tokio::test]
async fn cancelling_stops_pull_and_releases_conversation() {
    let (fake, _data, mut session) =
        start_without_model(Answer::recorded("pull_success_stream").stall_after(3), &[]).await;
    let before = long_conversation(&mut session).await;
    let params = json!({ "name": "converse", "arguments": turn_with_missing_model() });
    let id = session.request("tools/call", params).await;
    let pull = fake.wait_for("POST", "/api/pull").await;
    session.cancel(id).await;
    fake.closed(pull.index).await;
    assert_eq!(stored(&mut session, "a").await, before);
    session.call("converse", turn("a", "again")).await;
    assert_eq!(stored(&mut session, "a").await.len(), before.len() + 2);
}
