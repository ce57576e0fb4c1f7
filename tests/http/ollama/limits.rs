//! Limits of keys: a model outside of them does not exist, whatever a request calls it.

use serde_json::{Value, json};

use super::{CHAT, MODEL, chat};
use crate::http::{answer_all, started};
use crate::support::fake_ollama::Recording;
use crate::support::http_client::{HttpClient, answer};

const OTHER: &str = "gemma3:270m";

async fn send(client: &HttpClient, method: &str, path: &str, body: &str) -> (u16, Value) {
    let answered = answer(client.request(method, path).body(body.to_owned())).await;
    (answered.status, answered.json())
}

#[tokio::test]
async fn model_outside_of_the_limits_does_not_exist() {
    let (fake, server) = started().await;
    answer_all(&fake);
    let scopes = "chat,embed,models:read,models:write";
    let (bot, _) = server.with_key(&["bot", "--models", MODEL, "--scopes", scopes]).await;
    let single = format!("model '{OTHER}' not found");
    let double = format!("model \"{OTHER}\" not found");
    let pulling = format!("{double}, try pulling it first");
    let named = json!({ "model": OTHER }).to_string();
    for (method, path, body, text) in [
        ("POST", CHAT, json!({ "model": OTHER, "messages": [{}] }).to_string(), &single),
        ("POST", CHAT, named.clone(), &single),
        ("POST", "/api/generate", json!({ "model": OTHER, "prompt": "a" }).to_string(), &single),
        ("POST", "/api/embed", json!({ "model": OTHER, "input": "a" }).to_string(), &pulling),
        ("POST", "/api/embeddings", json!({ "model": OTHER, "prompt": "a" }).to_string(), &pulling),
        ("POST", "/api/show", named.clone(), &single),
        ("POST", "/api/show", json!({ "name": OTHER }).to_string(), &single),
        ("POST", "/api/pull", named.clone(), &single),
        ("POST", "/api/push", named.clone(), &single),
        ("POST", "/api/create", json!({ "model": MODEL, "from": OTHER }).to_string(), &single),
        ("POST", "/api/copy", json!({ "source": OTHER, "destination": MODEL }).to_string(), &double),
        ("POST", "/api/copy", json!({ "source": MODEL, "destination": OTHER }).to_string(), &double),
        ("DELETE", "/api/delete", named.clone(), &single),
        // In other words for the same model.
        ("POST", CHAT, r#"{"MODEL":"gemma3:270m","messages":[{}]}"#.to_owned(), &single),
        ("POST", CHAT, r#"{"\u006dodel":"gemma3:270m","messages":[{}]}"#.to_owned(), &single),
    ] {
        assert_eq!(send(&bot, method, path, &body).await, (404, json!({ "error": text })), "{path} {body}");
    }
    // What Ollama might read otherwise.
    for body in [
        r#"{"model":"qwen2.5-coder:0.5b","Model":"gemma3:270m","messages":[{}]}"#,
        r#"{"model":"\ud800","messages":[{}]}"#,
        "{\"\u{fffd}",
        "[]",
    ] {
        assert_eq!(send(&bot, "POST", CHAT, body).await.0, 400, "{body}");
    }
    for path in [CHAT, "/api/generate", "/api/embed", "/api/pull", "/api/push", "/api/create", "/api/copy"] {
        assert_eq!(fake.requests_to("POST", path).len(), 0, "{path}");
    }
    assert_eq!(fake.requests_to("DELETE", "/api/delete").len(), 0);
    bot.post(CHAT, &chat(false)).await.ok();
    // Without a name the model that it may use answers.
    bot.post(CHAT, &json!({ "messages": [{ "role": "user", "content": "hi" }], "stream": false })).await.ok();
    assert_eq!(fake.requests_to("POST", CHAT)[1].json()["model"], MODEL);
}

#[tokio::test]
async fn lists_have_the_models_that_the_caller_may_use() {
    let (fake, server) = started().await;
    let (bot, _) = server.with_key(&["bot", "--models", MODEL]).await;
    let recorded = Recording::load("tags_five_models").body;
    assert_eq!(server.guest().get("/api/tags").await.body, recorded);
    let listed = bot.get("/api/tags").await.ok();
    let whole: Value = serde_json::from_str(&recorded).unwrap();
    let own = whole["models"].as_array().unwrap().iter().find(|model| model["name"] == MODEL).unwrap();
    assert_eq!(listed, json!({ "models": [own] }));
    // gemma3 is loaded.
    fake.replay("ps_loaded");
    assert!(server.guest().get("/api/ps").await.body.contains(OTHER));
    assert_eq!(bot.get("/api/ps").await.body, "{\"models\":[]}");
}

#[tokio::test]
async fn requests_and_concurrency_of_a_key_are_limited() {
    let (fake, server) = started().await;
    answer_all(&fake);
    let (bot, _) = server.with_key(&["bot", "--rpm", "1"]).await;
    let embed = json!({ "model": MODEL, "input": "a" });
    let mut refused = Vec::new();
    for _ in 0..3 {
        refused.push(bot.post(CHAT, &chat(false)).await);
        refused.push(bot.post("/api/embed", &embed).await);
    }
    refused.retain(|answer| answer.status == 429);
    // A minute that begins meanwhile admits one more.
    assert!(refused.len() >= 4, "{refused:?}");
    assert!(refused[0].json()["error"].as_str().unwrap().contains("1 requests a minute"), "{refused:?}");
    assert_eq!(refused[0].header("x-ratelimit-remaining-requests"), "0");
    let (one, _) = server.with_key(&["one", "--concurrency", "1"]).await;
    let gate = crate::support::fake_ollama::Gate::new();
    let reply = crate::support::fake_ollama::Answer::recorded("chat_stream").gate_after(2, &gate);
    fake.on_next("POST", CHAT, reply);
    let mut open = one.post_stream(CHAT, &chat(true)).await;
    open.line().await.unwrap();
    let client = one.clone();
    let second = tokio::spawn(async move { client.post(CHAT, &chat(false)).await });
    while one.get("/x/queue").await.ok()["own"].as_array().unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    // Its own limit does not hold up others.
    server.guest().post(CHAT, &chat(false)).await.ok();
    gate.open();
    second.await.unwrap().ok();
}

#[tokio::test]
async fn usage_of_a_key_has_chats_and_embeddings() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/embed", crate::support::fake_ollama::Answer::recorded("embed_model_ok"));
    let (bot, _) = server.with_key(&["bot"]).await;
    bot.post(CHAT, &chat(true)).await;
    bot.post("/api/embed", &json!({ "model": "qwen-embed:0.5b", "input": "a" })).await.ok();
    let usage = loop {
        let usage = bot.get("/x/usage?by=model").await.ok();
        if usage["usage"].as_array().unwrap().len() == 2 {
            break usage["usage"].clone();
        }
        tokio::task::yield_now().await;
    };
    let of = |model: &str| usage.as_array().unwrap().iter().find(|line| line["id"] == model).unwrap();
    assert_eq!((&of(MODEL)["prompt_tokens"], &of(MODEL)["completion_tokens"]), (&json!(33), &json!(11)));
    assert_eq!(of("qwen-embed:0.5b")["prompt_tokens"], 5);
}
