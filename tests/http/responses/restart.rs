//! Responses on disk: after the end of the server, however it came, and at another server over the same database.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_server::HttpServer;

/// A fake, and a directory that several servers have one after another, or together.
struct World {
    fake: FakeOllama,
    data: TempDir,
}

impl World {
    async fn new() -> Self {
        Self { fake: FakeOllama::start().await.with_defaults(), data: TempDir::new().unwrap() }
    }

    async fn server(&self, instance: &str) -> HttpServer {
        let path = self.data.path().to_str().unwrap();
        let variables = [("OLLAMA_MCP_DATA_DIR", path), ("OLLAMA_MCP_SERVE_INSTANCE", instance)];
        HttpServer::start_with(&self.fake, &variables).await
    }

    /// A response in the background that waits at a gate after two pieces.
    async fn waiting(&self, server: &HttpServer, gate: &Gate) -> Value {
        self.fake.on_next("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, gate));
        let response = server.guest().post(PATH, &ask("hi", json!({ "background": true }))).await.ok();
        gate.reached(1).await;
        // The pieces have come.
        loop {
            let now = server.guest().get(&path_of(&response)).await.ok();
            if text_of(&now) == "Three colours" {
                return now;
            }
        }
    }
}

#[tokio::test]
async fn ended_response_survives_and_is_continued() {
    let world = World::new().await;
    let server = world.server("one").await;
    let client = server.guest();
    let memory = client.post(PATH, &ask("In memory.", json!({}))).await.ok();
    let stored = json!({ "store": true, "previous_response_id": memory["id"], "metadata": { "a": "b" } });
    let first = client.post(PATH, &ask("On disk.", stored)).await.ok();
    let second = client
        .post(PATH, &ask("Too.", json!({ "background": true, "previous_response_id": first["id"] })))
        .await
        .ok();
    let second = ended(client, &path_of(&second)).await;
    let events = client.get(&format!("{}?stream=true", path_of(&second))).await;
    server.stop().await;
    let server = world.server("one").await;
    let client = server.guest();
    assert_eq!(client.get(&path_of(&memory)).await.status, 404);
    assert_eq!(client.get(&path_of(&first)).await.ok(), first);
    assert_eq!(client.get(&path_of(&second)).await.ok(), second);
    // Our own route knows it, by the id of any API.
    let id = second["id"].as_str().unwrap().strip_prefix("resp_").unwrap();
    for form in ["resp_", "chatcmpl-"] {
        let state = client.get(&format!("/x/completions/{form}{id}")).await.ok();
        assert_eq!((&state["status"], &state["id"]), (&json!("completed"), &json!(format!("chatcmpl-{id}"))));
        assert_eq!(state["content"], second["output"][0]["content"][0]["text"], "{state}");
        assert_eq!(state["usage"]["completion_tokens"], second["usage"]["output_tokens"], "{state}");
    }
    let third = client.post(PATH, &ask("Third.", json!({ "previous_response_id": second["id"] }))).await;
    assert_eq!(third.status, 200, "{third:?}");
    let messages = asked(&world.fake)["messages"].clone();
    let questions: Vec<_> = messages
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "user")
        .map(|message| message["content"].as_str().unwrap())
        .collect();
    assert_eq!(questions, ["In memory.", "On disk.", "Too.", "Third."]);
    let items = client.get(&format!("{}/input_items?order=asc", path_of(&second))).await.ok();
    assert_eq!(items["data"].as_array().unwrap().len(), 5, "{items}");
    // Its events can be read once more, and the end after any of them.
    let again = client.get(&format!("{}?stream=true", path_of(&second))).await;
    let text = |answer: &HttpAnswer| -> String {
        let events = events_of(answer);
        let deltas = events.iter().filter(|(name, _)| name == "response.output_text.delta");
        deltas.map(|(_, data)| data["delta"].as_str().unwrap()).collect()
    };
    assert_eq!(text(&again), text(&events));
    let rest = events_of(&client.get(&format!("{}?stream=true&starting_after=4", path_of(&second))).await);
    assert_eq!((rest.len(), &rest[0].1["sequence_number"], &rest[0].1["response"]), (1, &json!(5), &second));
    let cancelled = client.post(&format!("{}/cancel", path_of(&second)), &json!({})).await;
    assert_eq!(cancelled.ok(), second);
    client.delete(&path_of(&first)).await.ok();
    assert_eq!(client.get(&path_of(&first)).await.status, 404);
    // What is deleted is not continued, and says so.
    let error =
        client.post(PATH, &ask("Fourth.", json!({ "previous_response_id": second["id"] }))).await.error(400);
    assert_eq!(error["code"], "previous_response_not_found");
    assert!(error["message"].as_str().unwrap().contains(first["id"].as_str().unwrap()), "{error}");
}

#[tokio::test]
async fn running_response_fails_with_the_end_of_its_server() {
    for signal in ["TERM", "KILL"] {
        let world = World::new().await;
        let server = world.server("one").await;
        let running = world.waiting(&server, &Gate::new()).await;
        server.signal(signal);
        server.ended().await;
        // By whatever name it comes back.
        let server = world.server("another").await;
        let failed = server.guest().get(&path_of(&running)).await.ok();
        assert_eq!(
            (&failed["status"], &failed["error"]["code"]),
            (&json!("failed"), &json!("server_error")),
            "{signal}"
        );
        assert!(
            failed["error"]["message"].as_str().unwrap().starts_with("The server ended while"),
            "{failed}"
        );
        if signal == "TERM" {
            assert_eq!(
                (text_of(&failed).as_str(), &failed["output"][0]["status"]),
                ("Three colours", &json!("incomplete"))
            );
        }
        // It has ended, so it can be continued and deleted.
        server.guest().post(PATH, &ask("ho", json!({ "previous_response_id": running["id"] }))).await.ok();
        server.guest().delete(&path_of(&running)).await.ok();
    }
}

#[tokio::test]
async fn running_response_is_named_by_its_instance_elsewhere() {
    let world = World::new().await;
    let (one, two) = (world.server("one").await, world.server("two").await);
    let gate = Gate::new();
    let running = world.waiting(&one, &gate).await;
    let path = path_of(&running);
    for answer in [
        two.guest().get(&path).await,
        two.guest().get(&format!("{path}?stream=true")).await,
        two.guest().post(&format!("{path}/cancel"), &json!({})).await,
        two.guest().delete(&path).await,
        two.guest().post(PATH, &ask("ho", json!({ "previous_response_id": running["id"] }))).await,
    ] {
        let error = answer.error(409);
        assert_eq!(error["code"], "response_elsewhere");
        assert!(error["message"].as_str().unwrap().ends_with("by the instance one"), "{error}");
    }
    let key = std::fs::read_to_string(world.data.path().join("local.key")).unwrap();
    let other = two.guest().clone().with_key(&key);
    assert_eq!(other.get(&path).await.status, 404, "another owner learns nothing");
    gate.open();
    let response = ended(one.guest(), &path).await;
    assert_eq!(two.guest().get(&path).await.ok(), response);
    // What one deletes, the other does not give from its memory.
    two.guest().delete(&path).await.ok();
    assert_eq!(one.guest().get(&path).await.status, 404);
    let error =
        one.guest().post(PATH, &ask("ho", json!({ "previous_response_id": running["id"] }))).await.error(400);
    assert_eq!(error["code"], "previous_response_not_found");
}

#[tokio::test]
async fn response_that_cannot_be_stored_is_given_with_a_warning() {
    let fake = FakeOllama::start().await.with_defaults();
    let server = HttpServer::start(&fake).await;
    std::fs::create_dir_all(server.data_dir().join("conversations.db")).unwrap();
    let response = server.guest().post(PATH, &ask("hi", json!({ "store": true }))).await.ok();
    let warning = response["ollama_mcp"]["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("The answer is not stored: "), "{warning}");
    let next = json!({ "previous_response_id": response["id"] });
    server.guest().post(PATH, &ask("ho", next)).await.ok();
}
