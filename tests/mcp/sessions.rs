//! Two sessions over one server, side by side: neither notices the other.

use mcp::McpServer;
use serde_json::{Value, json};

use super::MODEL;
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::{BY_HAND, Session, modern_meta, server};

const CONVERSATION: &str = "ollama://conversations/a";
const OTHER_MODEL: &str = "gemma3:270m";

/// A server whose Ollama answers chats and deletes models.
async fn one_server() -> (FakeOllama, tempfile::TempDir, McpServer) {
    let (fake, data) = (FakeOllama::start().await.with_defaults(), tempfile::tempdir().unwrap());
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    fake.replay("delete");
    let directory = data.path().to_str().unwrap();
    let server = server(&[("OLLAMA_HOST", &fake.url()), ("OLLAMA_MCP_DATA_DIR", directory)]);
    (fake, data, server)
}

/// A session whose client can ask the user.
async fn session(server: &McpServer) -> Session {
    let mut session = Session::over(server.clone());
    let params = json!({
        "protocolVersion": BY_HAND, "capabilities": { "elicitation": {} },
        "clientInfo": { "name": "tests", "version": "1" },
    });
    session.result(BY_HAND, "initialize", params).await;
    session.notify("notifications/initialized", json!({})).await;
    session
}

fn turn() -> Value {
    json!({ "conversation_id": "a", "prompt": "x", "model": MODEL })
}

/// Asks to delete a model; returns the id of the call and of the question.
async fn delete(session: &mut Session, model: &str) -> (i64, Value) {
    let params = json!({ "name": "delete_model", "arguments": { "model": model } });
    let call = session.request("tools/call", params).await;
    let question = session.next().await;
    assert_eq!(question["method"], "elicitation/create", "{question}");
    assert!(question["params"]["message"].as_str().unwrap().contains(model), "{question}");
    (call, question["id"].clone())
}

/// Answers a question; returns the answer of the call.
async fn choose(session: &mut Session, (call, question): (i64, Value), choice: &str) -> Value {
    let chosen = json!({ "action": "accept", "content": { "confirm": choice } });
    session.send(&json!({ "jsonrpc": "2.0", "id": question, "result": chosen })).await;
    session.answer(call).await["result"].take()
}

#[tokio::test]
async fn subscriptions_belong_to_one_session() {
    let (_fake, _data, server) = one_server().await;
    let (mut one, mut two) = (session(&server).await, session(&server).await);
    one.result(BY_HAND, "resources/subscribe", json!({ "uri": CONVERSATION })).await;
    two.call("converse", turn()).await;
    let updated = one.next().await;
    assert_eq!(updated["method"], "notifications/resources/updated", "{updated}");
    assert_eq!(updated["params"]["uri"], CONVERSATION);
    // Neither another session's unsubscribe nor its end removes it.
    two.result(BY_HAND, "resources/unsubscribe", json!({ "uri": CONVERSATION })).await;
    two.call("converse", turn()).await;
    assert_eq!(one.next().await["params"]["uri"], CONVERSATION);
    assert!(two.finish().await.is_empty(), "it has subscribed to nothing");
    one.call("converse", turn()).await;
    assert_eq!(one.next().await["params"]["uri"], CONVERSATION);
}

#[tokio::test]
async fn questions_are_answered_in_the_session_that_asked() {
    let (fake, _data, server) = one_server().await;
    let (mut one, mut two) = (session(&server).await, session(&server).await);
    let first = delete(&mut one, MODEL).await;
    let second = delete(&mut two, OTHER_MODEL).await;
    let kept = choose(&mut one, first, "Keep").await;
    assert_eq!(kept["structuredContent"]["error"]["code"], "not_confirmed", "{kept}");
    assert!(fake.requests_to("DELETE", "/api/delete").is_empty());
    let deleted = choose(&mut two, second, "Delete").await;
    assert_eq!(deleted["structuredContent"]["done"], true, "{deleted}");
    let requests = fake.requests_to("DELETE", "/api/delete");
    assert_eq!((requests.len(), &requests[0].json()["model"]), (1, &json!(OTHER_MODEL)));
}

#[tokio::test]
async fn end_of_one_input_leaves_the_other_session() {
    let (_fake, _data, server) = one_server().await;
    let (mut one, mut two) = (session(&server).await, session(&server).await);
    let open = delete(&mut two, OTHER_MODEL).await;
    let notifications = json!({ "resourceSubscriptions": [CONVERSATION] });
    let listen = json!({ "_meta": modern_meta(), "notifications": notifications });
    let mut listening = Vec::new();
    for session in [&mut one, &mut two] {
        listening.push(session.request("subscriptions/listen", listen.clone()).await);
        let acknowledged = session.next().await;
        assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged", "{acknowledged}");
    }
    let (call, _) = delete(&mut one, MODEL).await;
    let rest = one.finish().await;
    let answer = |id: i64| rest.iter().find(|message| message["id"] == id).unwrap();
    assert_eq!(answer(call)["result"]["isError"], true, "its question cannot be answered: {rest:?}");
    assert!(answer(listening[0]).get("result").is_some(), "its listen has ended: {rest:?}");

    let deleted = choose(&mut two, open, "Delete").await;
    assert_eq!(deleted["structuredContent"]["done"], true, "{deleted}");
    two.call("converse", turn()).await;
    let updated = two.set_aside();
    let is_update = |message: &&Value| message["params"]["uri"] == CONVERSATION;
    match updated.iter().find(is_update) {
        Some(_) => {}
        None => assert_eq!(two.next().await["params"]["uri"], CONVERSATION),
    }
}
