//! `/v1/responses`: OpenAI's Responses API.

mod background;
mod continued;
mod created;
mod cuts;
mod events;
mod restart;

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::http_client::{HttpAnswer, HttpClient};

const PATH: &str = "/v1/responses";
const MODEL: &str = "qwen2.5-coder:0.5b";

/// A request for a response.
fn ask(text: &str, more: Value) -> Value {
    let mut body = json!({ "model": MODEL, "input": text });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

fn path_of(response: &Value) -> String {
    format!("{PATH}/{}", response["id"].as_str().unwrap())
}

/// The text of a response.
fn text_of(response: &Value) -> String {
    let output = response["output"].as_array().unwrap().iter();
    let parts = output.filter_map(|item| item["content"].as_array()).flatten();
    parts.filter(|part| part["type"] == "output_text").filter_map(|part| part["text"].as_str()).collect()
}

/// The events of a text of server-sent events: name and data.
fn parsed(events: &[String]) -> Vec<(String, Value)> {
    let parse = |event: &String| {
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        (field("event: ").to_owned(), serde_json::from_str(field("data: ")).unwrap())
    };
    events.iter().filter(|event| !event.starts_with(':')).map(parse).collect()
}

fn events_of(answer: &HttpAnswer) -> Vec<(String, Value)> {
    assert!(answer.header("content-type").starts_with("text/event-stream"), "{answer:?}");
    parsed(
        &answer.body.split("\n\n").filter(|event| !event.is_empty()).map(str::to_owned).collect::<Vec<_>>(),
    )
}

/// Waits until a response has ended.
async fn ended(client: &HttpClient, path: &str) -> Value {
    loop {
        let response = client.get(path).await.ok();
        if !matches!(response["status"].as_str(), Some("queued" | "in_progress")) {
            return response;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// What the model server was asked last.
fn asked(fake: &FakeOllama) -> Value {
    fake.requests_to("POST", "/api/chat").last().expect("a chat").json()
}

/// Lines of a reply of Ollama: its messages, then the end with a reason.
fn reply(messages: &[Value], reason: &str) -> Answer {
    let mut lines: Vec<_> =
        messages.iter().map(|message| json!({ "model": MODEL, "message": message, "done": false })).collect();
    lines.push(json!({ "model": MODEL, "message": { "role": "assistant", "content": "" }, "done": true,
        "done_reason": reason, "prompt_eval_count": 7, "eval_count": 5 }));
    Answer::ndjson(&lines)
}

fn said(text: &str) -> Value {
    json!({ "role": "assistant", "content": text })
}
