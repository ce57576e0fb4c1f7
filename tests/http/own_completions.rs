//! `/x/completions/{id}` and `/x/queue`: one's own work, seen from any connection.

use serde_json::{Value, json};

use super::{started, started_with};
use crate::support::fake_ollama::{Answer, FakeOllama, Gate};
use crate::support::http_client::{HttpStream, stream};
use crate::support::http_server::HttpServer;
use crate::support::resume::cut_after_bytes;

const CHAT: &str = "/v1/chat/completions";

fn ask() -> Value {
    json!({ "messages": [{ "role": "user", "content": "hi" }], "model": "qwen2.5-coder:0.5b", "stream": true })
}

/// Starts a completion that waits at a gate after two pieces; its id and its stream.
async fn waiting(fake: &FakeOllama, server: &HttpServer, gate: &Gate) -> (String, HttpStream) {
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, gate));
    let mut stream = server.guest().post_stream(CHAT, &ask()).await;
    let chunk: Value = serde_json::from_str(&stream.data().await.unwrap()).unwrap();
    gate.reached(1).await;
    (chunk["id"].as_str().unwrap().to_owned(), stream)
}

/// The events of a completion, each with its id and its data, to the end.
async fn events(mut stream: HttpStream) -> Vec<(String, Value)> {
    assert_eq!((stream.status, stream.header("content-type")), (200, "text/event-stream"));
    let mut events = Vec::new();
    while let Some(event) = stream.event().await {
        let field = |name: &str| {
            event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
        };
        events.push((field("id: "), serde_json::from_str(&field("data: ")).unwrap()));
    }
    events
}

fn content(events: &[(String, Value)]) -> String {
    events.iter().filter_map(|(_, data)| data["content"].as_str()).collect()
}

#[tokio::test]
async fn events_can_be_read_from_any_position_and_end_with_the_state() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    let (id, own) = waiting(&fake, &server, &gate).await;
    let path = format!("/x/completions/{id}");
    let running = server.guest().get(&path).await.ok();
    assert_eq!((&running["id"], &running["status"]), (&json!(id), &json!("running")));
    let follow = || server.guest().request("GET", &path).header("accept", "text/event-stream");
    let live = tokio::spawn(events(stream(follow()).await));
    gate.open();
    let live = live.await.unwrap();
    drop(own);
    let (_, last) = live.last().unwrap();
    assert_eq!(last["type"], "state");
    let state = &last["state"];
    assert_eq!((&state["status"], &state["finish_reason"]), (&json!("completed"), &json!("stop")));
    assert_eq!(state["content"], content(&live));
    assert_eq!(state["usage"]["completion_tokens"], 11);
    let again = events(stream(server.guest().request("GET", &format!("{path}?stream=true"))).await).await;
    assert_eq!(content(&again), content(&live));
    let (position, rest) = (&live[0].0, content(&live[1..]));
    for request in [
        follow().header("last-event-id", position),
        server.guest().request("GET", &format!("{path}?stream=true&after={position}")),
    ] {
        assert_eq!(content(&events(stream(request).await).await), rest);
    }
    let beyond = server.guest().request("GET", &format!("{path}?stream=true&after=c9999.t9.k9"));
    assert_eq!(events(stream(beyond).await).await.len(), 1);
    let error = server.guest().get(&format!("{path}?stream=true&after=x")).await.error(400);
    assert_eq!(error["param"], "after");
}

#[tokio::test]
async fn completion_of_another_owner_is_like_an_unknown_one() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    let (id, _stream) = waiting(&fake, &server, &gate).await;
    let (path, unknown) = (format!("/x/completions/{id}"), "/x/completions/chatcmpl-0");
    let local = server.local();
    for (others, unknown) in [
        (local.get(&path).await, local.get(unknown).await),
        (local.delete(&path).await, local.delete(unknown).await),
        (local.get(&format!("{path}?stream=true")).await, local.get(&format!("{unknown}?stream=true")).await),
    ] {
        assert_eq!(others.status, 404);
        assert_eq!(others.body.replace(&id, "ID"), unknown.body.replace("chatcmpl-0", "ID"));
    }
    assert_eq!(server.guest().get(&path).await.ok()["status"], "running");
}

#[tokio::test]
async fn cancelled_completion_keeps_its_text() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    let (id, mut stream) = waiting(&fake, &server, &gate).await;
    stream.data().await.unwrap();
    let cancelled = server.guest().delete(&format!("/x/completions/{id}")).await.ok();
    assert_eq!((&cancelled["status"], &cancelled["content"]), (&json!("cancelled"), &json!("Three colours")));
    let asked = fake.wait_for("POST", "/api/chat").await;
    fake.closed(asked.index).await;
    assert_eq!(server.guest().get(&format!("/x/completions/{id}")).await.ok(), cancelled);
}

#[tokio::test]
async fn failed_completion_has_its_error_and_its_text() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream_runner_killed_qwen"));
    let body = json!({ "prompt": "hi", "model": "qwen2.5-coder:0.5b" });
    let failed = server.guest().post("/chat", &body).await;
    assert_eq!(failed.header("x-should-retry"), "false");
    let hint = failed.error(502)["hint"].as_str().unwrap().to_owned();
    let path =
        hint.split(' ').find(|word| word.starts_with("/x/completions/")).expect("it names the completion");
    let state = server.guest().get(path).await.ok();
    assert_eq!((&state["status"], &state["content"]), (&json!("failed"), &json!("Sure, here")));
    assert_eq!(state["error"]["code"], "interrupted");
}

#[tokio::test]
async fn queue_shows_ones_own_places() {
    let (fake, server) = started_with(&[("OLLAMA_MCP_MAX_CONCURRENT", "1")]).await;
    let gate = Gate::new();
    let (_running, _stream) = waiting(&fake, &server, &gate).await;
    let mut waiting = server.socket().await;
    waiting.request("POST", CHAT, &[], ask().to_string().as_bytes()).await;
    let queue = loop {
        let queue = server.guest().get("/x/queue").await.ok();
        if queue["waiting"] == 1 {
            break queue;
        }
    };
    assert_eq!((&queue["running"], &queue["max_concurrent"]), (&json!(1), &json!(1)));
    let own = &queue["own"][0];
    assert_eq!((&own["place"], &own["model"]), (&json!(1), &json!("qwen2.5-coder:0.5b")));
    let path = format!("/x/completions/{}", own["id"].as_str().unwrap());
    let state = server.guest().get(&path).await.ok();
    assert_eq!((&state["status"], &state["place"]), (&json!("queued"), &json!(1)));
    let mut follower = stream(server.guest().request("GET", &format!("{path}?stream=true"))).await;
    let first: Value = serde_json::from_str(&follower.data().await.unwrap()).unwrap();
    assert_eq!((&first["type"], &first["place"]), (&json!("queue"), &json!(1)));
    assert_eq!(server.local().get("/x/queue").await.ok()["own"], json!([]));
    let metrics = server.local().get("/metrics").await.body;
    assert!(metrics.contains("ollama_mcp_completions_running 1\n"), "{metrics}");
    assert!(metrics.contains("ollama_mcp_completions_waiting 1\n"), "{metrics}");
}

#[tokio::test]
async fn metrics_count_tokens_of_all_completions() {
    let (_fake, server) = started().await;
    server.guest().post("/chat", &json!({ "prompt": "hi" })).await.ok();
    server.guest().post("/chat", &json!({ "prompt": "hi", "model": "none" })).await.error(404);
    let metrics = server.local().get("/metrics").await.body;
    for line in [
        r#"ollama_mcp_tokens_total{kind="completion"} 11"#,
        r#"ollama_mcp_tokens_total{kind="prompt"} 33"#,
        r#"ollama_mcp_completions_total{outcome="completed"} 1"#,
        r#"ollama_mcp_completions_total{outcome="model_not_found"} 1"#,
        r#"ollama_mcp_http_errors_total{code="model_not_found"} 1"#,
        "ollama_mcp_first_token_seconds_count 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn end_of_the_server_is_an_event() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    let (id, _stream) = waiting(&fake, &server, &gate).await;
    let follower = server.guest().request("GET", &format!("/x/completions/{id}?stream=true"));
    let mut follower = stream(follower).await;
    follower.data().await.unwrap();
    server.signal("TERM");
    let rest = follower.rest().await;
    let last: Value = serde_json::from_str(rest.last().unwrap()).unwrap();
    assert_eq!((&last["type"], &last["error"]["code"]), (&json!("error"), &json!("server_shutdown")));
}

/// The id, the data, and what an update or the end says, of an event that was read as text.
fn read_event(event: &str) -> (String, Value) {
    let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    (field("id: ").to_owned(), serde_json::from_str(field("data: ")).unwrap())
}

/// Each route that generates begins one; its connection is cut, and so is each of those that read on, after a few bytes more.
#[tokio::test(flavor = "multi_thread")]
async fn completion_of_any_dialect_is_read_on_after_every_cut() {
    let (fake, server) = started().await;
    let messages = json!([{ "role": "user", "content": "hi" }]);
    let model = "qwen2.5-coder:0.5b";
    let asked = [
        (CHAT, json!({ "model": model, "messages": messages, "stream": true })),
        ("/v1/completions", json!({ "model": model, "prompt": "hi", "stream": true })),
        ("/v1/responses", json!({ "model": model, "input": "hi", "stream": true })),
        ("/v1/messages", json!({ "model": model, "messages": messages, "max_tokens": 99, "stream": true })),
        ("/api/chat", json!({ "model": model, "messages": messages })),
    ];
    for (count, (route, body)) in asked.into_iter().enumerate() {
        let slowly = Answer::recorded("chat_stream").slow_drip(170, std::time::Duration::from_millis(3));
        fake.on("POST", "/api/chat", slowly);
        let generated =
            Answer::recorded("generate_stream").slow_drip(90, std::time::Duration::from_millis(3));
        fake.on("POST", "/api/generate", generated);
        // With a key it goes on when its caller goes.
        let request = server.guest().posting(route, &body).header("idempotency-key", route);
        let mut own = stream(request).await;
        let by_header = own.header("x-ollama-mcp-completion-id").to_owned();
        let id = match by_header.is_empty() {
            false => by_header,
            true => {
                let first = read_event(&own.event().await.unwrap()).1;
                let ids = ["/id", "/message/id", "/response/id"];
                ids.iter().find_map(|place| first.pointer(place)?.as_str()).unwrap().to_owned()
            }
        };
        drop(own);
        let path = format!("/x/completions/{id}?stream=true");
        let (mut text, mut after, mut state, mut bytes) = (String::new(), String::new(), None, 0);
        while state.is_none() {
            // Inside of an event, at its end, between events: wherever it falls.
            bytes = if bytes > 900 { 1 << 20 } else { bytes + 47 };
            let last_id = format!("Last-Event-ID: {after}");
            let headers: &[&str] = if after.is_empty() { &[] } else { &[&last_id] };
            for event in cut_after_bytes(&server, ("GET", &path, headers, &[]), bytes).await {
                let (position, data) = read_event(&event);
                after = position;
                text.push_str(data["content"].as_str().unwrap_or_default());
                state = data.get("state").cloned().or(state);
            }
        }
        let state = state.unwrap();
        assert_eq!(
            (&state["status"], state["content"].as_str()),
            (&json!("completed"), Some(text.as_str())),
            "{route}"
        );
        assert!(text.len() > 20, "{route}: {text}");
        let generated =
            fake.requests_to("POST", "/api/chat").len() + fake.requests_to("POST", "/api/generate").len();
        assert_eq!(generated, count + 1, "{route}: generated once");
    }
}
