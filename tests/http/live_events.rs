//! `/x/events`: what a page shows, as it changes.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::own_conversations::answer_with_question;
use super::{started, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_client::{HttpClient, HttpStream, stream};
use crate::support::http_server::HttpServer;

const MODEL: &str = "qwen2.5-coder:0.5b";
const PATIENCE: Duration = Duration::from_secs(20);

async fn open(client: &HttpClient, query: &str) -> HttpStream {
    let events = stream(client.request("GET", &format!("/x/events{query}"))).await;
    assert_eq!((events.status, events.header("content-type")), (200, "text/event-stream"));
    events
}

/// The next event.
async fn any(events: &mut HttpStream) -> Value {
    serde_json::from_str(&events.data().await.expect("the stream goes on")).unwrap()
}

/// The next event of a type. Comments keep a stream alive, so this has a limit of its own.
async fn next(events: &mut HttpStream, kind: &str) -> Value {
    let found = async {
        loop {
            let event = any(events).await;
            if event["type"] == kind {
                return event;
            }
        }
    };
    timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("there is no event {kind}"))
}

/// The events of a turn up to its end, and the HTML that they make.
async fn turn(events: &mut HttpStream) -> (Vec<Value>, Vec<String>) {
    timeout(PATIENCE, whole_turn(events)).await.expect("the turn ends")
}

async fn whole_turn(events: &mut HttpStream) -> (Vec<Value>, Vec<String>) {
    let (mut seen, mut blocks) = (Vec::new(), Vec::<String>::new());
    loop {
        let event = any(events).await;
        if event["type"] == "blocks" {
            for block in event["blocks"].as_array().unwrap() {
                let index = usize::try_from(block["index"].as_u64().unwrap()).unwrap();
                blocks.resize(blocks.len().max(index + 1), String::new());
                blocks[index] = block["html"].as_str().unwrap().to_owned();
            }
            blocks.truncate(usize::try_from(event["count"].as_u64().unwrap()).unwrap());
        }
        let is_end = event["type"] == "end";
        seen.push(event);
        if is_end {
            return (seen, blocks);
        }
    }
}

/// Starts a turn in the background; its completion and its conversation.
async fn begin(client: &HttpClient, conversation: Option<&str>, message: &str) -> (String, String) {
    let path =
        conversation.map_or("/x/conversations".to_owned(), |id| format!("/x/conversations/{id}/turns"));
    let body = json!({ "message": message, "model": MODEL, "background": true });
    let answer = client.post(&path, &body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let started = answer.json();
    let id = |name: &str| started[name].as_str().unwrap().to_owned();
    (id("id"), id("chat_id"))
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn turn_in_the_background_comes_as_blocks_and_is_stored() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    let pieces = ["# Sky\n\nIt is **bl", "ue**.\n\n<script>alert(1)</script>"];
    let mut chunks: Vec<Value> = pieces
        .iter()
        .map(|text| json!({ "message": { "role": "assistant", "content": text }, "done": false }))
        .collect();
    chunks.insert(
        0,
        json!({ "message": { "role": "assistant", "content": "", "thinking": "Hm." }, "done": false }),
    );
    chunks.push(json!({ "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": "stop", "eval_count": 5, "eval_duration": 1_000_000_000, "prompt_eval_count": 3 }));
    fake.on("POST", "/api/chat", Answer::ndjson(&chunks).gate_after(2, &gate));
    let (id, conversation) = begin(server.guest(), None, "Why?").await;
    gate.reached(1).await;
    let mut events = open(server.guest(), &format!("?conversation={conversation}")).await;
    let hello = next(&mut events, "hello").await;
    assert_eq!(
        (&hello["me"]["kind"], &hello["version"]),
        (&json!("guest"), &json!(env!("CARGO_PKG_VERSION")))
    );
    let begun = next(&mut events, "turn").await;
    assert_eq!((&begun["id"], &begun["question"]["content"]), (&json!(id), &json!("Why?")));
    let first = next(&mut events, "blocks").await;
    let open_block = first["blocks"].as_array().unwrap().last().unwrap();
    assert_eq!(open_block["open"], true, "{first}");
    // A second page that opens now sees the same from the start.
    let mut second = open(server.guest(), &format!("?conversation={conversation}")).await;
    next(&mut second, "turn").await;
    gate.open();
    let (rest, _) = turn(&mut events).await;
    let (seen, blocks) = turn(&mut second).await;
    assert_eq!(rest.last(), seen.last());
    assert!(kinds(&seen).contains(&"reasoning"), "{seen:?}");
    assert!(blocks[1].contains("<strong>blue</strong>"), "{blocks:?}");
    assert!(!blocks.concat().contains("<script"), "{blocks:?}");
    let end = seen.last().unwrap();
    assert_eq!((&end["stored"], &end["state"]["status"]), (&json!(true), &json!("completed")));
    assert_eq!(end["state"]["timings"]["tokens_per_second"], 5.0);
    let page = server.guest().get(&format!("/x/conversations/{conversation}?html=true")).await.ok();
    let answer = &page["messages"][1];
    assert_eq!(answer["html"], json!(blocks));
    assert!(page["messages"][0].get("html").is_none());
    // One that opens after the end sees it as a stored message alone.
    let mut late = open(server.guest(), &format!("?conversation={conversation}")).await;
    let (_, other) = begin(server.guest(), Some(&conversation), "And now?").await;
    assert_eq!(other, conversation);
    assert_eq!(next(&mut late, "turn").await["question"]["content"], "And now?");
}

#[tokio::test]
async fn stopped_turn_is_stored_with_what_there_is() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let (id, conversation) = begin(server.guest(), None, "Count").await;
    let mut events = open(server.guest(), &format!("?conversation={conversation}")).await;
    next(&mut events, "blocks").await;
    let stopped = server.guest().post(&format!("/x/completions/{id}/stop"), &json!({})).await.ok();
    assert_eq!((&stopped["status"], &stopped["finish_reason"]), (&json!("completed"), &json!("stopped")));
    assert_eq!(next(&mut events, "end").await["stored"], true);
    fake.closed(fake.requests_to("POST", "/api/chat")[0].index).await;
    let page = server.guest().get(&format!("/x/conversations/{conversation}")).await.ok();
    assert_eq!(page["messages"][1]["content"], stopped["content"]);
    assert!(!stopped["content"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn turn_that_is_stopped_before_its_first_word_is_cancelled() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").delay_head(&gate));
    let (id, conversation) = begin(server.guest(), None, "Count").await;
    gate.reached(1).await;
    let stopped = server.guest().post(&format!("/x/completions/{id}/stop"), &json!({})).await.ok();
    assert_eq!(stopped["status"], "cancelled");
    server.guest().get(&format!("/x/conversations/{conversation}")).await.error(404);
    // The question is not lost: the page that opens now gets it.
    let mut events = open(server.guest(), &format!("?conversation={conversation}")).await;
    let (seen, _) = turn(&mut events).await;
    let begun = seen.iter().find(|event| event["type"] == "turn").unwrap();
    assert_eq!(begun["question"]["content"], "Count");
    assert_eq!(seen.last().unwrap()["stored"], false);
}

#[tokio::test]
async fn only_turns_are_stopped() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(1, &gate));
    let body = json!({ "messages": [{ "role": "user", "content": "hi" }], "model": MODEL, "stream": true });
    let mut chat = server.guest().post_stream("/v1/chat/completions", &body).await;
    let chunk: Value = serde_json::from_str(&chat.data().await.unwrap()).unwrap();
    let path = format!("/x/completions/{}/stop", chunk["id"].as_str().unwrap());
    let error = server.guest().post(&path, &json!({})).await.error(400);
    assert!(error["hint"].as_str().unwrap().contains("DELETE"), "{error}");
    server.guest().post("/x/completions/chatcmpl-none/stop", &json!({})).await.error(404);
}

#[tokio::test]
async fn failed_turn_is_told_to_pages_that_open_later_until_one_is_stored() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let client = server.guest();
    let (_, conversation) = begin(client, None, "first").await;
    let mut events = open(client, &format!("?conversation={conversation}")).await;
    turn(&mut events).await;
    let body = json!({ "message": "second", "model": "missing:1b", "background": true });
    client.post(&format!("/x/conversations/{conversation}/turns"), &body).await;
    let (live, _) = turn(&mut events).await;
    let end = live.last().unwrap();
    assert_eq!((&end["stored"], &end["state"]["status"]), (&json!(false), &json!("failed")));
    assert_eq!(end["state"]["error"]["code"], "model_not_found", "{end}");
    let mut later = open(client, &format!("?conversation={conversation}")).await;
    let (seen, _) = turn(&mut later).await;
    assert_eq!(seen.last(), live.last());
    begin(client, Some(&conversation), "third").await;
    turn(&mut later).await;
    let mut fresh = open(client, &format!("?conversation={conversation}")).await;
    begin(client, Some(&conversation), "fourth").await;
    assert_eq!(next(&mut fresh, "turn").await["question"]["content"], "fourth");
}

#[tokio::test]
async fn failed_turn_is_forgotten_once_another_process_has_stored_one() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let local = server.local();
    let (_, conversation) = begin(&local, None, "first").await;
    let mut events = open(&local, &format!("?conversation={conversation}")).await;
    turn(&mut events).await;
    let body = json!({ "message": "second", "model": "missing:1b", "background": true });
    local.post(&format!("/x/conversations/{conversation}/turns"), &body).await;
    assert_eq!(turn(&mut events).await.0.last().unwrap()["stored"], false);
    let arguments = ["--ollama-host", &fake.url(), "--model", MODEL, "chat", "--conversation", &conversation];
    assert_eq!(server.run(&arguments, "third\n").await.ok(), "re: third\n");
    let mut fresh = open(&local, &format!("?conversation={conversation}")).await;
    next(&mut fresh, "hello").await;
    begin(&local, Some(&conversation), "fourth").await;
    assert_eq!(next(&mut fresh, "turn").await["question"]["content"], "fourth");
}

#[tokio::test]
async fn turns_of_others_are_not_told() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let mut guest = open(server.guest(), "?conversation=shared").await;
    next(&mut guest, "hello").await;
    let local = server.local();
    local.post("/chat", &json!({ "message": "secret", "chat_id": "shared", "model": MODEL })).await.ok();
    server
        .guest()
        .post("/chat", &json!({ "message": "own", "chat_id": "shared", "model": MODEL }))
        .await
        .ok();
    assert_eq!(next(&mut guest, "turn").await["question"]["content"], "own");
}

#[tokio::test]
async fn server_that_goes_and_comes_back_is_told() {
    let fake = FakeOllama::start().await.with_defaults();
    let server = HttpServer::start_with(&fake, &[]).await;
    let mut events = open(&server.local(), "").await;
    let up = next(&mut events, "server").await;
    assert_eq!((&up["up"], &up["name"]), (&json!(true), &json!("Ollama")));
    let address = fake.addr();
    fake.stop().await;
    let down = next(&mut events, "server").await;
    assert_eq!(down["up"], false);
    assert!(down["message"].as_str().unwrap().contains("Cannot reach Ollama"), "{down}");
    let _fake = FakeOllama::start_at(address).await.with_defaults();
    assert_eq!(next(&mut events, "server").await["up"], true);
}

#[tokio::test]
async fn guests_learn_no_address_of_a_server_that_is_down() {
    let down = format!("http://{}", FakeOllama::closed_address());
    let server = HttpServer::with(&[("OLLAMA_HOST", &down)]).await;
    let mut events = open(server.guest(), "").await;
    let told = next(&mut events, "server").await.to_string();
    assert!(!told.contains(&down[7..]) && !told.contains("OLLAMA_"), "{told}");
}

#[tokio::test]
async fn end_of_the_server_is_the_last_event() {
    let (_fake, server) = started_with(&[]).await;
    let mut events = open(server.guest(), "").await;
    next(&mut events, "hello").await;
    server.signal("TERM");
    next(&mut events, "shutdown").await;
    assert!(events.rest().await.is_empty());
}

#[tokio::test]
async fn pull_is_told_with_its_progress_and_its_end() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    let status = |status: &str, completed: u64| json!({ "status": status, "digest": "sha256:1", "total": 100, "completed": completed });
    let steps = [status("pulling 1", 10), status("pulling 1", 60), json!({ "status": "success" })];
    fake.on("POST", "/api/pull", Answer::ndjson(&steps).gate_after(2, &gate));
    let local = server.local();
    let mut events = open(&local, "").await;
    next(&mut events, "hello").await;
    let started = local.post("/x/models/pull", &json!({ "model": "new:1b" })).await;
    assert_eq!(started.status, 202, "{started:?}");
    let id = started.json()["id"].clone();
    let job = loop {
        let jobs = next(&mut events, "jobs").await;
        if jobs["jobs"][0]["done"] == 60.0 {
            break jobs["jobs"][0].clone();
        }
    };
    assert_eq!((&job["id"], &job["model"], &job["total"]), (&id, &json!("new:1b"), &json!(100.0)));
    gate.open();
    loop {
        if next(&mut events, "jobs").await["jobs"][0]["state"] == "completed" {
            break;
        }
    }
    // One that opens later gets it at once.
    assert_eq!(next(&mut open(&local, "").await, "jobs").await["jobs"][0]["state"], "completed");
    server.guest().post("/x/models/pull", &json!({ "model": "new:1b" })).await.error(403);
}

#[tokio::test]
async fn changes_of_models_and_conversations_are_told() {
    let (fake, server) = started().await;
    answer_with_question(&fake);
    let local = server.local();
    let mut events = open(&local, "").await;
    next(&mut events, "hello").await;
    local.post("/chat", &json!({ "message": "hi", "chat_id": "notes", "model": MODEL })).await.ok();
    assert_eq!(next(&mut events, "changed").await["conversations"], json!(["notes"]));
    fake.replay("delete");
    local.delete(&format!("/x/models/{MODEL}")).await.ok();
    assert_eq!(next(&mut events, "changed").await["models"], true);
}
