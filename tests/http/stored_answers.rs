//! Answers with `store: true`: kept on disk, listed, labelled and deleted as in OpenAI's API, by their owner alone.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::started;
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_client::HttpClient;
use crate::support::http_server::HttpServer;

const CHAT: &str = "/v1/chat/completions";
const MODEL: &str = "qwen2.5-coder:0.5b";

fn ask(text: &str, more: Value) -> Value {
    let mut body =
        json!({ "messages": [{ "role": "user", "content": text }], "model": MODEL, "store": true });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

/// Asks for an answer that is stored; its id.
async fn stored(client: &HttpClient, text: &str, more: Value) -> String {
    let answer = client.post(CHAT, &ask(text, more)).await;
    assert_eq!(answer.header("x-ollama-mcp-ignored"), "");
    answer.ok()["id"].as_str().unwrap().to_owned()
}

fn ids(list: &Value) -> Vec<&str> {
    list["data"].as_array().unwrap().iter().map(|answer| answer["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn stored_answer_is_what_was_answered_with_its_labels_and_messages() {
    let (_fake, server) = started().await;
    let client = server.guest();
    let answer = client.post(CHAT, &ask("hi", json!({ "metadata": { "topic": "greeting" } }))).await.ok();
    let path = format!("{CHAT}/{}", answer["id"].as_str().unwrap());
    let mut expected = answer.clone();
    expected["metadata"] = json!({ "topic": "greeting" });
    assert_eq!(client.get(&path).await.ok(), expected);
    let updated = client.post(&path, &json!({ "metadata": { "topic": "farewell" } })).await.ok();
    assert_eq!(updated["metadata"], json!({ "topic": "farewell" }));
    let messages = client.get(&format!("{path}/messages")).await.ok();
    let id = format!("{}-0", answer["id"].as_str().unwrap());
    assert_eq!(messages["data"], json!([{ "id": id, "role": "user", "content": "hi" }]));
    assert_eq!((&messages["first_id"], &messages["has_more"]), (&json!(id), &json!(false)));
    let deleted = client.delete(&path).await.ok();
    assert_eq!(deleted["object"], "chat.completion.deleted");
    for gone in [client.get(&path).await, client.delete(&path).await, client.post(&path, &json!({})).await] {
        assert_eq!(gone.error(404)["code"], "completion_not_found");
    }
}

#[tokio::test]
async fn streamed_answer_is_stored_before_its_stream_ends() {
    let (_fake, server) = started().await;
    let answer = server.guest().post(CHAT, &ask("hi", json!({ "stream": true }))).await;
    let events = answer.events();
    assert_eq!(events.last().unwrap(), "[DONE]");
    let first: Value = serde_json::from_str(&events[0]).unwrap();
    let text: String = events[..events.len() - 1]
        .iter()
        .filter_map(|event| {
            let chunk: Value = serde_json::from_str(event).unwrap();
            chunk["choices"][0]["delta"]["content"].as_str().map(str::to_owned)
        })
        .collect();
    let stored = server.guest().get(&format!("{CHAT}/{}", first["id"].as_str().unwrap())).await.ok();
    assert_eq!(stored["choices"][0]["message"]["content"], text);
}

#[tokio::test]
async fn list_has_pages_and_selects_by_model_and_labels() {
    let (_fake, server) = started().await;
    let client = server.guest();
    let mut made = Vec::new();
    for number in 0..5 {
        let label = if number % 2 == 0 { "even" } else { "odd" };
        made.push(stored(client, "hi", json!({ "metadata": { "parity": label } })).await);
    }
    // Those of one second are in the order of their ids.
    let all = client.get(CHAT).await.ok();
    let mut listed = ids(&all);
    assert_eq!(all["has_more"], false);
    let reversed = client.get(&format!("{CHAT}?order=desc")).await.ok();
    listed.reverse();
    assert_eq!(ids(&reversed), listed);
    listed.reverse();
    let first = client.get(&format!("{CHAT}?limit=2")).await.ok();
    assert_eq!((ids(&first), &first["has_more"]), (listed[..2].to_vec(), &json!(true)));
    let path = format!("{CHAT}?limit=3&after={}", first["last_id"].as_str().unwrap());
    let rest = client.get(&path).await.ok();
    assert_eq!((ids(&rest), &rest["has_more"]), (listed[2..].to_vec(), &json!(false)));
    let even = client.get(&format!("{CHAT}?metadata%5Bparity%5D=even&model={MODEL}")).await.ok();
    let mut even = ids(&even);
    even.sort_unstable();
    let mut expected = vec![&made[0], &made[2], &made[4]];
    expected.sort_unstable();
    assert_eq!(even, expected);
    assert_eq!(ids(&client.get(&format!("{CHAT}?model=other:1b")).await.ok()), [""; 0]);
    for (query, param) in [("limit=0", "limit"), ("limit=101", "limit"), ("order=up", "order")] {
        assert_eq!(client.get(&format!("{CHAT}?{query}")).await.error(400)["param"], param);
    }
    assert_eq!(client.get(&format!("{CHAT}?after=nothing")).await.error(404)["code"], "completion_not_found");
}

#[tokio::test]
async fn stored_answers_belong_to_their_owner() {
    let (_fake, server) = started().await;
    let id = stored(&server.local(), "secret", json!({})).await;
    let path = format!("{CHAT}/{id}");
    for answer in [
        server.guest().get(&path).await,
        server.guest().get(&format!("{path}/messages")).await,
        server.guest().post(&path, &json!({ "metadata": {} })).await,
        server.guest().delete(&path).await,
        server.guest().get(&format!("/x/completions/{id}")).await,
        server.guest().get(&format!("{CHAT}?after={id}")).await,
    ] {
        assert_eq!(answer.error(404)["code"], "completion_not_found");
    }
    assert_eq!(ids(&server.guest().get(CHAT).await.ok()), [""; 0]);
    assert_eq!(ids(&server.local().get(CHAT).await.ok()), [id]);
}

#[tokio::test]
async fn only_whole_answers_that_ask_for_it_are_stored() {
    let (fake, server) = started().await;
    server.guest().post(CHAT, &ask("hi", json!({ "store": false }))).await.ok();
    fake.on("POST", "/api/chat", Answer::json(500, json!({ "error": "broken" })));
    server.guest().post(CHAT, &ask("hi", json!({}))).await.error(502);
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut stream = server.guest().post_stream(CHAT, &ask("hi", json!({ "stream": true }))).await;
    stream.data().await.unwrap();
    gate.reached(1).await;
    drop(stream);
    fake.closed(fake.requests().len() - 1).await;
    assert_eq!(ids(&server.guest().get(CHAT).await.ok()), [""; 0]);
}

#[tokio::test]
async fn stored_answer_survives_the_server_and_is_found_by_its_state() {
    let fake = FakeOllama::start().await.with_defaults();
    let data = TempDir::new().unwrap();
    let (url, path) = (fake.url(), data.path().to_str().unwrap().to_owned());
    let variables = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MCP_DATA_DIR", path.as_str())];
    let start = || HttpServer::with(&variables);
    let server = start().await;
    let answer = server.guest().post(CHAT, &ask("hi", json!({}))).await.ok();
    server.stop().await;
    let server = start().await;
    let id = answer["id"].as_str().unwrap();
    assert_eq!(server.guest().get(&format!("{CHAT}/{id}")).await.ok()["choices"], answer["choices"]);
    let state = server.guest().get(&format!("/x/completions/{id}")).await.ok();
    assert_eq!((&state["status"], &state["id"]), (&json!("completed"), &json!(id)));
    assert_eq!(state["content"], answer["choices"][0]["message"]["content"]);
}

#[tokio::test]
async fn answer_that_cannot_be_stored_is_given_with_a_warning() {
    let (_fake, server) = started().await;
    std::fs::create_dir_all(server.data_dir().join("conversations.db")).unwrap();
    let answer = server.guest().post(CHAT, &ask("hi", json!({}))).await.ok();
    assert!(answer["choices"][0]["message"]["content"].as_str().is_some_and(|text| !text.is_empty()));
    let warning = answer["ollama_mcp"]["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("The answer is not stored: "), "{warning}");
    let streamed = server.guest().post(CHAT, &ask("hi", json!({ "stream": true }))).await.events();
    let [.., warned, done] = &streamed[..] else { panic!("{streamed:?}") };
    assert_eq!(done, "[DONE]");
    let warned: Value = serde_json::from_str(warned).unwrap();
    assert_eq!((&warned["object"], &warned["choices"]), (&json!("chat.completion.chunk"), &json!([])));
    assert!(warned["ollama_mcp"]["warnings"][0].as_str().unwrap().starts_with("The answer is not stored: "));
}
