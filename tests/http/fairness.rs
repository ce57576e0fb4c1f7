//! Turns of several callers: a question beside another one's batch, and what each sees of its place.

use serde_json::{Value, json};

use super::started_with;
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_client::{HttpClient, stream};
use crate::support::http_server::HttpServer;

const MODEL: &str = "qwen2.5-coder:0.5b";

/// A server with one slot that the batch of the local user occupies, until the gate opens.
async fn beside_batch(inputs: usize) -> (FakeOllama, HttpServer, Gate) {
    let (fake, server) = started_with(&[("OLLAMA_MCP_MAX_CONCURRENT", "1")]).await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").delay_head(&gate));
    let inputs: Vec<_> = (0..inputs).map(|number| number.to_string()).collect();
    let arguments =
        json!({ "instruction": "Translate.", "inputs": inputs, "model": MODEL, "background": true });
    let params = json!({ "name": "batch_completion", "arguments": arguments });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let started = server.local().post("/mcp", &call).await.ok();
    assert_eq!(started["result"]["structuredContent"]["status"], "in_progress", "{started}");
    fake.wait_for("POST", "/api/chat").await;
    let last = inputs.len() - 1;
    waiting(&server.local(), last).await;
    (fake, server, gate)
}

/// The queue, once so many calls of the client wait.
async fn waiting(client: &HttpClient, own: usize) -> Value {
    loop {
        let queue = client.get("/x/queue").await.ok();
        if queue["own"].as_array().unwrap().len() == own {
            return queue;
        }
        tokio::task::yield_now().await;
    }
}

fn question() -> Value {
    json!({ "model": MODEL, "messages": [{ "role": "user", "content": "the question" }], "stream": true })
}

fn prompt_of(request: &Value) -> &str {
    request["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap()
}

#[tokio::test]
async fn question_beside_batch_of_200_is_next() {
    let (fake, server, gate) = beside_batch(200).await;
    let asking = server.guest().posting("/v1/chat/completions", &question());
    let mut asking = stream(asking.header("x-ollama-mcp-events", "queue")).await;
    // The head comes before the model answers, and the place with it.
    let first = asking.event().await.unwrap();
    let (kind, data) = first.split_once('\n').unwrap();
    let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!((kind, &data["ahead"]), ("event: queue", &json!(1)));
    let queue = waiting(server.guest(), 1).await;
    assert_eq!((&queue["waiting"], &queue["own"][0]["place"]), (&json!(200), &json!(1)));
    assert_eq!(queue["own"][0]["id"], data["completion_id"]);
    // The batch is behind it, and its owner sees nothing else of it.
    let own = waiting(&server.local(), 199).await["own"].clone();
    assert_eq!((&own[0]["place"], &own[198]["place"]), (&json!(2), &json!(200)));
    gate.open();
    assert_eq!(asking.rest().await.last().unwrap(), "[DONE]");
    let requests = fake.wait_for_requests_to("POST", "/api/chat", 2).await;
    assert_eq!(prompt_of(&requests[1].json()), "the question");
}

#[tokio::test]
async fn place_is_told_in_the_form_of_each_stream() {
    let (_fake, server, gate) = beside_batch(2).await;
    let asked = |path: &str, body: Value| {
        let request = server.guest().posting(path, &body).header("x-ollama-mcp-events", "queue");
        tokio::spawn(stream(request))
    };
    let prompt = json!({ "model": MODEL, "prompt": "hi", "stream": true });
    let events = [
        asked("/v1/completions", prompt),
        asked("/api/v1/generate", json!({ "prompt": "hi", "stream": true })),
    ];
    for asked in events {
        let event = asked.await.unwrap().event().await.unwrap();
        assert!(event.starts_with("event: queue\ndata: {\"ahead\":"), "{event}");
    }
    let messages = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }] });
    let line = asked("/chat", messages.clone()).await.unwrap().line().await.unwrap();
    let line: Value = serde_json::from_str(&line).unwrap();
    assert!(line["queue"]["ahead"].as_u64().is_some_and(|ahead| ahead > 0), "{line}");
    assert_eq!((&line["message"]["content"], &line["done"]), (&json!(""), &json!(false)));
    let other = server.guest().posting("/chat", &messages).header("x-ollama-mcp-events", "tokens");
    let refused = crate::support::http_client::answer(other).await.error(400);
    assert_eq!(refused["param"], "x-ollama-mcp-events");
    gate.open();
}
