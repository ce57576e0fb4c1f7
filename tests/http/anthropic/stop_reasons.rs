//! Why an answer ended.

use serde_json::{Value, json};

use super::*;
use crate::http::started;
use crate::support::fake_ollama::Gate;

#[tokio::test]
async fn stop_sequence_is_reported_and_ends_the_generation() {
    let (fake, server) = started().await;
    // The model would go on for ever.
    let endless = said(&["one ", "E", "ND", " two", " three"], "stop", 9).gate_after(4, &Gate::new());
    fake.on("POST", "/api/chat", endless);
    for stream in [false, true] {
        let body = ask(json!({ "stop_sequences": ["never", "END"], "stream": stream }));
        let answer = post(server.guest(), &body).await;
        let (message, extras) = if stream {
            let events = whole(&answer);
            let extras =
                events.iter().find(|event| event["type"] == "message_delta").unwrap()["ollama_mcp"].clone();
            (collected(&events), extras)
        } else {
            (answer.ok(), answer.ok()["ollama_mcp"].clone())
        };
        assert_eq!(
            (&message["stop_reason"], &message["stop_sequence"]),
            (&json!("stop_sequence"), &json!("END"))
        );
        assert_eq!(message["content"], json!([{ "type": "text", "text": "one " }]), "stream: {stream}");
        assert!(
            message["usage"]["output_tokens"] == 3 && message["usage"]["input_tokens"].as_u64() > Some(0),
            "{message}"
        );
        assert!(extras["warnings"].to_string().contains("estimates"), "{extras}");
        let asked = fake.requests_to("POST", "/api/chat").pop().unwrap();
        assert_eq!(asked.json()["options"], json!({ "num_predict": 64 }));
        fake.closed(asked.index).await;
    }
}

#[tokio::test]
async fn end_of_the_model_is_no_stop_sequence() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", said(&["one ", "EN"], "stop", 2));
    for stream in [false, true] {
        let answer = post(server.guest(), &ask(json!({ "stop_sequences": ["END"], "stream": stream }))).await;
        let message = if stream { collected(&whole(&answer)) } else { answer.ok() };
        assert_eq!((&message["stop_reason"], &message["stop_sequence"]), (&json!("end_turn"), &Value::Null));
        assert_eq!(message["content"], json!([{ "type": "text", "text": "one EN" }]));
        assert_eq!(
            (&message["usage"]["input_tokens"], &message["usage"]["output_tokens"]),
            (&json!(33), &json!(2))
        );
    }
}

#[tokio::test]
async fn limit_of_request_differs_from_that_of_context() {
    let (fake, server) = started().await;
    for (tokens, reason) in [(64, "max_tokens"), (40, "model_context_window_exceeded")] {
        fake.on("POST", "/api/chat", said(&["one"], "length", tokens));
        assert_eq!(post(server.guest(), &ask(json!({}))).await.ok()["stop_reason"], reason);
    }
}

#[tokio::test]
async fn text_before_a_lost_connection_is_whole() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", said(&["one ", "E"], "stop", 2).cut_after(2));
    let answer = post(server.guest(), &ask(json!({ "stop_sequences": ["END"] }))).await;
    let error = answer.error(502);
    assert_eq!((&error["type"], &error["partial"]["content"]), (&json!("api_error"), &json!("one E")));
    assert_eq!(answer.header("x-should-retry"), "false");
}
