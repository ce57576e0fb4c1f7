//! Turns over `/x/conversations`: streamed, asked again, left and found again.

use serde_json::{Value, json};

use super::own_conversations::answer_with_question;
use super::started;
use crate::support::fake_ollama::{Answer, Gate};
use crate::support::http_client::{HttpStream, stream as stream_of};

const MODEL: &str = "qwen2.5-coder:0.5b";

async fn next(stream: &mut HttpStream) -> Value {
    serde_json::from_str(&stream.data().await.expect("an event")).unwrap()
}

#[tokio::test]
async fn first_turn_makes_a_conversation_and_streams() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    let client = server.guest();
    let body = json!({ "message": "Three colours?", "model": MODEL, "stream": true });
    let mut stream = client.post_stream("/x/conversations", &body).await;
    assert_eq!((stream.status, stream.header("content-type")), (200, "text/event-stream"));
    let start = next(&mut stream).await;
    assert_eq!(start["type"], "start");
    let (mut text, mut last) = (String::new(), Value::Null);
    while let Some(data) = stream.data().await {
        last = serde_json::from_str(&data).unwrap();
        text.push_str(last["content"].as_str().unwrap_or_default());
    }
    assert_eq!((&last["type"], &last["state"]["status"]), (&json!("state"), &json!("completed")));
    assert_eq!((&last["state"]["content"], &last["state"]["chat_id"]), (&json!(text), &start["chat_id"]));
    assert_eq!(last["state"]["id"], start["id"]);
    let stored = client.get(&format!("/x/conversations/{}", start["chat_id"].as_str().unwrap())).await.ok();
    assert_eq!(
        (&stored["messages"][1]["content"], &stored["title"]),
        (&json!(text), &json!("Three colours?"))
    );
}

#[tokio::test]
async fn turn_goes_on_when_its_caller_leaves_and_is_cancelled_by_its_id() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let client = server.guest();
    let body = json!({ "message": "Three colours?", "model": MODEL, "stream": true });
    let mut stream = client.post_stream("/x/conversations", &body).await;
    let start = next(&mut stream).await;
    gate.reached(1).await;
    drop(stream);
    gate.open();
    let path = format!("/x/completions/{}", start["id"].as_str().unwrap());
    let follow = client.request("GET", &path).header("accept", "text/event-stream");
    let mut events = stream_of(follow).await;
    let mut last = Value::Null;
    while let Some(data) = events.data().await {
        last = serde_json::from_str(&data).unwrap();
    }
    assert_eq!(last["state"]["status"], "completed", "{last}");
    let conversation = format!("/x/conversations/{}", start["chat_id"].as_str().unwrap());
    assert_eq!(client.get(&conversation).await.ok()["message_count"], 2);

    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut stream = client.post_stream(&format!("{conversation}/turns"), &body).await;
    let start = next(&mut stream).await;
    gate.reached(1).await;
    let cancelled = client.delete(&format!("/x/completions/{}", start["id"].as_str().unwrap())).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(client.get(&conversation).await.ok()["message_count"], 2, "half a turn is not stored");
}

#[tokio::test]
async fn last_turn_is_asked_again_or_replaced() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let client = server.guest();
    let turns = "/x/conversations/a/turns";
    client.post(turns, &json!({ "message": "one" })).await.error(404);
    for text in ["one", "two"] {
        client.post("/chat", &json!({ "message": text, "chat_id": "a", "model": MODEL })).await.ok();
    }
    let again = client.post(turns, &json!({ "replace_last": true })).await.ok();
    assert_eq!((&again["content"], &again["status"]), (&json!("re: two"), &json!("completed")));
    let asked = fake.requests_to("POST", "/api/chat").pop().unwrap().json();
    let sent: Vec<_> =
        asked["messages"].as_array().unwrap().iter().map(|message| &message["content"]).collect();
    assert_eq!(sent, ["one", "re: one", "two"], "without the answer that it replaces");
    let messages = async || {
        let page = client.get("/x/conversations/a").await.ok();
        page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["content"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(messages().await, ["one", "re: one", "two", "re: two"]);
    client.post(turns, &json!({ "replace_last": true, "message": "three" })).await.ok();
    assert_eq!(messages().await, ["one", "re: one", "three", "re: three"]);
    client.post(turns, &json!({ "message": "four" })).await.ok();
    assert_eq!(messages().await.len(), 6);
    // A failure leaves what was there.
    fake.on("POST", "/api/chat", Answer::json(500, json!({ "error": "broken" })));
    client.post(turns, &json!({ "replace_last": true })).await.error(502);
    assert_eq!(messages().await.len(), 6);
}

#[tokio::test]
async fn wrong_turn_names_its_field() {
    let (_fake, server) = started().await;
    let client = server.guest();
    for (body, param) in [
        (json!({}), "message"),
        (json!({ "message": " " }), "message"),
        (json!({ "replace_last": true }), "replace_last"),
        (json!({ "message": "x", "format": 5 }), "format"),
        (json!({ "message": "x", "attachments": ["file-none"] }), "attachments"),
    ] {
        let refused = client.post("/x/conversations", &body).await;
        assert!(matches!(refused.status, 400 | 404), "{body}: {refused:?}");
        assert!(
            refused.json()["error"]["param"].as_str().is_some_and(|found| found.starts_with(param)),
            "{body}: {refused:?}"
        );
    }
    let (key, _) = server.with_key(&["chat", "--scopes", "chat"]).await;
    assert_eq!(key.post("/x/conversations", &json!({ "message": "x" })).await.status, 403);
}
