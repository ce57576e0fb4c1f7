//! `create_model`: from an installed model, checked before anything is sent, and never over another one unasked.

use serde_json::{Value, json};

use super::confirm::start_with_elicitation;
use super::{MODEL, start, text};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::mcp_client::{MODERN, Session, modern_meta, tool_error};

fn created(fake: &FakeOllama) -> usize {
    fake.requests_to("POST", "/api/create").len()
}

#[tokio::test]
async fn model_is_created_from_installed_one() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("create_from_stream");
    let arguments = json!({
        "model": "mario", "from": MODEL, "system": "You are Mario.", "license": "MIT", "quantize": "Q8_0",
        "template": "{{ .Prompt }}", "parameters": { "temperature": 0.5, "stop": "END" },
        "messages": [{ "role": "user", "content": "hi" }, { "role": "assistant", "content": "It's-a me!" }],
    });
    let (result, progress) = session.call_watched("create_model", arguments).await;
    assert_eq!(text(&result), "create of mario is complete.");
    assert_eq!(result["structuredContent"]["operation"], "create");
    assert!(!progress.is_empty());
    let body = fake.requests_to("POST", "/api/create")[0].json();
    let mut expected = json!({
        "model": "mario", "from": MODEL, "system": "You are Mario.", "license": "MIT", "quantize": "Q8_0",
        "template": "{{ .Prompt }}", "parameters": { "temperature": 0.5, "stop": ["END"] },
        "messages": [{ "role": "user", "content": "hi" }, { "role": "assistant", "content": "It's-a me!" }],
    });
    expected["stream"] = json!(true);
    assert_eq!(body, expected);
}

#[tokio::test]
async fn each_invalid_argument_is_refused_by_name_before_any_request() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("create_from_stream");
    let cases = [
        json!({ "model": "a b", "from": MODEL }),
        json!({ "model": "x" }),
        json!({ "model": "x", "from": MODEL, "quantize": "q3" }),
        json!({ "model": "x", "from": MODEL, "parameters": { "num_ctx": "big" } }),
        json!({ "model": "x", "from": MODEL, "parameters": { "num_cxt": 1 } }),
        json!({ "model": "x", "from": MODEL, "messages": [{ "role": "robot", "content": "x" }] }),
        json!({ "model": "x", "from": MODEL, "messages": [{ "role": "tool", "content": "x" }] }),
        json!({ "model": "x", "from": MODEL, "sytem": "x" }),
        // Ollama would download it in silence.
        json!({ "model": "x", "from": "gema3:270m" }),
    ];
    let mut errors = Vec::new();
    for arguments in cases {
        let result = session.call("create_model", arguments).await;
        let (code, text) = tool_error(&result);
        errors.push(format!("{code}: {text}"));
    }
    insta::assert_snapshot!(errors.join("\n"), @r#"
    invalid_argument: model is not a model name: letters, digits and . _ - : / are allowed, such as gemma3:4b or hf.co/user/model:Q4_K_M
    invalid_argument: from or gguf is missing; give the installed model, or the file, to start from
    invalid_argument: quantize is "q3"; Ollama makes q4_K_M, q4_K_S, q4_K, q8_0, f16, bf16, f32
    invalid_argument: parameters.num_ctx is "big"; it must be a whole number
    invalid_argument: parameters.num_cxt is not an Ollama option; did you mean num_ctx?
    invalid_argument: messages[0].role is "robot"; it must be system, user, assistant or tool
    invalid_argument: messages[0].role is "tool"; it must be system, user or assistant
    invalid_argument: "sytem" is not an argument of this tool. Did you mean "system"?
    model_not_found: Model "gema3:270m" is not installed. Did you mean "gemma3:270m"? Install it with "ollama pull gema3:270m". Or call pull_model.
    "#);
    assert_eq!(created(&fake), 0);
}

#[tokio::test]
async fn refusal_of_ollama_is_reported() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("create_bad_template");
    let arguments = json!({ "model": "x", "from": MODEL, "template": "{{ .Bogus" });
    let result = session.call("create_model", arguments).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "invalid_argument");
    assert!(said.starts_with("template") && said.contains("unclosed action"), "{said}");
    let down = FakeOllama::closed_address().to_string();
    let mut session = Session::with(&[("OLLAMA_HOST", down.as_str())]);
    let result = session.call("create_model", json!({ "model": "x", "from": MODEL })).await;
    assert_eq!(tool_error(&result).0, "ollama_unreachable");
}

#[tokio::test]
async fn overwriting_existing_name_needs_confirmation() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("create_from_stream");
    let mut onto = json!({ "model": "SmolLM2:135m", "from": MODEL });
    let refused = session.call("create_model", onto.clone()).await;
    let (code, said) = tool_error(&refused);
    assert_eq!(code, "not_confirmed");
    assert!(said.contains("smollm2:135m"), "{said}");
    assert_eq!(created(&fake), 0);
    onto["confirm"] = json!(true);
    text(&session.call("create_model", onto).await);
    assert_eq!(created(&fake), 1);
}

#[tokio::test]
async fn name_in_installation_by_other_call_is_refused() {
    let (fake, mut session) = start(&[]).await;
    let gate = Gate::new();
    fake.on("POST", "/api/create", Answer::recorded("create_from_stream").gate_after(1, &gate));
    fake.replay("copy").replay("pull_success_stream");
    let create = json!({ "model": "mine", "from": MODEL });
    // At once: both find that the name is free, and one of them goes on.
    let call = json!({ "name": "create_model", "arguments": create });
    let ids = [session.request("tools/call", call.clone()).await, session.request("tools/call", call).await];
    let refused = session.next().await;
    let (code, said) = tool_error(&refused["result"]);
    assert!(code == "overloaded" && said.contains("mine") && said.contains("another name"), "{said}");
    gate.reached(1).await;
    // However the name is written, whatever installs it, and confirmed or not.
    for (tool, arguments) in [
        ("create_model", json!({ "model": "Library/Mine:latest", "from": MODEL, "confirm": true })),
        ("copy_model", json!({ "source": MODEL, "destination": "mine", "confirm": true })),
        ("pull_model", json!({ "model": "mine", "confirm": true })),
    ] {
        let result = session.call(tool, arguments).await;
        assert_eq!(tool_error(&result).0, "overloaded", "{tool}: {result}");
    }
    gate.open();
    let first = if refused["id"] == ids[0] { ids[1] } else { ids[0] };
    text(&session.answer(first).await["result"].take());
    assert_eq!((created(&fake), fake.requests_to("POST", "/api/pull").len()), (1, 0));
    assert_eq!(fake.requests_to("POST", "/api/copy").len(), 0);
    // The name is free again afterwards, also when the call has failed.
    fake.replay("create_bad_template");
    tool_error(&session.call("create_model", create.clone()).await);
    fake.replay("create_from_stream");
    text(&session.call("create_model", create).await);
}

#[tokio::test]
async fn name_is_reserved_during_confirmation() {
    let (fake, mut session) = start_with_elicitation(&[]).await;
    fake.replay("create_from_stream");
    let call = json!({ "name": "create_model", "arguments": { "model": MODEL, "from": "smollm2:135m" } });
    let id = session.request("tools/call", call.clone()).await;
    let question = session.next().await;
    assert!(question["params"]["message"].as_str().unwrap().contains("made from smollm2:135m"), "{question}");
    let second = session.request("tools/call", call).await;
    assert_eq!(tool_error(&session.answer(second).await["result"]).0, "overloaded");
    let yes = json!({ "action": "accept", "content": { "confirm": "Overwrite" } });
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": yes })).await;
    text(&session.answer(id).await["result"].take());
    assert_eq!(created(&fake), 1);
}

#[tokio::test]
async fn existing_name_is_recognized_in_any_spelling() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("create_from_stream");
    for name in [
        "library/smollm2:135m",
        "registry.ollama.ai/library/smollm2:135m",
        "Registry.Ollama.ai/Library/SmolLM2:135M",
        "https://registry.ollama.ai/library/smollm2:135m",
    ] {
        let create = session.call("create_model", json!({ "model": name, "from": MODEL })).await;
        assert_eq!(tool_error(&create).0, "not_confirmed", "{name}: {create}");
        let copy = session.call("copy_model", json!({ "source": MODEL, "destination": name })).await;
        assert_eq!(tool_error(&copy).0, "not_confirmed", "{name}: {copy}");
    }
    assert_eq!((created(&fake), fake.requests_to("POST", "/api/copy").len()), (0, 0));
}

#[tokio::test]
async fn declining_keeps_model() {
    let (fake, mut session) = start_with_elicitation(&[]).await;
    fake.replay("create_from_stream");
    let call = json!({ "name": "create_model", "arguments": { "model": MODEL, "from": "smollm2:135m", "confirm": true } });
    let id = session.request("tools/call", call).await;
    let question = session.next().await;
    assert!(question["params"]["message"].as_str().unwrap().contains(MODEL), "{question}");
    session.send(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "decline" } })).await;
    let result = session.answer(id).await["result"].take();
    assert_eq!((tool_error(&result).0, created(&fake)), ("not_confirmed", 0));
}

#[tokio::test]
async fn stateless_revision_asks_by_result_and_continues() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("create_from_stream");
    let mut params =
        json!({ "name": "create_model", "arguments": { "model": MODEL, "from": MODEL, "system": "x" } });
    params["_meta"] = modern_meta();
    params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({ "elicitation": { "form": {} } });
    let asked = session.result(MODERN, "tools/call", params.clone()).await;
    assert_eq!((asked["resultType"].as_str(), created(&fake)), (Some("input_required"), 0), "{asked}");
    params["inputResponses"] =
        json!({ "confirm": { "action": "accept", "content": { "confirm": "Overwrite" } } });
    params["requestState"] = asked["requestState"].clone();
    let done = session.result(MODERN, "tools/call", params).await;
    assert_eq!((text(&done), created(&fake)), ("create of gemma3:270m is complete.", 1));
}

#[tokio::test]
async fn background_creation_is_fetched_and_cancelled_one_stops() {
    let (fake, mut session) = start(&[]).await;
    fake.on("POST", "/api/create", Answer::recorded("create_from_stream").stall_after(2));
    let arguments = json!({ "model": "mario", "from": MODEL, "background": true });
    let begun = session.call("create_model", arguments).await;
    assert_eq!(begun["structuredContent"]["status"], "in_progress");
    let request = fake.wait_for("POST", "/api/create").await;
    let id: &Value = &begun["structuredContent"]["completion_id"];
    let stopped = session.call("cancel_completion", json!({ "completion_id": id })).await;
    assert_eq!(stopped["structuredContent"]["status"], "cancelled", "{stopped}");
    fake.closed(request.index).await;

    let call = json!({ "name": "create_model", "arguments": { "model": "luigi", "from": MODEL } });
    let id = session.request("tools/call", call).await;
    let request = fake.wait_for_requests_to("POST", "/api/create", 2).await[1].index;
    session.cancel(id).await;
    fake.closed(request).await;
    session.still_serves().await;
}

#[tokio::test]
async fn adapters_are_refused_with_alternative() {
    let (_fake, mut session) = start(&[]).await;
    let arguments = json!({ "model": "new", "from": MODEL, "adapters": { "a.gguf": "sha256:0" } });
    let result = session.call("create_model", arguments).await;
    let (code, said) = tool_error(&result);
    assert_eq!(code, "invalid_argument");
    assert!(
        said.contains("adapters") && said.contains("ollama create") && said.contains("ADAPTER"),
        "{said}"
    );
    assert!(!said.contains("Did you mean"), "{said}");
}
