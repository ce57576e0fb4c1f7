//! What destroys is confirmed first: by the user where the host can ask, else by `confirm`.

use serde_json::{Value, json};

use super::{MODEL, start, text};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{BY_HAND, Session, tool_error};
use crate::support::schema::assert_valid_message;

pub(super) fn deleted(fake: &FakeOllama) -> usize {
    fake.requests_to("DELETE", "/api/delete").len()
}

/// A server whose client can ask the user.
pub(super) async fn start_with_elicitation(settings: &[(&str, &str)]) -> (FakeOllama, Session) {
    let (fake, mut session) = start(settings).await;
    fake.replay("delete");
    let params = json!({
        "protocolVersion": BY_HAND, "capabilities": { "elicitation": {} },
        "clientInfo": { "name": "tests", "version": "1" },
    });
    session.result(BY_HAND, "initialize", params).await;
    session.notify("notifications/initialized", json!({})).await;
    (fake, session)
}

pub(super) fn delete(model: &str) -> Value {
    json!({ "name": "delete_model", "arguments": { "model": model } })
}

#[tokio::test]
async fn without_confirmation_nothing_is_deleted() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("delete");
    let mut errors = Vec::new();
    for arguments in [json!({ "model": MODEL }), json!({ "model": MODEL, "confirm": false })] {
        let result = session.call("delete_model", arguments).await;
        let (code, said) = tool_error(&result);
        assert_eq!(code, "not_confirmed");
        errors.push(said.to_owned());
    }
    errors.dedup();
    insta::assert_snapshot!(errors.join("\n"), @r#"delete_model of "gemma3:270m" was not done: it was not confirmed. Ask the user: "Delete the model gemma3:270m (253 MB) from this Ollama?" If the answer is yes, call again with confirm: true."#);
    assert_eq!(deleted(&fake), 0);
    let result = session.call("delete_model", json!({ "model": MODEL, "confirm": true })).await;
    assert_eq!(text(&result), "gemma3:270m is deleted.");
    assert_eq!(fake.requests_to("DELETE", "/api/delete")[0].json()["model"], MODEL);
}

#[tokio::test]
async fn missing_model_is_refused_before_confirmation() {
    let (fake, mut session) = start_with_elicitation(&[]).await;
    let result = session.call("delete_model", json!({ "model": "gema3:270m" })).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "model_not_found");
    assert!(said.contains(MODEL), "the nearest is named: {said}");
    assert_eq!((deleted(&fake), session.set_aside().len()), (0, 0));
}

/// Accepted forms whose content is no valid choice, or the choice to keep.
pub(super) fn answers_without_consent() -> Vec<Value> {
    let accepted = |content: Value| json!({ "action": "accept", "content": content });
    let contents = [
        json!({}),
        json!({ "confirm": null }),
        json!({ "confirm": "" }),
        json!({ "confirm": "no" }),
        json!({ "confirm": "yes" }),
        json!({ "confirm": "delete " }),
        json!({ "confirm": "Keep" }),
        json!({ "confirm": "Overwrite" }),
        json!({ "confirm": false }),
        json!({ "confirm": true }),
        json!({ "confirm": 1 }),
        json!({ "confirm": ["Delete"] }),
        json!({ "confirm": { "Delete": true } }),
        json!({ "choice": "Delete" }),
        json!("Delete"),
        json!(["Delete"]),
        Value::Null,
    ];
    let mut answers: Vec<_> = contents.into_iter().map(accepted).collect();
    answers.push(json!({ "action": "accept" }));
    for action in ["decline", "cancel", "yes"] {
        answers.push(json!({ "action": action, "content": { "confirm": "Delete" } }));
    }
    answers.extend([json!({}), json!({ "content": { "confirm": "Delete" } })]);
    answers
}

#[tokio::test]
async fn only_the_choice_to_delete_deletes() {
    let yes = json!({ "action": "accept", "content": { "confirm": "Delete" } });
    let (fake, mut session) = start_with_elicitation(&[]).await;
    for answer in answers_without_consent().into_iter().chain([yes.clone()]) {
        // The model's own word does not count where the user can be asked.
        let mut params = delete(MODEL);
        params["arguments"]["confirm"] = json!(true);
        let id = session.request("tools/call", params).await;
        let question = session.next().await;
        for revision in ["2025-06-18", BY_HAND] {
            assert_valid_message(revision, None, &question);
        }
        assert_eq!(question["method"], "elicitation/create", "{question}");
        let asked = question["params"]["message"].as_str().unwrap();
        assert!(asked.contains(MODEL) && asked.contains("MB"), "name and size: {asked}");
        let schema = &question["params"]["requestedSchema"];
        assert_eq!(schema["properties"]["confirm"]["enum"], json!(["Keep", "Delete"]), "{schema}");
        assert_eq!(schema["required"], json!(["confirm"]), "{schema}");
        assert_eq!(deleted(&fake), 0, "not before the answer");
        session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer })).await;
        let result = session.answer(id).await["result"].take();
        if answer == yes {
            assert_eq!((text(&result), deleted(&fake)), ("gemma3:270m is deleted.", 1));
        } else {
            assert_eq!((tool_error(&result).0, deleted(&fake)), ("not_confirmed", 0), "{answer}: {result}");
        }
    }
}

#[tokio::test]
async fn error_quotes_unexpected_choice() {
    let cases = [
        (json!({ "action": "accept", "content": { "confirm": "Keep" } }), "the user chose \"Keep\""),
        (json!({ "action": "accept" }), "without a valid choice (confirm must be \"Delete\" or \"Keep\")"),
        (json!({ "action": "decline" }), "the user declined"),
        (json!({ "action": "cancel" }), "the user dismissed the question"),
    ];
    let (_fake, mut session) = start_with_elicitation(&[]).await;
    for (answer, part) in cases {
        let id = session.request("tools/call", delete(MODEL)).await;
        let question = session.next().await;
        session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer })).await;
        let result = session.answer(id).await["result"].take();
        let (code, said) = tool_error(&result);
        assert!(code == "not_confirmed" && said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn failed_elicitation_confirms_nothing() {
    let (fake, mut session) = start_with_elicitation(&[]).await;
    let id = session.request("tools/call", delete(MODEL)).await;
    let question = session.next().await;
    let error = json!({ "code": -32603, "message": "no window" });
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "error": error })).await;
    let result = session.answer(id).await["result"].take();
    assert_eq!(tool_error(&result).0, "not_confirmed");
    assert_eq!(deleted(&fake), 0);
}

#[tokio::test]
async fn ended_connection_confirms_nothing() {
    let (fake, mut session) = start_with_elicitation(&[]).await;
    let id = session.request("tools/call", delete(MODEL)).await;
    assert_eq!(session.next().await["method"], "elicitation/create");
    let rest = session.finish().await;
    let answer = rest.iter().find(|message| message["id"] == id).expect("the call is answered");
    assert_eq!(tool_error(&answer["result"]).0, "not_confirmed");
    assert_eq!(deleted(&fake), 0);
}

#[tokio::test]
async fn with_elicit_only_user_can_confirm() {
    let (fake, mut session) = start(&[("OLLAMA_MCP_CONFIRM", "elicit")]).await;
    let result = session.call("delete_model", json!({ "model": MODEL, "confirm": true })).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "not_confirmed");
    assert!(said.contains("OLLAMA_MCP_CONFIRM"), "{said}");
    assert_eq!(deleted(&fake), 0);
}
