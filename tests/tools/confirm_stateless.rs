//! Revision 2026-07-28 asks by an input-required result: an answer holds for exactly the call that was asked about, once.

use serde_json::{Value, json};

use super::confirm::{answers_without_consent, delete, deleted};
use super::{MODEL, start, text};
use crate::support::mcp_client::{BY_HAND, MODERN, Session, modern_meta, tool_error};

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
fn answered(model: &str, answer: &Value, state: &str) -> Value {
    stateless(model, json!({ "inputResponses": { "confirm": answer }, "requestState": state }))
}

/// An accepted form.
fn chosen(choice: &str) -> Value {
    json!({ "action": "accept", "content": { "confirm": choice } })
}

/// Asks, and returns the state of the question.
async fn ask(session: &mut Session, params: Value) -> String {
    let asked = session.result(MODERN, "tools/call", params).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    asked["requestState"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn stateless_revision_asks_by_result() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("delete");
    let asked = session.result(MODERN, "tools/call", stateless(MODEL, json!({}))).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let question = &asked["inputRequests"]["confirm"];
    assert_eq!(question["method"], "elicitation/create", "{asked}");
    assert!(question["params"]["message"].as_str().unwrap().contains(MODEL));
    let choice = &question["params"]["requestedSchema"]["properties"]["confirm"];
    assert_eq!((&choice["type"], &choice["enum"]), (&json!("string"), &json!(["Keep", "Delete"])), "{asked}");
    let state = asked["requestState"].as_str().unwrap();
    assert_eq!(deleted(&fake), 0);

    let mut tampered = state.to_owned().into_bytes();
    let middle = tampered.len() / 2;
    tampered[middle] = if tampered[middle] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    let refused = [
        answered(MODEL, &chosen("Delete"), &tampered),
        answered(MODEL, &chosen("Delete"), "made up"),
        answered(MODEL, &chosen("Delete"), ""),
        // An answer about one model is none about another.
        answered("smollm2:135m", &chosen("Delete"), state),
    ];
    for params in refused {
        let result = session.result(MODERN, "tools/call", params.clone()).await;
        assert_eq!(tool_error(&result).0, "not_confirmed", "{params}");
        assert_eq!(deleted(&fake), 0, "{params}");
    }
    // What is incomplete is asked again: an answer without its state, a state without its answer.
    for more in [
        json!({ "inputResponses": { "confirm": chosen("Delete") } }),
        json!({ "requestState": state }),
        json!({ "inputResponses": {}, "requestState": state }),
        json!({ "inputResponses": { "other": chosen("Delete") }, "requestState": state }),
    ] {
        assert_ne!(ask(&mut session, stateless(MODEL, more)).await, state);
    }
    assert_eq!(deleted(&fake), 0);

    let done = session.result(MODERN, "tools/call", answered(MODEL, &chosen("Delete"), state)).await;
    assert_eq!((text(&done), deleted(&fake)), ("gemma3:270m is deleted.", 1));
}

#[tokio::test]
async fn only_the_choice_to_delete_deletes_in_the_stateless_revision() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("delete");
    for answer in answers_without_consent() {
        let state = ask(&mut session, stateless(MODEL, json!({}))).await;
        let answer = session.ask("tools/call", answered(MODEL, &answer, &state)).await;
        // A response that is none is malformed params.
        let refused = answer["error"]["code"] == -32602 || tool_error(&answer["result"]).0 == "not_confirmed";
        assert!(refused && deleted(&fake) == 0, "{answer}");
    }
}

#[tokio::test]
async fn answer_is_accepted_once() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("delete");
    let state = ask(&mut session, stateless(MODEL, json!({}))).await;
    let yes = answered(MODEL, &chosen("Delete"), &state);
    // Both at once: one of them is the first.
    let ids =
        [session.request("tools/call", yes.clone()).await, session.request("tools/call", yes.clone()).await];
    let mut done = 0;
    for id in ids {
        let result = session.answer(id).await["result"].take();
        if result["isError"] == true {
            let (code, said) = tool_error(&result);
            assert!(code == "not_confirmed" && said.contains("already used"), "{said}");
            assert!(said.contains("Call again without requestState"), "the next step: {said}");
        } else {
            done += 1;
        }
    }
    assert_eq!((done, deleted(&fake)), (1, 1));
    let result = session.result(MODERN, "tools/call", yes).await;
    assert_eq!((tool_error(&result).0, deleted(&fake)), ("not_confirmed", 1));
    // A no is an answer too.
    let state = ask(&mut session, stateless(MODEL, json!({}))).await;
    for choice in ["Keep", "Delete"] {
        let result = session.result(MODERN, "tools/call", answered(MODEL, &chosen(choice), &state)).await;
        assert_eq!((tool_error(&result).0, deleted(&fake)), ("not_confirmed", 1), "{choice}");
    }
}

/// A tool that asks: its name, arguments that need consent, other values for each of them, the choice that confirms,
/// and the request that carries it out.
type Asking = (&'static str, Value, Value, &'static str, (&'static str, &'static str));

fn asking() -> Vec<Asking> {
    let conversation = json!({ "conversation_id": "rules" });
    let create = json!({
        "model": MODEL, "from": "smollm2:135m", "system": "Be kind.", "template": "{{ .Prompt }}",
        "parameters": { "temperature": 0.5, "seed": 1 }, "messages": [{ "role": "user", "content": "hi" }],
        "license": "MIT", "quantize": "q8_0", "background": false, "confirm": false,
    });
    let other_create = json!({
        "model": "qwen2.5-tools:0.5b", "from": "qwen2.5-tools:0.5b", "system": "Be evil.", "template": "x{{ .Prompt }}",
        "parameters": { "temperature": 0.5, "seed": 2 }, "messages": [{ "role": "user", "content": "ho" }],
        "license": "GPL", "quantize": "q4_K_M", "background": true, "confirm": true,
    });
    let pull = json!({ "model": MODEL, "insecure": false, "background": false, "confirm": false });
    let other_pull =
        json!({ "model": "smollm2:135m", "insecure": true, "background": true, "confirm": true });
    vec![
        ("delete_conversation", conversation, json!({ "conversation_id": "other" }), "Delete", ("", "")),
        ("pull_model", pull, other_pull, "Replace", ("POST", "/api/pull")),
        (
            "copy_model",
            json!({ "source": "smollm2:135m", "destination": MODEL, "confirm": false }),
            json!({ "source": MODEL, "destination": "qwen2.5-tools:0.5b", "confirm": true }),
            "Overwrite",
            ("POST", "/api/copy"),
        ),
        ("create_model", create, other_create, "Overwrite", ("POST", "/api/create")),
        (
            "push_model",
            json!({ "model": "me/mine", "insecure": false, "confirm": false }),
            json!({ "model": "me/other", "insecure": true, "confirm": true }),
            "Publish",
            ("POST", "/api/push"),
        ),
        (
            "delete_model",
            json!({ "model": MODEL, "confirm": false }),
            json!({ "model": "smollm2:135m", "confirm": true }),
            "Delete",
            ("DELETE", "/api/delete"),
        ),
    ]
}

#[tokio::test]
async fn confirmed_call_does_exactly_what_was_asked() {
    let fake = super::calls::world().await;
    let data = tempfile::tempdir().unwrap();
    let address = fake.url();
    let settings =
        [("OLLAMA_HOST", address.as_str()), ("OLLAMA_MCP_DATA_DIR", data.path().to_str().unwrap())];
    let mut session = Session::with(&settings);
    for id in ["rules", "other"] {
        text(
            &session.call("converse", json!({ "conversation_id": id, "model": MODEL, "prompt": "Hi" })).await,
        );
    }
    let listed = session.result(BY_HAND, "tools/list", json!({})).await;
    let with_confirm = |tool: &&Value| tool["inputSchema"]["properties"].get("confirm").is_some();
    let tools: Vec<_> = listed["tools"].as_array().unwrap().iter().filter(with_confirm).collect();
    let tools: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert_eq!(tools, asking().iter().map(|(tool, ..)| *tool).collect::<Vec<_>>());
    let params = |tool: &str, arguments: &Value, state: Option<(&str, &str)>| {
        let mut params = stateless(MODEL, json!({}));
        params["name"] = json!(tool);
        params["arguments"] = arguments.clone();
        if let Some((state, choice)) = state {
            params["requestState"] = json!(state);
            params["inputResponses"] = json!({ "confirm": chosen(choice) });
        }
        params
    };
    for (tool, arguments, others, choice, (method, path)) in asking() {
        let state = ask(&mut session, params(tool, &arguments, None)).await;
        let mut changed: Vec<Value> = Vec::new();
        for (name, other) in others.as_object().unwrap() {
            let mut with_other = arguments.clone();
            with_other[name] = other.clone();
            changed.push(with_other);
            let mut without = arguments.clone();
            if without.as_object_mut().unwrap().remove(name).is_some() && tool != "delete_conversation" {
                changed.push(without);
            }
        }
        for arguments in changed {
            let mut result =
                session.result(MODERN, "tools/call", params(tool, &arguments, Some((&state, choice)))).await;
            // What is required and left out is refused before.
            let code = tool_error(&result).0.to_owned();
            assert!(
                code == "not_confirmed" || code == "invalid_argument",
                "{tool} {arguments}: {}",
                result.take()
            );
        }
        assert!(fake.requests_to(method, path).is_empty(), "{tool}");
        // The order of keys is no difference.
        let reversed: serde_json::Map<_, _> =
            arguments.as_object().unwrap().clone().into_iter().rev().collect();
        let done = session
            .result(MODERN, "tools/call", params(tool, &Value::Object(reversed), Some((&state, choice))))
            .await;
        text(&done);
        assert_eq!(fake.requests_to(method, path).len(), usize::from(!path.is_empty()), "{tool}");
    }
}

#[tokio::test]
async fn answer_for_one_tool_is_refused_for_another() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("pull_success_stream");
    let mut pull = stateless(MODEL, json!({}));
    pull["name"] = json!("pull_model");
    let state = ask(&mut session, stateless(MODEL, json!({}))).await;
    for choice in ["Delete", "Replace"] {
        pull["requestState"] = json!(state);
        pull["inputResponses"] = json!({ "confirm": chosen(choice) });
        let result = session.result(MODERN, "tools/call", pull.clone()).await;
        assert_eq!(tool_error(&result).0, "not_confirmed", "{result}");
    }
    assert!(fake.requests_to("POST", "/api/pull").is_empty());
}

#[tokio::test]
async fn answer_from_other_process_is_refused() {
    let (_fake, mut first) = start(&[]).await;
    let asked = first.result(MODERN, "tools/call", stateless(MODEL, json!({}))).await;
    let state = asked["requestState"].as_str().unwrap();
    let (fake, mut second) = start(&[]).await;
    fake.replay("delete");
    let result = second.result(MODERN, "tools/call", answered(MODEL, &chosen("Delete"), state)).await;
    assert_eq!((tool_error(&result).0, deleted(&fake)), ("not_confirmed", 0));
}
