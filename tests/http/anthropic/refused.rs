//! Requests that are refused, in Anthropic's form.

use serde_json::{Value, json};

use super::*;
use crate::http::started;
use crate::support::http_client::answer;

#[tokio::test]
async fn wrong_arguments_are_named() {
    let (fake, server) = started().await;
    let tool = json!({ "name": "f", "input_schema": {} });
    for (body, text) in [
        (json!({ "max_tokens": null }), "max_tokens is wrong"),
        (json!({ "max_tokens": 0 }), "max_tokens is 0; it must be at least 1"),
        (json!({ "messages": [] }), "messages is empty"),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "audio" }] }] }),
            "messages[0].content[0].type is \"audio\"",
        ),
        (json!({ "temperature": 3 }), "temperature is 3"),
        (json!({ "stop_sequences": [""] }), "stop_sequences[0] is empty"),
        (json!({ "tools": [{ "name": "f" }] }), "tools[0].input_schema is missing"),
        (
            json!({ "tools": [{ "type": "web_search_20250305", "name": "web_search" }] }),
            "tools[0].type is \"web_search_20250305\"",
        ),
        (
            json!({ "tools": [tool], "tool_choice": { "type": "tool", "name": "g" } }),
            "tool_choice names \"g\"",
        ),
        (json!({ "tool_choice": { "type": "all" } }), "tool_choice.type must be"),
        (json!({ "thinking": { "type": "on" } }), "thinking.type is \"on\""),
        (json!({ "output_config": { "format": { "type": "xml" } } }), "output_config.format.type is \"xml\""),
        (json!({ "container": "c" }), "container asks for what only Anthropic's own servers do"),
        (json!({ "mcp_servers": [{ "url": "https://x" }] }), "mcp_servers asks"),
        (json!({ "truncation": "never" }), "truncation is \"never\""),
    ] {
        for stream in [false, true] {
            let mut body = ask(body.clone());
            body["stream"] = json!(stream);
            let answer = post(server.guest(), &body).await;
            let error = answer.error(400);
            assert_eq!(
                (&error["type"], &answer.json()["type"]),
                (&json!("invalid_request_error"), &json!("error"))
            );
            assert!(error["message"].as_str().unwrap().starts_with(text), "{text}: {error}");
            assert_eq!(answer.json()["request_id"], answer.header("request-id"), "{answer:?}");
        }
    }
    let mut body = ask(json!({}));
    body.as_object_mut().unwrap().shift_remove("max_tokens");
    let error = post(server.guest(), &body).await.error(400);
    assert!(error["message"].as_str().unwrap().starts_with("max_tokens is missing"), "{error}");
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
}

#[tokio::test]
async fn unknown_model_has_the_nearest_name() {
    let (_fake, server) = started().await;
    let error = post(server.guest(), &ask(json!({ "model": "qwen2.5-codr:0.5b" }))).await.error(404);
    assert_eq!(error["type"], "not_found_error");
    assert!(error["message"].as_str().unwrap().contains(MODEL), "{error}");
    // What Claude Code asks for by itself.
    for (client, setting) in [(server.local(), true), (server.guest().clone(), false)] {
        let error = post(&client, &ask(json!({ "model": "claude-haiku-4-5" }))).await.error(404);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("GET /v1/models") && !message.contains("pull"), "{message}");
        assert_eq!(message.contains("OLLAMA_MCP_SERVE_MODEL_ALIASES"), setting, "{message}");
    }
}

#[tokio::test]
async fn prompt_that_does_not_fit_is_refused_unless_it_may_be_cut() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_prompt_longer_truncate_false"));
    let error = post(server.guest(), &ask(json!({ "num_ctx": 512 }))).await.error(400);
    assert_eq!(error["type"], "invalid_request_error");
    let message = error["message"].as_str().unwrap();
    // By this, clients know that the conversation has to become shorter.
    assert!(message.starts_with("prompt is too long: 3029 tokens > 512 maximum"), "{message}");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1, "it is not sent again to be cut");
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_prompt_longer_truncate_false"));
    fake.on("POST", "/api/chat", said(&["cut"], "stop", 1));
    let message = post(server.guest(), &ask(json!({ "num_ctx": 512, "truncation": "auto" }))).await.ok();
    assert!(message["ollama_mcp"]["warnings"].to_string().contains("3029 tokens"), "{message}");
}

#[tokio::test]
async fn overloaded_server_is_told_from_limit_of_caller() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_queue_full_503"));
    let answer = post(server.guest(), &ask(json!({}))).await;
    assert_eq!(answer.error(529)["type"], "overloaded_error", "{answer:?}");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    // Nothing was generated: the SDKs may ask again.
    assert_eq!(answer.header("x-should-retry"), "");
    fake.on("POST", "/api/chat", said(&["yes"], "stop", 1));
    let (bot, _) = server.with_key(&["bot", "--rpm", "1"]).await;
    let first = post(&bot, &ask(json!({}))).await;
    first.ok();
    assert_eq!(first.header("anthropic-ratelimit-requests-limit"), "1");
    assert_eq!(first.header("anthropic-ratelimit-requests-remaining"), "0");
    assert!(first.header("anthropic-ratelimit-requests-reset").ends_with('Z'), "{first:?}");
    // A minute that begins meanwhile admits one more.
    let mut refused = post(&bot, &ask(json!({}))).await;
    if refused.status == 200 {
        refused = post(&bot, &ask(json!({}))).await;
    }
    assert_eq!(refused.error(429)["type"], "rate_limit_error");
    assert_eq!(refused.header("anthropic-ratelimit-requests-remaining"), "0");
    assert!(!refused.header("retry-after").is_empty());
}

#[tokio::test]
async fn key_goes_in_either_header_and_a_wrong_one_is_refused() {
    let (_fake, server) = started_without_guests().await;
    let (_, key) = server.with_key(&["bot"]).await;
    let body = ask(json!({}));
    answer(posting(server.guest(), &body).header("x-api-key", &key)).await.ok();
    answer(posting(server.guest(), &body).bearer_auth(&key)).await.ok();
    for request in
        [posting(server.guest(), &body), posting(server.guest(), &body).header("x-api-key", "omk_wrong")]
    {
        let refused = answer(request).await;
        assert_eq!(refused.error(401)["type"], "authentication_error");
        assert!(refused.header("request-id").starts_with("req_"), "{refused:?}");
    }
    let (narrow, _) = server.with_key(&["narrow", "--scopes", "models:read"]).await;
    assert_eq!(post(&narrow, &body).await.error(403)["type"], "permission_error");
}

async fn started_without_guests() -> (FakeOllama, crate::support::http_server::HttpServer) {
    crate::http::started_with(&[("OLLAMA_MCP_SERVE_GUESTS", "never")]).await
}

#[tokio::test]
async fn calls_that_were_made_before_a_failure_are_not_made_again() {
    let (fake, server) = started().await;
    let call = json!({ "model": MODEL, "message": { "role": "assistant", "content": "",
        "tool_calls": [{ "function": { "name": "f", "arguments": {} } }] }, "done": false });
    fake.on("POST", "/api/chat", Answer::ndjson(&[call, Value::Null]).cut_after(1));
    let answer = post(server.guest(), &ask(json!({}))).await;
    answer.error(502);
    assert_eq!(answer.header("x-should-retry"), "false");
}
