//! What generates is a completion: it has an id, takes its turn, and ends with its caller.

use serde_json::{Value, json};

use super::{CHAT, ID, MODEL, chat};
use crate::http::{answer_all, started, started_with};
use crate::support::fake_ollama::{Answer, Gate, Recording};
use crate::support::http_client::{HttpClient, answer, stream};

fn recorded_text(case: &str) -> String {
    let body = Recording::load(case).body;
    let lines = body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter_map(|line| line["message"]["content"].as_str().map(str::to_owned)).collect()
}

async fn get_completion(client: &HttpClient, id: &str) -> Value {
    let arguments = json!({ "completion_id": id, "wait_seconds": 5 });
    let params = json!({ "name": "get_completion", "arguments": arguments });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    client.post("/mcp", &call).await.ok()["result"].take()
}

/// The calls of the client that wait in the queue, once there are so many.
async fn waiting(client: &HttpClient, count: usize) -> Vec<Value> {
    loop {
        let own = client.get("/x/queue").await.ok()["own"].as_array().unwrap().clone();
        if own.len() == count {
            return own;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn completion_is_found_by_its_id_while_it_runs_and_afterwards() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", CHAT, Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut open = server.guest().post_stream(CHAT, &chat(true)).await;
    let id = open.header(ID).to_owned();
    assert!(id.starts_with("chatcmpl-"), "{id}");
    for _ in 0..2 {
        open.line().await.unwrap();
    }
    let path = format!("/x/completions/{id}");
    let running = server.guest().get(&path).await.ok();
    assert_eq!((&running["status"], &running["content"]), (&json!("running"), &json!("Three colours")));
    // Others do not find it, and a follower may come and go.
    assert_eq!(server.local().get(&path).await.status, 404);
    let mut follower =
        stream(server.guest().request("GET", &path).header("accept", "text/event-stream")).await;
    assert!(follower.data().await.unwrap().contains("Three colours"));
    drop(follower);
    gate.open();
    while open.line().await.is_some() {}
    let text = recorded_text("chat_stream");
    let ended = server.guest().get(&path).await.ok();
    assert_eq!((&ended["status"], &ended["content"]), (&json!("completed"), &json!(text)));
    assert_eq!((&ended["usage"]["completion_tokens"], &ended["model"]), (&json!(11), &json!(MODEL)));
    let fetched = get_completion(server.guest(), &id).await;
    assert_eq!(fetched["structuredContent"]["choices"][0]["message"]["content"], text, "{fetched}");
    let metrics = server.local().get("/metrics").await.body;
    assert!(metrics.contains("ollama_mcp_completions_total{outcome=\"completed\"} 1"), "{metrics}");
    assert!(metrics.contains("ollama_mcp_tokens_total{kind=\"completion\"} 11"), "{metrics}");
}

#[tokio::test]
async fn caller_that_goes_stops_its_model() {
    let (fake, server) = started().await;
    fake.on("POST", CHAT, Answer::recorded("chat_stream").gate_after(2, &Gate::new()));
    fake.on("POST", "/api/embed", Answer::recorded("embed_model_ok").delay_head(&Gate::new()));
    let mut open = server.guest().post_stream(CHAT, &chat(true)).await;
    open.line().await.unwrap();
    let asked = fake.wait_for("POST", CHAT).await;
    drop(open);
    fake.closed(asked.index).await;
    // Also one that has no answer yet.
    let texts = json!({ "model": MODEL, "input": "a" });
    let client = server.guest().clone();
    let waiting = tokio::spawn(async move { client.post("/api/embed", &texts).await });
    let asked = fake.wait_for("POST", "/api/embed").await;
    waiting.abort();
    fake.closed(asked.index).await;
}

#[tokio::test]
async fn cancelled_completion_ends_its_stream_with_an_error() {
    let (fake, server) = started().await;
    fake.on("POST", CHAT, Answer::recorded("chat_stream").gate_after(2, &Gate::new()));
    let mut open = server.guest().post_stream(CHAT, &chat(true)).await;
    let (id, asked) = (open.header(ID).to_owned(), fake.wait_for("POST", CHAT).await);
    let cancelled = server.guest().delete(&format!("/x/completions/{id}")).await.ok();
    assert_eq!(cancelled["status"], "cancelled");
    let mut last = String::new();
    while let Some(line) = open.line().await {
        last = line;
    }
    assert!(last.starts_with("{\"error\":\"The completion was cancelled"), "{last}");
    fake.closed(asked.index).await;
}

#[tokio::test]
async fn same_key_replays_the_same_bytes_and_generates_once() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    let recording = Recording::load("chat_stream");
    fake.on("POST", CHAT, recording.answer().gate_after(2, &gate));
    let keyed = |body: &Value| server.guest().posting(CHAT, body).header("idempotency-key", "k");
    let mut lost = stream(keyed(&chat(true))).await;
    let id = lost.header(ID).to_owned();
    lost.line().await.unwrap();
    // The connection is lost in the middle, and the completion goes on.
    drop(lost);
    let follower = tokio::spawn(answer(keyed(&chat(true))));
    gate.open();
    for again in [follower.await.unwrap(), answer(keyed(&chat(true))).await] {
        assert_eq!((again.status, again.header(ID), &again.body), (200, id.as_str(), &recording.body));
        assert_eq!(again.header("content-type"), "application/x-ndjson");
    }
    assert_eq!(answer(keyed(&chat(false))).await.status, 409);
    assert_eq!(fake.requests_to("POST", CHAT).len(), 1);
    let others = server.local().posting(CHAT, &chat(true)).header("idempotency-key", "k");
    assert_ne!(answer(others).await.header(ID), id);
}

#[tokio::test]
async fn only_the_name_of_the_model_is_changed() {
    let aliases = ("OLLAMA_MCP_SERVE_MODEL_ALIASES", "gpt-4o=gemma3:270m");
    let (fake, server) = started_with(&[aliases, ("OLLAMA_MODEL", MODEL)]).await;
    answer_all(&fake);
    // The fake itself knows the one spelling of the field.
    fake.on("POST", CHAT, Answer::recorded("chat_nonstream"));
    let sent = |path: &'static str, body: &'static str| {
        let (fake, client) = (&fake, server.guest());
        async move {
            let answered = answer(client.request("POST", path).body(body)).await;
            assert_eq!(answered.status, 200, "{answered:?}");
            String::from_utf8(fake.requests_to("POST", path).pop().unwrap().body.clone()).unwrap()
        }
    };
    for (body, expected) in [
        (
            r#"{ "stream" : false, "model" : "gpt-4o", "messages": [{"content":"\u0061"}] }"#,
            r#"{ "stream" : false, "model" : "gemma3:270m", "messages": [{"content":"\u0061"}] }"#,
        ),
        (
            r#"{"model":"default","messages":[{}],"options":{"seed":1.0}}"#,
            r#"{"model":"qwen2.5-coder:0.5b","messages":[{}],"options":{"seed":1.0}}"#,
        ),
        (r#"{"messages":[{}]}"#, r#"{"model":"qwen2.5-coder:0.5b","messages":[{}]}"#),
        (r#"{"Model":"gemma3:270m","messages":[{}]} "#, r#"{"Model":"gemma3:270m","messages":[{}]} "#),
    ] {
        assert_eq!(sent(CHAT, body).await, expected);
    }
    let shown = sent("/api/show", r#"{"name":"gpt-4o"}"#).await;
    assert_eq!(shown, r#"{"name":"gemma3:270m"}"#);
    assert_eq!(sent("/api/show", r#"{"model":"default"}"#).await, r#"{"model":"qwen2.5-coder:0.5b"}"#);
    let twice = answer(server.guest().request("POST", CHAT).body(r#"{"model":"a","MODEL":"b"}"#)).await;
    assert_eq!(
        (twice.status, twice.json()),
        (400, json!({ "error": "model is given more than once; give it once" }))
    );
}

#[tokio::test]
async fn every_kind_takes_its_turn_and_loading_does_not() {
    let (fake, server) = started_with(&[("OLLAMA_MCP_MAX_CONCURRENT", "1")]).await;
    answer_all(&fake);
    let gate = Gate::new();
    fake.on_next("POST", CHAT, Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut first = server.local().post_stream(CHAT, &chat(true)).await;
    first.line().await.unwrap();
    let requests = [
        (CHAT, chat(false)),
        ("/api/generate", json!({ "model": MODEL, "prompt": "a" })),
        ("/api/embed", json!({ "model": MODEL, "input": "a" })),
    ];
    let mut answers = Vec::new();
    for (number, (path, body)) in requests.into_iter().enumerate() {
        let client = server.guest().clone();
        answers.push(tokio::spawn(async move { client.post(path, &body).await }));
        waiting(server.guest(), number + 1).await;
    }
    let own = waiting(server.guest(), 3).await;
    let places: Vec<_> = own.iter().map(|call| call["place"].as_u64().unwrap()).collect();
    assert_eq!((places, &own[0]["model"]), (vec![1, 2, 3], &json!(MODEL)));
    // Nothing of them has reached the model server, and a load needs no turn.
    assert_eq!(fake.requests_to("POST", "/api/generate").len(), 0);
    let loaded = server.guest().post("/api/generate", &json!({ "model": MODEL, "keep_alive": "10m" })).await;
    assert_eq!((loaded.status, loaded.header(ID)), (200, ""));
    // One in the queue is cancelled by its id.
    let id = own[2]["id"].as_str().unwrap();
    server.guest().delete(&format!("/x/completions/{id}")).await.ok();
    gate.open();
    let mut statuses = Vec::new();
    for answer in answers {
        statuses.push(answer.await.unwrap().status);
    }
    assert_eq!(statuses, [200, 200, 409]);
    assert_eq!(fake.peak_in_flight(), 2, "the load and one completion");
}

#[tokio::test]
async fn warnings_are_in_a_header_and_in_the_state() {
    let (fake, server) = started().await;
    fake.on("POST", CHAT, Answer::recorded("chat_options_num_predict_length"));
    let mut body = chat(false);
    body["options"] = json!({ "num_cxt": 4, "num_predict": 3 });
    let answered = server.guest().post(CHAT, &body).await;
    let told = answered.header("x-ollama-mcp-warnings");
    assert!(told.starts_with("options.num_cxt is not an Ollama option"), "{told}");
    assert!(told.contains("The reply stopped at max_tokens (3)"), "{told}");
    assert_eq!(answered.body, Recording::load("chat_options_num_predict_length").body);
    let state = server.guest().get(&format!("/x/completions/{}", answered.header(ID))).await.ok();
    assert_eq!(state["warnings"].as_array().unwrap().len(), 2, "{state}");
    fake.on("POST", CHAT, Answer::recorded("chat_stream"));
    body["stream"] = json!(true);
    let streamed = server.guest().post(CHAT, &body).await;
    // A stream tells what is known before it begins.
    let told = streamed.header("x-ollama-mcp-warnings");
    assert!(told.contains("num_cxt") && !told.contains("max_tokens"), "{told}");
}
