//! What destroys is confirmed first: by the person where the host can ask, else by `confirm`.

use serde_json::{Value, json};

use super::{MODEL, start, text};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{BY_HAND, MODERN, Session, modern_meta, tool_error};
use crate::support::schema::assert_valid_message;

fn deleted(fake: &FakeOllama) -> usize {
    fake.requests_to("DELETE", "/api/delete").len()
}

/// A server whose client can ask the person.
async fn who_can_ask(settings: &[(&str, &str)]) -> (FakeOllama, Session) {
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

fn delete(model: &str) -> Value {
    json!({ "name": "delete_model", "arguments": { "model": model } })
}

#[tokio::test]
async fn without_a_word_nothing_is_deleted() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("delete");
    for arguments in [json!({ "model": MODEL }), json!({ "model": MODEL, "confirm": false })] {
        let result = session.call("delete_model", arguments).await;
        let (code, said) = tool_error(&result);
        assert_eq!(code, "not_confirmed");
        assert!(said.contains(MODEL) && said.contains("confirm: true"), "{said}");
    }
    assert_eq!(deleted(&fake), 0);
    let result = session.call("delete_model", json!({ "model": MODEL, "confirm": true })).await;
    assert_eq!(text(&result), "gemma3:270m is deleted.");
    assert_eq!(fake.requests_to("DELETE", "/api/delete")[0].json()["model"], MODEL);
}

#[tokio::test]
async fn nobody_is_asked_about_a_model_that_is_not_there() {
    let (fake, mut session) = who_can_ask(&[]).await;
    let result = session.call("delete_model", json!({ "model": "gema3:270m" })).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "model_not_found");
    assert!(said.contains(MODEL), "the nearest is named: {said}");
    assert_eq!((deleted(&fake), session.set_aside().len()), (0, 0));
}

#[tokio::test]
async fn the_person_decides() {
    let cases = [
        (json!({ "action": "accept", "content": { "confirm": true } }), None),
        (json!({ "action": "accept", "content": { "confirm": false } }), Some("declined")),
        (json!({ "action": "decline" }), Some("declined")),
        (json!({ "action": "cancel" }), Some("dismissed")),
    ];
    for (answer, refusal) in cases {
        let (fake, mut session) = who_can_ask(&[]).await;
        // The model's own word does not count where the person can be asked.
        let mut params = delete(MODEL);
        params["arguments"]["confirm"] = json!(true);
        let id = session.request("tools/call", params).await;
        let question = session.next().await;
        assert_valid_message(BY_HAND, None, &question);
        assert_eq!(question["method"], "elicitation/create", "{question}");
        let asked = question["params"]["message"].as_str().unwrap();
        assert!(asked.contains(MODEL) && asked.contains("MB"), "name and size: {asked}");
        assert_eq!(deleted(&fake), 0, "not before the answer");
        session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": answer })).await;
        let result = session.answer(id).await["result"].take();
        match refusal {
            None => assert_eq!(text(&result), "gemma3:270m is deleted."),
            Some(refusal) => {
                let (code, said) = tool_error(&result);
                assert_eq!(code, "not_confirmed");
                assert!(said.contains(refusal), "{said}");
            }
        }
        assert_eq!(deleted(&fake), usize::from(refusal.is_none()), "{answer}");
    }
}

#[tokio::test]
async fn a_client_that_fails_to_ask_confirms_nothing() {
    let (fake, mut session) = who_can_ask(&[]).await;
    let id = session.request("tools/call", delete(MODEL)).await;
    let question = session.next().await;
    let error = json!({ "code": -32603, "message": "no window" });
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "error": error })).await;
    let result = session.answer(id).await["result"].take();
    assert_eq!(tool_error(&result).0, "not_confirmed");
    assert_eq!(deleted(&fake), 0);
}

#[tokio::test]
async fn a_connection_that_ends_confirms_nothing() {
    let (fake, mut session) = who_can_ask(&[]).await;
    let id = session.request("tools/call", delete(MODEL)).await;
    assert_eq!(session.next().await["method"], "elicitation/create");
    let rest = session.finish().await;
    let answer = rest.iter().find(|message| message["id"] == id).expect("the call is answered");
    assert_eq!(tool_error(&answer["result"]).0, "not_confirmed");
    assert_eq!(deleted(&fake), 0);
}

#[tokio::test]
async fn the_person_alone_where_the_settings_say_so() {
    let (fake, mut session) = start(&[("OLLAMA_MCP_CONFIRM", "elicit")]).await;
    let result = session.call("delete_model", json!({ "model": MODEL, "confirm": true })).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "not_confirmed");
    assert!(said.contains("OLLAMA_MCP_CONFIRM"), "{said}");
    assert_eq!(deleted(&fake), 0);
}

/// Params of the stateless revision, from a client that can ask.
fn stateless(model: &str, more: Value) -> Value {
    let mut params = delete(model);
    params["_meta"] = modern_meta();
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({ "elicitation": { "form": {} } });
    for (key, value) in more.as_object().unwrap() {
        params[key] = value.clone();
    }
    params
}

/// The params that hand an answer back.
fn answered(model: &str, action: &str, state: &str) -> Value {
    let answer = json!({ "action": action, "content": { "confirm": true } });
    stateless(model, json!({ "inputResponses": { "confirm": answer }, "requestState": state }))
}

#[tokio::test]
async fn the_stateless_revision_asks_by_its_answer() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("delete");
    let asked = session.result(MODERN, "tools/call", stateless(MODEL, json!({}))).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let question = &asked["inputRequests"]["confirm"];
    assert_eq!(question["method"], "elicitation/create", "{asked}");
    assert!(question["params"]["message"].as_str().unwrap().contains(MODEL));
    let state = asked["requestState"].as_str().unwrap();
    assert_eq!(deleted(&fake), 0);

    let mut tampered = state.to_owned().into_bytes();
    let middle = tampered.len() / 2;
    tampered[middle] = if tampered[middle] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    let refused = [
        answered(MODEL, "accept", &tampered),
        answered(MODEL, "accept", "made up"),
        // An answer about one model is none about another.
        answered("smollm2:135m", "accept", state),
        answered(MODEL, "decline", state),
    ];
    for params in refused {
        let result = session.result(MODERN, "tools/call", params.clone()).await;
        assert_eq!(tool_error(&result).0, "not_confirmed", "{params}");
        assert_eq!(deleted(&fake), 0, "{params}");
    }

    let done = session.result(MODERN, "tools/call", answered(MODEL, "accept", state)).await;
    assert_eq!((text(&done), deleted(&fake)), ("gemma3:270m is deleted.", 1));
}

#[tokio::test]
async fn what_is_done_is_what_was_asked() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("push_success_stream");
    let params = |name: &str, arguments: Value, state: Option<&str>| {
        let more = match state {
            None => json!({}),
            Some(state) => json!({
                "inputResponses": { "confirm": { "action": "accept", "content": { "confirm": true } } }, "requestState": state,
            }),
        };
        let mut params = stateless(MODEL, more);
        params["name"] = json!(name);
        params["arguments"] = arguments;
        params
    };
    let cases = [
        (
            "copy_model",
            json!({ "source": "smollm2:135m", "destination": MODEL }),
            json!({ "source": "qwen2.5-tools:0.5b", "destination": MODEL }),
            "/api/copy",
        ),
        (
            "push_model",
            json!({ "model": "me/mine" }),
            json!({ "model": "me/mine", "insecure": true }),
            "/api/push",
        ),
    ];
    for (tool, asked, other, path) in cases {
        let first = session.result(MODERN, "tools/call", params(tool, asked, None)).await;
        let state = first["requestState"].as_str().unwrap();
        let result = session.result(MODERN, "tools/call", params(tool, other.clone(), Some(state))).await;
        assert_eq!(tool_error(&result).0, "not_confirmed", "{tool}: {result}");
        assert!(fake.requests_to("POST", path).is_empty(), "{tool}");
        let again = session.result(MODERN, "tools/call", params(tool, other, None)).await;
        let (before, after) = (&first["inputRequests"]["confirm"], &again["inputRequests"]["confirm"]);
        assert_ne!(before["params"]["message"], after["params"]["message"], "the person is told: {tool}");
    }
}

#[tokio::test]
async fn an_answer_to_another_process_is_not_believed() {
    let (_fake, mut first) = start(&[]).await;
    let asked = first.result(MODERN, "tools/call", stateless(MODEL, json!({}))).await;
    let state = asked["requestState"].as_str().unwrap();
    let (fake, mut second) = start(&[]).await;
    fake.replay("delete");
    let result = second.result(MODERN, "tools/call", answered(MODEL, "accept", state)).await;
    assert_eq!((tool_error(&result).0, deleted(&fake)), ("not_confirmed", 0));
}
