//! `background`: the response goes on without its caller, is polled, streamed again and cancelled.

use serde_json::{Value, json};

use super::super::started;
use super::*;
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_server::HttpServer;

/// A response in the background that waits at a gate after two pieces.
async fn waiting(fake: &FakeOllama, server: &HttpServer, gate: &Gate) -> Value {
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, gate));
    let response = server.guest().post(PATH, &ask("hi", json!({ "background": true }))).await.ok();
    gate.reached(1).await;
    response
}

#[tokio::test]
async fn answer_is_there_at_once_and_the_end_is_polled() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").delay_head(&gate));
    let begun = server.guest().post(PATH, &ask("hi", json!({ "background": true }))).await.ok();
    assert!(matches!(begun["status"].as_str(), Some("queued" | "in_progress")), "{begun}");
    assert_eq!((&begun["background"], &begun["output"]), (&json!(true), &json!([])));
    gate.reached(1).await;
    let path = path_of(&begun);
    assert_eq!(server.guest().get(&path).await.ok()["status"], "in_progress");
    gate.open();
    let response = ended(server.guest(), &path).await;
    assert_eq!((&response["status"], &response["id"]), (&json!("completed"), &begun["id"]));
    assert!(text_of(&response).starts_with("Three colours are"), "{response}");
    let events = events_of(&server.guest().get(&format!("{path}?stream=true")).await);
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).take(3).collect();
    assert_eq!(names, ["response.created", "response.queued", "response.in_progress"]);
    assert_eq!(events[0].1["response"]["status"], "queued");
}

#[tokio::test]
async fn same_completion_is_found_by_our_own_route_and_by_mcp() {
    let (_fake, server) = started().await;
    let client = server.guest();
    let response = client.post(PATH, &ask("hi", json!({ "background": true }))).await.ok();
    let response = ended(client, &path_of(&response)).await;
    let id = response["id"].as_str().unwrap();
    let state = client.get(&format!("/x/completions/{id}")).await.ok();
    assert_eq!((&state["status"], &state["content"]), (&json!("completed"), &json!(text_of(&response))));
    assert_eq!(state["id"], response["ollama_mcp"]["completion_id"]);
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "get_completion", "arguments": { "completion_id": id } } });
    let result = client.post("/mcp", &call).await.json();
    assert_eq!(result["result"]["isError"], false, "{result}");
    assert!(result.to_string().contains("Three colours are"), "{result}");
    let others = server.local().post("/mcp", &call).await.json();
    assert_eq!(others["result"]["isError"], true, "{others}");
}

#[tokio::test]
async fn cancelled_response_keeps_what_was_generated() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    let running = waiting(&fake, &server, &gate).await;
    let path = path_of(&running);
    let mut stream = server.guest().request("GET", &format!("{path}?stream=true"));
    stream = stream.header("accept", "text/event-stream");
    let mut stream = crate::support::http_client::stream(stream).await;
    stream.data().await.unwrap();
    let cancelled = server.guest().post(&format!("{path}/cancel"), &json!({})).await.ok();
    assert_eq!((&cancelled["status"], text_of(&cancelled).as_str()), (&json!("cancelled"), "Three colours"));
    fake.closed(fake.wait_for("POST", "/api/chat").await.index).await;
    let rest = parsed(&crate::support::resume::all_events(&mut stream).await);
    let (name, data) = rest.last().unwrap();
    assert_eq!((name.as_str(), &data["response"]), ("response.failed", &cancelled));
    // Again, and afterwards, it is the same.
    assert_eq!(server.guest().post(&format!("{path}/cancel"), &json!({})).await.ok(), cancelled);
    assert_eq!(server.guest().get(&path).await.ok(), cancelled);
}

#[tokio::test]
async fn ended_response_that_somebody_waited_for_cannot_be_cancelled() {
    let (_fake, server) = started().await;
    for more in [json!({}), json!({ "store": true })] {
        let response = server.guest().post(PATH, &ask("hi", more)).await.ok();
        let error =
            server.guest().post(&format!("{}/cancel", path_of(&response)), &json!({})).await.error(400);
        assert!(error["message"].as_str().unwrap().contains("synchronous"), "{error}");
    }
}

#[tokio::test]
async fn failure_in_the_background_is_the_state() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::json(500, json!({ "error": "boom" })));
    let response = server.guest().post(PATH, &ask("hi", json!({ "background": true }))).await.ok();
    let failed = ended(server.guest(), &path_of(&response)).await;
    assert_eq!((&failed["status"], &failed["output"]), (&json!("failed"), &json!([])));
    assert!(failed["error"]["message"].as_str().unwrap().contains("boom"), "{failed}");
    fake.on("POST", "/api/chat", Answer::json(404, json!({ "error": "model 'none:1b' not found" })));
    let missing = json!({ "background": true, "model": "none:1b", "stream": true });
    let events = events_of(&server.guest().post(PATH, &ask("hi", missing)).await);
    let (name, data) = events.last().unwrap();
    assert_eq!(
        (name.as_str(), &data["response"]["error"]["code"]),
        ("response.failed", &json!("model_not_found"))
    );
}

#[tokio::test]
async fn one_caller_does_not_fill_the_background() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut begun = 0;
    let refused = loop {
        let answer = server.guest().post(PATH, &ask("hi", json!({ "background": true }))).await;
        if answer.status != 200 {
            break answer;
        }
        begun += 1;
    };
    assert_eq!((begun, &refused.error(429)["code"]), (32, &json!("overloaded")));
}
