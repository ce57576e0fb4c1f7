//! The events of streams: which, in which order, and what they have.

use serde_json::{Value, json};

use super::super::{started, started_with};
use super::*;
use crate::support::fake_ollama::{Answer, Gate};

fn streaming(text: &str, more: Value) -> Value {
    let mut body = ask(text, more);
    body["stream"] = json!(true);
    body
}

/// Checks what holds for every stream; the names of its events, repeated deltas once.
fn checked(events: &[(String, Value)]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let mut texts = std::collections::HashMap::<String, String>::new();
    let id = &events[0].1["response"]["id"];
    for (number, (name, data)) in events.iter().enumerate() {
        assert_eq!((&data["type"], &data["sequence_number"]), (&json!(name), &json!(number)), "{data}");
        if data["response"].is_object() {
            assert_eq!(&data["response"]["id"], id);
        }
        let item = data["item_id"].as_str().unwrap_or_default();
        if name.ends_with(".delta") {
            texts.entry(item.to_owned()).or_default().push_str(data["delta"].as_str().unwrap());
        }
        if let Some(text) =
            name.ends_with(".done").then(|| data.get("text").or(data.get("arguments"))).flatten()
        {
            assert_eq!(texts.remove(item).unwrap_or_default(), text.as_str().unwrap(), "{data}");
        }
        if !(name.ends_with(".delta") && names.last() == Some(&name.as_str())) {
            names.push(name);
        }
    }
    assert!(texts.is_empty(), "{texts:?} never ended");
    let done: Vec<_> = events
        .iter()
        .filter(|(name, _)| name == "response.output_item.done")
        .map(|(_, data)| &data["item"])
        .collect();
    let last = &events.last().unwrap().1["response"];
    assert_eq!(last["output"].as_array().unwrap().iter().collect::<Vec<_>>(), done, "{last}");
    names
}

const MESSAGE: [&str; 6] = [
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
];

#[tokio::test]
async fn text_is_streamed_with_every_event() {
    let (_fake, server) = started().await;
    let answer = server.guest().post(PATH, &streaming("hi", json!({}))).await;
    assert!(!answer.body.contains("[DONE]") && !answer.body.contains("\nid: "), "{answer:?}");
    let events = events_of(&answer);
    let expected =
        [&["response.created", "response.in_progress"][..], &MESSAGE, &["response.completed"]].concat();
    assert_eq!(checked(&events), expected);
    let (created, last) = (&events[0].1["response"], &events.last().unwrap().1["response"]);
    assert_eq!(
        (&created["status"], &created["output"], &created["usage"]),
        (&json!("in_progress"), &json!([]), &Value::Null)
    );
    assert_eq!((&last["status"], &last["usage"]["output_tokens"]), (&json!("completed"), &json!(11)));
    assert_eq!(server.guest().get(&path_of(last)).await.ok(), *last);
    let part = &events[3].1["part"];
    assert_eq!(*part, json!({ "type": "output_text", "text": "", "annotations": [], "logprobs": [] }));
    // Streamed again, it is the same.
    let again = server.guest().get(&format!("{}?stream=true", path_of(last))).await;
    assert_eq!(again.body, answer.body);
}

#[tokio::test]
async fn thinking_is_an_item_of_its_own() {
    let (fake, server) = started().await;
    let thought = |text: &str| json!({ "role": "assistant", "content": "", "thinking": text });
    fake.on("POST", "/api/chat", reply(&[thought("hm"), thought(" so"), said("42")], "stop"));
    let answer = server
        .guest()
        .post(PATH, &streaming("hi", json!({ "reasoning": { "effort": "low", "summary": "auto" } })))
        .await;
    assert_eq!(answer.header("x-ollama-mcp-ignored"), "reasoning.summary");
    let events = events_of(&answer);
    let reasoning = MESSAGE.map(|name| match name {
        "response.output_text.delta" => "response.reasoning_text.delta",
        "response.output_text.done" => "response.reasoning_text.done",
        other => other,
    });
    let expected =
        [&["response.created", "response.in_progress"][..], &reasoning, &MESSAGE, &["response.completed"]]
            .concat();
    assert_eq!(checked(&events), expected);
    let output = &events.last().unwrap().1["response"]["output"];
    assert_eq!(output[0]["content"], json!([{ "type": "reasoning_text", "text": "hm so" }]));
    assert_eq!((&output[0]["type"], &output[0]["summary"]), (&json!("reasoning"), &json!([])));
    assert_eq!(asked(&fake)["think"], "low");
}

#[tokio::test]
async fn calls_are_items_with_their_arguments() {
    let (fake, server) = started().await;
    let call = |name: &str| json!({ "function": { "name": name, "arguments": { "city": "Paris" } } });
    let calls = json!({ "role": "assistant", "content": "", "tool_calls": [call("f"), call("g")] });
    fake.on("POST", "/api/chat", reply(&[said("Wait."), calls], "stop"));
    let tools =
        json!([{ "type": "function", "name": "f" }, { "type": "function", "name": "g", "parameters": {} }]);
    let events = events_of(&server.guest().post(PATH, &streaming("hi", json!({ "tools": tools }))).await);
    let call = [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
    ];
    let expected =
        [&["response.created", "response.in_progress"][..], &MESSAGE, &call, &call, &["response.completed"]]
            .concat();
    assert_eq!(checked(&events), expected);
    let output = &events.last().unwrap().1["response"]["output"];
    assert_eq!(
        (&output[1]["type"], &output[1]["name"], &output[2]["name"]),
        (&json!("function_call"), &json!("f"), &json!("g"))
    );
    assert_eq!(output[1]["arguments"], r#"{"city":"Paris"}"#);
    assert!(output[1]["call_id"].as_str().unwrap().starts_with("call_"), "{output}");
    assert_eq!(asked(&fake)["tools"][1]["function"]["name"], "g");
}

#[tokio::test]
async fn limit_and_failure_have_their_own_last_event() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", reply(&[said("One")], "length"));
    let events = events_of(&server.guest().post(PATH, &streaming("hi", json!({}))).await);
    assert_eq!(checked(&events).last(), Some(&"response.incomplete"));
    fake.on(
        "POST",
        "/api/chat",
        Answer::ndjson(&[
            json!({ "model": MODEL, "message": said("Sure"), "done": false }),
            json!({ "error": "the engine fell over" }),
        ]),
    );
    let events = events_of(&server.guest().post(PATH, &streaming("hi", json!({}))).await);
    assert_eq!(checked(&events).last(), Some(&"response.failed"));
    let failed = &events.last().unwrap().1["response"];
    assert_eq!((&failed["status"], &failed["error"]["code"]), (&json!("failed"), &json!("server_error")));
    assert!(failed["error"]["message"].as_str().unwrap().contains("the engine fell over"), "{failed}");
    assert_eq!((text_of(failed).as_str(), &failed["ollama_mcp"]["code"]), ("Sure", &json!("interrupted")));
    assert_eq!(failed["output"][0]["status"], "incomplete");
}

#[tokio::test]
async fn empty_reply_has_an_empty_message() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", reply(&[], "stop"));
    let events = events_of(&server.guest().post(PATH, &streaming("hi", json!({}))).await);
    assert!(checked(&events).contains(&"response.output_text.done"));
    assert_eq!(text_of(&events.last().unwrap().1["response"]), "");
}

#[tokio::test]
async fn log_probabilities_come_with_their_text() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_logprobs"));
    let more = json!({ "include": ["message.output_text.logprobs"], "top_logprobs": 2 });
    let events = events_of(&server.guest().post(PATH, &streaming("hi", more)).await);
    checked(&events);
    let deltas = events.iter().filter(|(name, _)| name == "response.output_text.delta");
    let tokens: Vec<_> = deltas.flat_map(|(_, data)| data["logprobs"].as_array().unwrap()).collect();
    let part = &events.last().unwrap().1["response"]["output"][0]["content"][0];
    assert!(!tokens.is_empty());
    assert_eq!(part["logprobs"].as_array().unwrap().iter().collect::<Vec<_>>(), tokens);
}

#[tokio::test]
async fn place_in_the_queue_is_told_on_request() {
    let (fake, server) = started_with(&[("OLLAMA_MCP_MAX_CONCURRENT", "1")]).await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut first = server.guest().post_stream(PATH, &streaming("hi", json!({}))).await;
    first.data().await.unwrap();
    let request = server.guest().posting(PATH, &streaming("ho", json!({})));
    let mut second =
        crate::support::http_client::stream(request.header("x-ollama-mcp-events", "queue")).await;
    let mut begun = vec![second.event().await.unwrap()];
    while !begun.last().unwrap().starts_with("event: queue\ndata: {\"ahead\":1") {
        begun.push(second.event().await.unwrap());
    }
    gate.open();
    let rest = crate::support::resume::all_events(&mut second).await;
    let events = [begun, rest].concat();
    let events =
        parsed(&events.into_iter().filter(|event| !event.starts_with("event: queue")).collect::<Vec<_>>());
    assert_eq!(events[0].1["response"]["status"], "queued");
    let names = checked(&events);
    assert_eq!(names[..3], ["response.created", "response.queued", "response.in_progress"]);
    assert_eq!(*names.last().unwrap(), "response.completed");
}

#[tokio::test]
async fn end_of_the_server_is_an_event() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut stream = server.guest().post_stream(PATH, &streaming("hi", json!({}))).await;
    gate.reached(1).await;
    stream.data().await.unwrap();
    server.signal("TERM");
    let rest = parsed(&crate::support::resume::all_events(&mut stream).await);
    let (name, data) = rest.last().unwrap();
    assert_eq!(
        (name.as_str(), &data["type"], &data["code"]),
        ("error", &json!("error"), &json!("server_shutdown"))
    );
    assert!(data["sequence_number"].is_u64() && data["message"].is_string(), "{data}");
}
