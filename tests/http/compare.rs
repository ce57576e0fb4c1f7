//! `/x/compare`: one question to several models.

use serde_json::{Value, json};

use super::own_conversations::answer_with_question;
use super::started;
use crate::support::fake_ollama::{Answer, Gate};

const MODELS: [&str; 2] = ["qwen2.5-coder:0.5b", "gemma3:270m"];

#[tokio::test]
async fn answers_stand_side_by_side_with_their_times() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    let body = json!({ "models": MODELS, "prompt": "Three colours?", "system": "Be brief." });
    let answer = server.guest().post("/x/compare", &body).await.ok();
    let replies = answer["replies"].as_array().unwrap();
    assert_eq!(replies.len(), 2);
    for reply in replies {
        assert_eq!((&reply["status"], &reply["finish_reason"]), (&json!("completed"), &json!("stop")));
        assert!(reply["content"].as_str().is_some_and(|text| !text.is_empty()), "{reply}");
        assert!(reply["timings"]["tokens_per_second"].is_number(), "{reply}");
        assert!(
            reply["timings"]["first_token_ms"].is_number() && reply["timings"]["total_ms"].is_number(),
            "{reply}"
        );
    }
    let asked = fake.requests_to("POST", "/api/chat");
    let models: Vec<_> =
        asked.iter().map(|request| request.json()["model"].as_str().unwrap().to_owned()).collect();
    assert_eq!(models, MODELS, "one after another");
    assert_eq!(asked[1].json()["messages"][0]["content"], "Be brief.");
    assert_eq!(fake.peak_in_flight(), 1);
}

#[tokio::test]
async fn events_name_their_model_and_failure_is_a_reply() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let models = [MODELS[0], "missing:1b", MODELS[1]];
    let body = json!({ "models": models, "prompt": "hello", "stream": true, "together": true });
    let mut stream = server.guest().post_stream("/x/compare", &body).await;
    assert_eq!((stream.status, stream.header("content-type")), (200, "text/event-stream"));
    let mut events: Vec<Value> = Vec::new();
    while let Some(data) = stream.data().await {
        events.push(serde_json::from_str(&data).unwrap());
    }
    let of = |kind: &str, index: usize| {
        events.iter().find(|event| event["type"] == kind && event["index"] == index)
    };
    for (index, model) in models.iter().enumerate() {
        assert_eq!(of("start", index).unwrap()["model"], *model);
        let reply = &of("reply", index).unwrap()["reply"];
        if index == 1 {
            assert_eq!(
                (&reply["status"], &reply["error"]["code"]),
                (&json!("failed"), &json!("model_not_found")),
                "{reply}"
            );
            assert!(of("delta", index).is_none());
        } else {
            assert_eq!(
                (&reply["content"], &of("delta", index).unwrap()["content"]),
                (&json!("re: hello"), &json!("re: hello"))
            );
        }
        let id = of("start", index).unwrap()["id"].as_str().unwrap();
        assert_eq!(server.guest().get(&format!("/x/completions/{id}")).await.ok()["status"], reply["status"]);
    }
    assert_eq!(events.last().unwrap()["type"], "done");
    assert_eq!(events.iter().filter(|event| event["type"] == "done").count(), 1);
}

#[tokio::test]
async fn caller_who_leaves_cancels_all_answers() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let body = json!({ "models": MODELS, "prompt": "hello", "stream": true });
    let mut stream = server.guest().post_stream("/x/compare", &body).await;
    let start: Value = serde_json::from_str(&stream.data().await.unwrap()).unwrap();
    gate.reached(1).await;
    let first = fake.wait_for("POST", "/api/chat").await;
    drop(stream);
    fake.closed(first.index).await;
    let path = format!("/x/completions/{}", start["id"].as_str().unwrap());
    assert_eq!(server.guest().get(&path).await.ok()["status"], "cancelled");
    // The one that waited for it never asks.
    let state = async || server.guest().get("/x/queue").await.ok();
    while state().await["waiting"] != 0 {}
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
}

#[tokio::test]
async fn wrong_comparison_names_its_field() {
    let (fake, server) = started().await;
    for (body, param) in [
        (json!({ "models": MODELS }), "prompt"),
        (json!({ "prompt": "x" }), "models"),
        (json!({ "prompt": "x", "models": ["a"] }), "models"),
        (json!({ "prompt": "x", "models": ["a", "b", "c", "d", "e"] }), "models"),
        (json!({ "prompt": "x", "models": ["a", ""] }), "models[1]"),
    ] {
        let refused = server.guest().post("/x/compare", &body).await.error(400);
        assert_eq!(refused["param"], param, "{body}: {refused}");
    }
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
}
