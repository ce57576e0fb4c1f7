//! The events of streamed messages.

use serde_json::{Value, json};

use super::*;
use crate::http::{started, started_with};
use crate::support::fake_ollama::Gate;
use crate::support::http_client::stream;

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn events_come_in_their_order_and_make_the_whole_message() {
    let (fake, server) = started().await;
    for (case, model) in [
        ("chat_stream", MODEL),
        ("think_model_stream", "qwen2.5-think:0.5b"),
        ("tools_model_call_stream", "qwen2.5-tools:0.5b"),
    ] {
        fake.on("POST", "/api/chat", Answer::recorded(case));
        let body = ask(json!({ "model": model, "stream": true }));
        let answer = post(server.guest(), &body).await;
        assert!(answer.header("request-id").starts_with("req_"));
        assert!(!answer.body.contains("\nid: "), "ids are for those who can come back");
        let events = whole(&answer);
        assert_eq!(kinds(&events)[..2], ["message_start", "ping"], "{case}");
        assert_eq!(kinds(&events)[events.len() - 2..], ["message_delta", "message_stop"], "{case}");
        assert!(events[0]["message"]["usage"]["input_tokens"].as_u64() > Some(0));
        let mut streamed = collected(&events);
        let mut whole = post(server.guest(), &ask(json!({ "model": model }))).await.ok();
        for message in [&mut streamed, &mut whole] {
            for part in ["id", "ollama_mcp"] {
                message.as_object_mut().unwrap().shift_remove(part);
            }
            for block in message["content"].as_array_mut().unwrap() {
                block.as_object_mut().unwrap().shift_remove("id");
            }
        }
        assert_eq!(streamed, whole, "{case}");
    }
}

#[tokio::test]
async fn waiting_stream_begins_on_request_and_pings() {
    let variables = [("OLLAMA_MCP_MAX_CONCURRENT", "1"), ("OLLAMA_MCP_SERVE_COMMENT_AFTER", "1s")];
    let (fake, server) = started_with(&variables).await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").delay_head(&gate));
    let client = server.guest().clone();
    let first = tokio::spawn(async move { post(&client, &ask(json!({}))).await });
    gate.reached(1).await;
    let request = posting(server.guest(), &ask(json!({ "stream": true })));
    let mut waiting = stream(request.header("x-ollama-mcp-events", "queue")).await;
    let mut names = Vec::new();
    for _ in 0..4 {
        let event = waiting.event().await.unwrap();
        names.push(event.lines().next().unwrap().to_owned());
    }
    assert_eq!(names, ["event: message_start", "event: ping", "event: queue", "event: ping"]);
    gate.open();
    let rest = waiting.rest().await;
    assert!(rest.last().unwrap().contains("message_stop"), "{rest:?}");
    first.await.unwrap().ok();
}

#[tokio::test]
async fn thinking_that_is_left_out_is_no_silence() {
    let (fake, server) = started_with(&[("OLLAMA_MCP_SERVE_COMMENT_AFTER", "1s")]).await;
    let model = "qwen2.5-think:0.5b";
    let thought = json!({ "model": model, "message": { "role": "assistant", "content": "", "thinking": "hm" }, "done": false });
    let end = json!({ "model": model, "message": { "role": "assistant", "content": "yes" }, "done": true, "done_reason": "stop" });
    // A token every 0.4 s, each one sooner than a ping.
    let line = format!("{thought}\n").len();
    let thoughts = Answer::ndjson(&[vec![thought; 6], vec![end]].concat());
    fake.on("POST", "/api/chat", thoughts.slow_drip(line, std::time::Duration::from_millis(400)));
    let thinking = json!({ "type": "adaptive", "display": "omitted" });
    let answer =
        post(server.guest(), &ask(json!({ "model": model, "thinking": thinking, "stream": true }))).await;
    let events = whole(&answer);
    let between: Vec<_> = kinds(&events)
        .into_iter()
        .skip_while(|kind| *kind != "content_block_start")
        .take_while(|kind| *kind != "content_block_delta")
        .collect();
    assert!(between.len() > 1 && between.iter().skip(1).all(|kind| *kind == "ping"), "{between:?}");
    assert_eq!(collected(&events)["content"][0]["signature"], "ollama-mcp");
}

#[tokio::test]
async fn stream_with_a_key_goes_on_after_every_event() {
    let (fake, server) = started().await;
    let thought = |content: &str, thinking: &str| json!({ "model": MODEL, "message": { "role": "assistant", "content": content, "thinking": thinking }, "done": false });
    let call = json!({ "model": MODEL, "message": { "role": "assistant", "content": "",
        "tool_calls": [{ "function": { "name": "f", "arguments": { "x": 1 } } }] }, "done": false });
    let end = json!({ "model": MODEL, "message": { "role": "assistant", "content": "" }, "done": true, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 5 });
    let chunks = [
        thought("", "hm "),
        thought("", "yes"),
        thought("so ", ""),
        thought("", "again"),
        thought("it is", ""),
        call,
        end,
    ];
    // Each chunk is an update of its own: the next one comes when it was read.
    let read = ["hm ", "yes", "so ", "again", "it is", "partial_json"];
    let gates = read.map(|_| Gate::new());
    let scripted = gates
        .iter()
        .zip(1..)
        .fold(Answer::ndjson(&chunks), |answer, (gate, sent)| answer.gate_after(sent, gate));
    fake.on("POST", "/api/chat", scripted);
    let body = ask(json!({ "stream": true }));
    let keyed = || posting(server.guest(), &body).header("idempotency-key", "k");
    let mut live = stream(keyed()).await;
    let mut text = String::new();
    for (gate, piece) in gates.iter().zip(read) {
        loop {
            let event = live.event().await.unwrap();
            text += &format!("{event}\n\n");
            if event.contains(piece) {
                break;
            }
        }
        gate.open();
    }
    while let Some(event) = live.event().await {
        text += &format!("{event}\n\n");
    }
    let events = events(&text);
    let data: Vec<Value> = events.iter().map(|(_, data)| data.clone()).collect();
    let message = collected(&data);
    let blocks: Vec<_> =
        message["content"].as_array().unwrap().iter().map(|block| block["type"].as_str().unwrap()).collect();
    assert_eq!(blocks, ["thinking", "text", "thinking", "text", "tool_use"], "{message}");
    let mut tried = 0;
    for (position, (id, _)) in events.iter().enumerate() {
        let Some(id) = id else { continue };
        let rest = answer(keyed().header("last-event-id", id)).await;
        let resumed: Vec<Value> = data[..=position].iter().cloned().chain(whole(&rest)).collect();
        let mut again = collected(&resumed);
        // A position in the middle of several blocks reads what is left of each: all text is there, once.
        assert_eq!(joined(&mut again), joined(&mut message.clone()), "after {id}");
        tried += 1;
    }
    assert!(tried >= read.len(), "{tried}: {text}");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
    let wrong = answer(keyed().header("last-event-id", "x")).await;
    assert!(wrong.error(400)["message"].as_str().unwrap().starts_with("Last-Event-ID"));
}

/// The thinking, the text and the calls of a message, blocks of one type together.
fn joined(message: &mut Value) -> [String; 3] {
    let all = |kind: &str, field: &str| {
        let blocks = message["content"].as_array().unwrap().iter().filter(|block| block["type"] == kind);
        blocks
            .map(|block| block[field].as_str().map_or_else(|| block[field].to_string(), str::to_owned))
            .collect::<String>()
    };
    [all("thinking", "thinking"), all("text", "text"), all("tool_use", "input")]
}

#[tokio::test]
async fn failure_in_mid_stream_is_an_event() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").cut_after(3));
    let answer = post(server.guest(), &ask(json!({ "stream": true }))).await;
    let events = whole(&answer);
    let error = events.last().unwrap();
    assert_eq!((&error["type"], &error["error"]["type"]), (&json!("error"), &json!("api_error")));
    assert!(error["error"]["message"].as_str().unwrap().contains("/x/completions/"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn end_of_server_is_told_in_the_stream() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &Gate::new()));
    let mut open = stream(posting(server.guest(), &ask(json!({ "stream": true })))).await;
    open.data().await.unwrap();
    server.signal("TERM");
    let last = open.rest().await.pop().unwrap();
    let error: Value = serde_json::from_str(&last).unwrap();
    assert_eq!(error["type"], "error", "{error}");
    assert!(error["error"]["message"].as_str().unwrap().contains("shutting down"), "{error}");
}
