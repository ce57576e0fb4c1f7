//! Callers without a credential learn no address, no path and no version from failures, in any dialect.

use serde_json::{Value, json};

use super::started;
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::http_client::{HttpAnswer, HttpClient};
use crate::support::http_server::HttpServer;

const MODEL: &str = "qwen2.5-coder:0.5b";

/// What Ollama answers where it cannot read a file of its own.
const BROKEN: &str = "unable to load model: /root/.ollama/models/blobs/sha256-6e4c";

async fn mcp(client: &HttpClient, method: &str, params: Value) -> HttpAnswer {
    client.post("/mcp", &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })).await
}

async fn tool(client: &HttpClient, name: &str, arguments: Value) -> HttpAnswer {
    mcp(client, "tools/call", json!({ "name": name, "arguments": arguments })).await
}

/// Answers of all ways in which MCP reports that the model server fails, each with a name.
async fn failures(client: &HttpClient) -> Vec<(&'static str, HttpAnswer)> {
    let batch = json!({ "model": MODEL, "instruction": "Say it.", "inputs": ["a", "b"] });
    vec![
        ("health_check", tool(client, "health_check", json!({})).await),
        ("chat_completion", tool(client, "chat_completion", json!({ "model": MODEL, "prompt": "hi" })).await),
        ("list_models", tool(client, "list_models", json!({})).await),
        ("batch_completion", tool(client, "batch_completion", batch).await),
        ("ollama://health", mcp(client, "resources/read", json!({ "uri": "ollama://health" })).await),
        ("ollama://models", mcp(client, "resources/read", json!({ "uri": "ollama://models" })).await),
    ]
}

#[tokio::test]
async fn guests_learn_nothing_of_model_server_that_is_down() {
    let down = FakeOllama::closed_address();
    let server = HttpServer::with(&[("OLLAMA_HOST", &format!("http://{down}"))]).await;
    let address = down.to_string();
    for (way, answer) in failures(server.guest()).await {
        assert!(answer.body.contains("does not answer"), "{way}: {answer:?}");
        for place in [&address, "127.0.0.1", "OLLAMA_", "ollama serve"] {
            assert!(!answer.body.contains(place), "{way} tells {place}: {answer:?}");
        }
    }
    // The user who runs the server learns what to look at.
    for (way, answer) in failures(&server.local()).await {
        assert!(answer.body.contains(&address), "{way}: {answer:?}");
    }
}

#[tokio::test]
async fn guests_learn_no_address_and_no_version_of_model_server_that_answers() {
    let (fake, server) = started().await;
    let told = |answer: HttpAnswer| answer.ok()["result"]["structuredContent"].take();
    let guest = told(tool(server.guest(), "health_check", json!({})).await);
    assert_eq!((&guest["status"], &guest["location"]), (&json!("ok"), &json!("local")), "{guest}");
    assert!(guest.get("address").is_none() && guest.get("version").is_none(), "{guest}");
    let local = told(tool(&server.local(), "health_check", json!({})).await);
    assert_eq!(local["address"], fake.url(), "{local}");
    assert!(local["version"].is_string(), "{local}");
}

#[tokio::test]
async fn paths_of_model_server_reach_its_user_alone() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::json(500, json!({ "error": BROKEN })));
    let chat =
        json!({ "model": MODEL, "messages": [{ "role": "user", "content": "hi" }], "background": true });
    for (client, is_hidden) in [(server.guest().clone(), true), (server.local(), false)] {
        let call = tool(&client, "chat_completion", json!({ "model": MODEL, "prompt": "hi" })).await;
        let openai = client.post("/v1/chat/completions", &chat).await;
        let service = client.post("/chat", &json!({ "model": MODEL, "prompt": "hi" })).await;
        for answer in [call, openai, service] {
            assert!(answer.body.contains("unable to load model"), "{answer:?}");
            assert_eq!(!answer.body.contains("/root/"), is_hidden, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn state_of_failed_completion_tells_guest_no_address() {
    let down = FakeOllama::closed_address();
    let server = HttpServer::with(&[("OLLAMA_HOST", &format!("http://{down}"))]).await;
    for (client, is_told) in [(server.guest().clone(), false), (server.local(), true)] {
        let call = json!({ "model": MODEL, "prompt": "hi", "background": true });
        let begun = tool(&client, "chat_completion", call).await.ok();
        let id = begun["result"]["structuredContent"]["completion_id"].as_str().unwrap().to_owned();
        let state = loop {
            let state = client.get(&format!("/x/completions/{id}")).await;
            if state.ok()["status"] != "running" {
                break state;
            }
        };
        assert_eq!(state.json()["error"]["code"], "ollama_unreachable", "{state:?}");
        let events = client.get(&format!("/x/completions/{id}?stream=true")).await;
        for answer in [state, events] {
            assert_eq!(answer.body.contains(&down.to_string()), is_told, "{answer:?}");
        }
    }
}
