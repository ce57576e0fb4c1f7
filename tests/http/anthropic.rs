//! Anthropic's API: messages, their streams, counts of tokens, models.

mod claude_code;
mod messages;
mod other_routes;
mod refused;
mod stop_reasons;
mod streams;

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::http_client::{HttpAnswer, HttpClient, answer};

const MESSAGES: &str = "/v1/messages";
const MODEL: &str = "qwen2.5-coder:0.5b";

/// A request with what every one needs, and more.
fn ask(more: Value) -> Value {
    let mut body =
        json!({ "model": MODEL, "max_tokens": 64, "messages": [{ "role": "user", "content": "hi" }] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// A request as Anthropic's clients send it.
fn posting(client: &HttpClient, body: &Value) -> RequestBuilder {
    client.posting(MESSAGES, body).header("anthropic-version", "2023-06-01")
}

async fn post(client: &HttpClient, body: &Value) -> HttpAnswer {
    answer(posting(client, body)).await
}

/// An answer of Ollama in these pieces, with its counts.
fn said(pieces: &[&str], done_reason: &str, tokens: u64) -> Answer {
    let chunk = |text: &str| json!({ "model": MODEL, "message": { "role": "assistant", "content": text }, "done": false });
    let end = json!({ "model": MODEL, "message": { "role": "assistant", "content": "" }, "done": true,
        "done_reason": done_reason, "prompt_eval_count": 33, "eval_count": tokens });
    let lines: Vec<_> = pieces.iter().map(|piece| chunk(piece)).chain([end]).collect();
    Answer::ndjson(&lines)
}

/// What Ollama was asked last.
fn asked(fake: &FakeOllama) -> Value {
    fake.requests_to("POST", "/api/chat").last().expect("a chat").json()
}

/// The events of a stream: the id and the data of each. The name of each must be its type.
fn events(body: &str) -> Vec<(Option<String>, Value)> {
    let mut events = Vec::new();
    for event in body.split_terminator("\n\n") {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
        let data: Value = serde_json::from_str(field("data: ").unwrap()).unwrap();
        assert_eq!(field("event: "), data["type"].as_str(), "{event}");
        events.push((field("id: ").map(str::to_owned), data));
    }
    events
}

/// The events of a whole stream.
fn whole(answer: &HttpAnswer) -> Vec<Value> {
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"), "{answer:?}");
    events(&answer.body).into_iter().map(|(_, data)| data).collect()
}

/// The message that events make, as the SDKs put it together.
fn collected(events: &[Value]) -> Value {
    let mut message = Value::Null;
    let mut input = String::new();
    for event in events {
        let index = event["index"].as_u64().unwrap_or_default() as usize;
        match event["type"].as_str().unwrap() {
            "message_start" => {
                assert_eq!(message, Value::Null, "a second start");
                message = event["message"].clone();
                assert_eq!((&message["stop_reason"], &message["content"]), (&Value::Null, &json!([])));
                assert_eq!(message.get("stop_sequence"), Some(&Value::Null));
            }
            "content_block_start" => {
                let content = message["content"].as_array_mut().unwrap();
                assert_eq!(index, content.len(), "blocks are numbered");
                content.push(event["content_block"].clone());
                input.clear();
            }
            "content_block_delta" => {
                let block = &mut message["content"][index];
                let (kind, delta) = (event["delta"]["type"].as_str().unwrap(), &event["delta"]);
                let (field, piece) = match kind {
                    "text_delta" => ("text", &delta["text"]),
                    "thinking_delta" => ("thinking", &delta["thinking"]),
                    "signature_delta" => ("signature", &delta["signature"]),
                    "input_json_delta" => {
                        input.push_str(delta["partial_json"].as_str().unwrap());
                        continue;
                    }
                    other => panic!("a delta {other}"),
                };
                let so_far = block[field].as_str().unwrap().to_owned();
                block[field] = json!(so_far + piece.as_str().unwrap());
            }
            "content_block_stop" if !input.is_empty() => {
                message["content"][index]["input"] = serde_json::from_str(&input).unwrap();
            }
            "message_delta" => {
                for field in ["stop_reason", "stop_sequence"] {
                    message[field] = event["delta"][field].clone();
                }
                message["usage"] = event["usage"].clone();
            }
            "ping" | "content_block_stop" | "message_stop" => {}
            other => panic!("an event {other}: {event}"),
        }
    }
    assert_eq!(events.last().unwrap()["type"], "message_stop");
    message
}
