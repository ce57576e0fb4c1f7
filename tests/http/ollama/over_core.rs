//! Ollama's API over another kind of model server: what can be answered is, in Ollama's form.

use serde_json::{Value, json};

use super::{CHAT, ID, MODEL, chat};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::http_client::answer;
use crate::support::http_server::HttpServer;

async fn started() -> (FakeOllama, HttpServer) {
    let fake = FakeOllama::start().await.with_defaults();
    let url = format!("{}/v1", fake.url());
    let server = HttpServer::with(&[("OLLAMA_MCP_PROVIDER", "openai"), ("OLLAMA_MCP_BASE_URL", &url)]).await;
    (fake, server)
}

#[tokio::test]
async fn chats_and_prompts_are_answered_in_the_form_of_ollama() {
    let (fake, server) = started().await;
    let streamed = server.guest().post(CHAT, &chat(true)).await;
    assert_eq!((streamed.status, streamed.header("content-type")), (200, "application/x-ndjson"));
    let lines = streamed.lines();
    let text: String = lines.iter().filter_map(|line| line["message"]["content"].as_str()).collect();
    assert!(text.starts_with("Three colours are"), "{text}");
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["done"], &last["done_reason"], &last["eval_count"]),
        (&json!(true), &json!("stop"), &json!(11))
    );
    let id = streamed.header(ID);
    assert_eq!(server.guest().get(&format!("/x/completions/{id}")).await.ok()["content"], text);
    let mut body = chat(false);
    body["options"] = json!({ "num_predict": 4, "mirostat": 1 });
    let whole = server.guest().post(CHAT, &body).await;
    assert_eq!(whole.header("x-ollama-mcp-ignored"), "options.mirostat");
    assert_eq!(fake.requests_to("POST", "/v1/chat/completions").pop().unwrap().json()["max_tokens"], 4);
    let whole = whole.ok();
    assert_eq!(whole["message"]["content"], text);
    assert!(
        server.guest().post(CHAT, &json!({ "messages": [{ "role": "user", "content": "a" }] })).await.status
            == 200
    );

    fake.on("POST", "/v1/completions", Answer::recorded("v1_completions_stream"));
    let prompt =
        |stream: bool| json!({ "model": MODEL, "prompt": "The sky is", "stream": stream, "context": [1] });
    let whole = server.guest().post("/api/generate", &prompt(false)).await;
    assert_eq!(whole.header("x-ollama-mcp-ignored"), "context");
    let text = whole.ok()["response"].as_str().unwrap().to_owned();
    let streamed = server.guest().post("/api/generate", &prompt(true)).await.lines();
    let joined: String = streamed.iter().map(|line| line["response"].as_str().unwrap()).collect();
    assert_eq!(joined, text);
    assert!(!text.is_empty() && streamed.last().unwrap()["done"] == true);
    assert!(streamed.iter().all(|line| line.get("message").is_none()));
}

#[tokio::test]
async fn models_and_embeddings_are_what_the_server_tells() {
    let (fake, server) = started().await;
    let get = async |path: &str| server.guest().get(path).await.ok();
    assert_eq!(get("/api/version").await, json!({ "version": "0.33.0" }));
    assert_eq!(get("/api/ps").await, json!({ "models": [] }));
    let listed = get("/api/tags").await;
    assert!(listed["models"].as_array().unwrap().iter().any(|model| model["model"] == MODEL), "{listed}");
    fake.on("GET", &format!("/v1/models/{MODEL}"), Answer::recorded("v1_model"));
    let shown = server.guest().post("/api/show", &json!({ "model": MODEL })).await.ok();
    assert_eq!(shown["capabilities"], json!(["completion"]), "{shown}");
    assert!(shown["details"].is_object() && shown["model_info"].is_object(), "{shown}");
    let one = json!({ "data": [{ "index": 0, "embedding": [0.5, 1.5] }], "model": "m", "usage": { "prompt_tokens": 3 } });
    fake.on("POST", "/v1/embeddings", Answer::json(200, one));
    let made = server.guest().post("/api/embed", &json!({ "model": "m", "input": "a" })).await.ok();
    assert_eq!(made, json!({ "model": "m", "embeddings": [[0.5, 1.5]], "prompt_eval_count": 3 }));
    let older = server.guest().post("/api/embeddings", &json!({ "model": "m", "prompt": "a" })).await.ok();
    assert_eq!(older, json!({ "embedding": [0.5, 1.5] }));
}

#[tokio::test]
async fn what_only_ollama_can_do_is_501_with_the_reason() {
    let (_fake, server) = started().await;
    let digest = format!("/api/blobs/sha256:{}", "0".repeat(64));
    for (method, path, body) in [
        ("POST", "/api/pull", json!({ "model": "m" })),
        ("POST", "/api/push", json!({ "model": "m" })),
        ("POST", "/api/create", json!({ "model": "m", "from": "n" })),
        ("POST", "/api/copy", json!({ "source": "m", "destination": "n" })),
        ("DELETE", "/api/delete", json!({ "model": "m" })),
        ("POST", digest.as_str(), json!("x")),
        ("POST", CHAT, json!({ "model": "m" })),
    ] {
        let refused = answer(server.local().request(method, path).body(body.to_string())).await;
        assert_eq!(refused.status, 501, "{path}: {refused:?}");
        let error: Value = refused.json();
        assert!(error["error"].as_str().unwrap().contains("model server"), "{path}: {error}");
    }
}

#[tokio::test]
async fn errors_are_in_the_form_of_ollama() {
    let (_fake, server) = started().await;
    for (path, body, status) in [
        (CHAT, json!({ "model": MODEL, "messages": "hi" }), 400),
        (
            CHAT,
            json!({ "model": "nothing-has-this-name", "messages": [{ "role": "user", "content": "a" }] }),
            404,
        ),
        ("/api/embed", json!({ "model": MODEL }), 400),
        ("/api/show", json!({}), 400),
    ] {
        let refused = server.guest().post(path, &body).await;
        assert_eq!(refused.status, status, "{path}: {refused:?}");
        assert!(refused.json()["error"].is_string(), "{path}: {refused:?}");
    }
}
