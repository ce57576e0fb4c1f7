//! Limits of keys: requests, models, concurrency, and tokens, as callers with real keys meet them.

use serde_json::{Value, json};

use super::{answer_all, started};
use crate::support::fake_ollama::{Answer, Gate};
use crate::support::http_client::HttpAnswer;
use crate::support::http_server::HttpServer;

const CHAT: &str = "/v1/chat/completions";
const MODEL: &str = "qwen2.5-coder:0.5b";

fn ask() -> Value {
    json!({ "messages": [{ "role": "user", "content": "hi" }], "model": MODEL })
}

fn is_refused(answer: &HttpAnswer, kind: &str) -> bool {
    if answer.status != 429 {
        return false;
    }
    let error = answer.error(429);
    assert_eq!((&error["code"], &error["type"]), (&json!("rate_limit_exceeded"), &json!("rate_limit_error")));
    assert!(answer.header("retry-after").parse::<u64>().is_ok_and(|seconds| seconds > 0), "{answer:?}");
    assert_eq!(answer.header(&format!("x-ratelimit-remaining-{kind}")), "0");
    true
}

#[tokio::test]
async fn requests_of_a_key_are_limited_in_every_dialect_and_lists_are_free() {
    let (fake, server) = started().await;
    answer_all(&fake);
    let (bot, _) = server.with_key(&["bot", "--rpm", "2"]).await;
    let first = bot.post(CHAT, &ask()).await;
    first.ok();
    assert_eq!(first.header("x-ratelimit-limit-requests"), "2");
    assert_eq!(first.header("x-ratelimit-remaining-requests"), "1");
    for path in ["/v1/models", "/x/queue", "/me", "/models"] {
        assert_eq!(bot.get(path).await.status, 200, "{path}");
    }
    // Of five at least one comes in the same minute as two others.
    let mut refused = false;
    for _ in 0..5 {
        refused |= is_refused(&bot.post(CHAT, &ask()).await, "requests");
    }
    assert!(refused, "no request was refused");
    let embed = json!({ "model": MODEL, "input": "a" });
    let others = [
        ("/v1/embeddings", embed),
        ("/v1/completions", json!({ "model": MODEL, "prompt": "a" })),
        ("/chat", json!({ "prompt": "a" })),
        ("/api/v1/generate", json!({ "prompt": "a" })),
    ];
    let mut statuses = Vec::new();
    for (path, body) in &others {
        statuses.push(bot.post(path, body).await.status);
    }
    // A minute that begins meanwhile admits two of them.
    assert!(statuses.iter().filter(|status| **status == 429).count() >= 2, "{statuses:?}");
    server.guest().post(CHAT, &ask()).await.ok();
}

#[tokio::test]
async fn two_servers_over_one_database_count_together() {
    let (fake, server) = started().await;
    let (_, key) = server.with_key(&["bot", "--rpm", "3"]).await;
    let data = server.data_dir();
    let variables = [("OLLAMA_HOST", fake.url()), ("OLLAMA_MCP_DATA_DIR", data.to_str().unwrap().to_owned())];
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let other = HttpServer::with(&variables).await;
    let clients = [&server, &other].map(|server| server.guest().clone().with_key(&key));
    let mut statuses = Vec::new();
    for number in 0..8 {
        statuses.push(clients[number % 2].post(CHAT, &ask()).await.status);
    }
    let admitted = statuses.iter().filter(|status| **status == 200).count();
    // Three, or six where a minute begins meanwhile; each alone would admit four.
    assert!(
        statuses[..3] == [200; 3] && (admitted == 3 || admitted <= 6 && statuses.contains(&429)),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn tokens_of_a_day_are_limited_after_they_were_used() {
    let (_fake, server) = started().await;
    let (bot, _) = server.with_key(&["bot", "--tokens-per-day", "10"]).await;
    let first = bot.post(CHAT, &ask()).await;
    let used = first.ok()["usage"]["total_tokens"].as_u64().unwrap();
    assert!(used > 10, "the recorded answer is too short for this test");
    let mut second = bot.post(CHAT, &ask()).await;
    // The count is written with the end of the completion, beside its answer.
    while second.status == 200 {
        second = bot.post(CHAT, &ask()).await;
    }
    assert!(is_refused(&second, "tokens"), "{second:?}");
}

#[tokio::test]
async fn model_that_a_key_may_not_use_does_not_exist_for_it() {
    let (fake, server) = started().await;
    answer_all(&fake);
    let (bot, _) = server.with_key(&["bot", "--models", MODEL]).await;
    let names = |list: &Value| -> Vec<String> {
        let data = list["data"].as_array().unwrap();
        data.iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = names(&server.guest().get("/v1/models").await.ok());
    let other = all.iter().find(|name| *name != MODEL).expect("more than one model is installed");
    assert_eq!(names(&bot.get("/v1/models").await.ok()), [MODEL]);
    assert_eq!(bot.get(&format!("/v1/models/{other}")).await.error(404)["code"], "model_not_found");
    let mut body = ask();
    body["model"] = json!(other);
    let error = bot.post(CHAT, &body).await.error(404);
    assert_eq!(error["code"], "model_not_found");
    assert!(!error["hint"].to_string().contains(other.as_str()), "{error}");
    body.as_object_mut().unwrap().remove("model");
    assert_eq!(bot.post(CHAT, &body).await.ok()["model"], MODEL);
}

#[tokio::test]
async fn calls_over_the_concurrency_of_a_key_wait_and_others_go_ahead() {
    let (fake, server) = started().await;
    let (bot, _) = server.with_key(&["bot", "--concurrency", "1"]).await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").delay_head(&gate));
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let bot = bot.clone();
            tokio::spawn(async move { bot.post(CHAT, &ask()).await })
        })
        .collect();
    gate.reached(1).await;
    while bot.get("/x/queue").await.ok()["own"].as_array().unwrap().len() != 1 {
        tokio::task::yield_now().await;
    }
    server.guest().post(CHAT, &ask()).await.ok();
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 2);
    gate.open();
    for call in calls {
        call.await.unwrap().ok();
    }
}
