//! What is asked and what is answered, without streaming.

use serde_json::{Value, json};

use super::super::{started, started_with};
use super::*;
use crate::support::fake_ollama::{Answer, Gate};
use crate::support::http_client::answer;

#[tokio::test]
async fn response_has_the_documented_form() {
    let (fake, server) = started().await;
    let body = ask(
        "Name three colours.",
        json!({ "instructions": "Be brief.", "metadata": { "topic": "colours" }, "max_output_tokens": 40,
            "text": { "format": { "type": "text" }, "verbosity": "low" }, "prompt_cache_key": "k", "unknown": 1 }),
    );
    let answered = server.guest().post(PATH, &body).await;
    assert_eq!(answered.header("x-ollama-mcp-ignored"), "prompt_cache_key, unknown, text.verbosity");
    assert_eq!(answered.header("x-ollama-mcp-location"), "local");
    let response = answered.ok();
    let id = response["id"].as_str().unwrap();
    assert!(id.starts_with("resp_") && id.len() == 37, "{id}");
    assert_eq!((&response["object"], &response["status"]), (&json!("response"), &json!("completed")));
    let item = &response["output"][0];
    assert_eq!(
        (&item["type"], &item["role"], &item["status"]),
        (&json!("message"), &json!("assistant"), &json!("completed"))
    );
    assert_eq!(item["content"][0]["annotations"], json!([]));
    assert!(text_of(&response).starts_with("Three colours are"), "{response}");
    let usage = &response["usage"];
    assert_eq!(
        (&usage["input_tokens"], &usage["output_tokens"], &usage["total_tokens"]),
        (&json!(33), &json!(11), &json!(44))
    );
    assert_eq!(usage["output_tokens_details"], json!({ "reasoning_tokens": 0 }));
    for (field, expected) in [
        ("model", json!(MODEL)),
        ("error", Value::Null),
        ("incomplete_details", Value::Null),
        ("instructions", json!("Be brief.")),
        ("metadata", json!({ "topic": "colours" })),
        ("max_output_tokens", json!(40)),
        ("temperature", Value::Null),
        ("truncation", json!("disabled")),
        ("store", json!(true)),
        ("background", json!(false)),
        ("tools", json!([])),
        ("tool_choice", json!("auto")),
        ("parallel_tool_calls", json!(true)),
        ("previous_response_id", Value::Null),
        ("text", json!({ "format": { "type": "text" }, })),
    ] {
        assert_eq!(response[field], expected, "{field}");
    }
    assert!(response["completed_at"].as_u64() >= response["created_at"].as_u64(), "{response}");
    assert!(response["ollama_mcp"]["timings"]["total_ms"].is_u64(), "{response}");
    let asked = asked(&fake);
    assert_eq!(asked["messages"][0], json!({ "role": "system", "content": "Be brief." }));
    assert_eq!(asked["messages"][1], json!({ "role": "user", "content": "Name three colours." }));
    // What is not given is not sent.
    assert_eq!(asked["options"], json!({ "num_predict": 40 }));
    assert_eq!(server.guest().get(&path_of(&response)).await.ok(), response);
}

#[tokio::test]
async fn options_of_ollama_reach_it() {
    let (fake, server) = started().await;
    let more = json!({ "num_ctx": 4096, "temperature": 0.5, "top_p": 0.9, "seed": 3, "stop": ["END"], "keep_alive": "5m",
        "options": { "num_gpu": 0 }, "think": false });
    server.guest().post(PATH, &ask("hi", more)).await.ok();
    let asked = asked(&fake);
    let options = &asked["options"];
    assert_eq!(
        (&options["num_ctx"], &options["num_gpu"], &options["seed"]),
        (&json!(4096), &json!(0), &json!(3))
    );
    assert_eq!((&options["temperature"], &options["stop"]), (&json!(0.5), &json!(["END"])));
    assert_eq!((&asked["keep_alive"], &asked["think"]), (&json!("5m"), &json!(false)));
}

#[tokio::test]
async fn wrong_requests_are_refused_with_the_names_of_this_api() {
    let (fake, server) = started().await;
    for (body, status, param, code) in [
        (json!({ "model": MODEL }), 400, "input", "invalid_argument"),
        (json!({ "model": MODEL, "input": [] }), 400, "input", "invalid_argument"),
        (ask("", json!({})), 400, "input", "invalid_argument"),
        (ask("hi", json!({ "temperature": 9 })), 400, "temperature", "invalid_argument"),
        (ask("hi", json!({ "max_output_tokens": 0 })), 400, "max_output_tokens", "invalid_argument"),
        (
            ask("hi", json!({ "reasoning": { "effort": "total" } })),
            400,
            "reasoning.effort",
            "invalid_argument",
        ),
        (ask("hi", json!({ "conversation": "conv_1" })), 400, "conversation", "unsupported_parameter"),
        (ask("hi", json!({ "prompt": { "id": "p" } })), 400, "prompt", "unsupported_parameter"),
        (
            ask("hi", json!({ "tools": [{ "type": "web_search" }] })),
            400,
            "tools[0].type",
            "unsupported_parameter",
        ),
        (ask("hi", json!({ "tool_choice": "required" })), 400, "tool_choice", "invalid_argument"),
        (ask("hi", json!({ "background": true, "store": false })), 400, "store", "invalid_argument"),
        (ask("hi", json!({ "stream_options": {} })), 400, "stream_options", "invalid_argument"),
        (
            ask(
                "hi",
                json!({ "text": { "format": { "type": "json_schema", "name": "x", "schema": { "type": "objekt" } } } }),
            ),
            400,
            "text.format",
            "invalid_argument",
        ),
        (ask("hi", json!({ "model": "qwen2.5-coder:0.6b" })), 404, "model", "model_not_found"),
        (
            ask("hi", json!({ "previous_response_id": "resp_0" })),
            400,
            "previous_response_id",
            "previous_response_not_found",
        ),
    ] {
        for stream in [false, true] {
            let mut body = body.clone();
            if stream && body.get("stream_options").is_none() {
                body["stream"] = json!(true);
            }
            let error = server.guest().post(PATH, &body).await.error(status);
            assert_eq!((&error["param"], &error["code"]), (&json!(param), &json!(code)), "{body}: {error}");
            assert!(error["message"].as_str().unwrap().len() > 10, "{error}");
        }
    }
    let error = server.guest().post(PATH, &ask("hi", json!({ "max_output_tokens": 0 }))).await.error(400);
    assert_eq!(error["message"], "max_output_tokens is 0; it must be at least 1");
    assert!(fake.requests_to("POST", "/api/chat").len() <= 2, "only the unknown model was asked");
}

#[tokio::test]
async fn prompt_over_the_context_is_refused_unless_it_may_be_cut() {
    let (fake, server) = started().await;
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_prompt_longer_truncate_false"));
    let error = server.guest().post(PATH, &ask("long", json!({}))).await.error(400);
    assert_eq!((&error["code"], &error["param"]), (&json!("context_length_exceeded"), &json!("input")));
    assert!(error["hint"].as_str().unwrap().contains("truncation to \"auto\""), "{error}");
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_prompt_longer_truncate_false"));
    let response = server.guest().post(PATH, &ask("long", json!({ "truncation": "auto" }))).await.ok();
    assert_eq!(response["truncation"], "auto");
    assert!(response["ollama_mcp"]["warnings"][0].as_str().unwrap().contains("context"), "{response}");
}

#[tokio::test]
async fn reply_cut_at_its_limit_is_incomplete() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", reply(&[said("One,"), said(" two")], "length"));
    let response = server.guest().post(PATH, &ask("count", json!({ "max_output_tokens": 5 }))).await.ok();
    assert_eq!(response["status"], "incomplete");
    assert_eq!(response["incomplete_details"], json!({ "reason": "max_output_tokens" }));
    assert_eq!(response["output"][0]["status"], "incomplete");
    let warning = response["ollama_mcp"]["warnings"][0].as_str().unwrap();
    assert!(warning.contains("max_output_tokens") && !warning.contains("completion"), "{warning}");
}

#[tokio::test]
async fn schema_is_sent_checked_and_asked_again() {
    let (fake, server) = started().await;
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
    let format =
        json!({ "format": { "type": "json_schema", "name": "count", "schema": schema, "strict": true } });
    fake.on_next("POST", "/api/chat", reply(&[said("Sure!")], "stop"));
    fake.on_next("POST", "/api/chat", reply(&[said("{\"n\":3}")], "stop"));
    let response = server.guest().post(PATH, &ask("count", json!({ "text": format }))).await.ok();
    assert_eq!(text_of(&response), "{\"n\":3}");
    assert_eq!(response["text"], format);
    assert_eq!(asked(&fake)["format"], schema);
    fake.on("POST", "/api/chat", reply(&[said("Sure!")], "stop"));
    let response = server.guest().post(PATH, &ask("count", json!({ "text": format }))).await.ok();
    let warning = response["ollama_mcp"]["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("The reply does not match text.format"), "{warning}");
}

#[tokio::test]
async fn images_and_files_go_with_their_messages() {
    let (fake, server) = started().await;
    let file = format!("data:text/plain;base64,{}", "VGhlIGtleSBpcyB1bmRlciB0aGUgbWF0Lg==");
    let input = json!([
        { "role": "user", "content": [{ "type": "input_text", "text": "where?" },
            { "type": "input_file", "filename": "notes.txt", "file_data": file }] },
        { "role": "assistant", "content": "There." },
        { "role": "user", "content": "sure?" },
    ]);
    let response = server.guest().post(PATH, &json!({ "model": MODEL, "input": input })).await.ok();
    let messages = asked(&fake)["messages"].clone();
    assert!(messages[0]["content"].as_str().unwrap().contains("under the mat"), "{messages}");
    assert_eq!(messages[2]["content"], "sure?");
    // The file goes along when the response is continued.
    let next = json!({ "previous_response_id": response["id"] });
    server.guest().post(PATH, &ask("really?", next)).await.ok();
    let messages = asked(&fake)["messages"].clone();
    assert!(messages[0]["content"].as_str().unwrap().contains("under the mat"), "{messages}");
    let missing = json!([{ "role": "user", "content": [{ "type": "input_file", "file_id": "file-0" }] }]);
    let error = server.guest().post(PATH, &json!({ "model": MODEL, "input": missing })).await.error(404);
    assert_eq!(error["param"], "input[0].content[0].file_id");
}

#[tokio::test]
async fn failure_before_anything_is_a_status_and_can_be_seen_afterwards() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::json(500, json!({ "error": "boom" })));
    for stream in [false, true] {
        let error = server.guest().post(PATH, &ask("hi", json!({ "stream": stream }))).await.error(502);
        assert_eq!(error["code"], "upstream_error");
    }
}

#[tokio::test]
async fn caller_that_goes_stops_its_response() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    let mut stream = server.guest().post_stream(PATH, &ask("hi", json!({ "stream": true }))).await;
    let created: Value = serde_json::from_str(&stream.data().await.unwrap()).unwrap();
    gate.reached(1).await;
    drop(stream);
    fake.closed(fake.requests().len() - 1).await;
    let path = path_of(&created["response"]);
    let cancelled = ended(server.guest(), &path).await;
    assert_eq!((&cancelled["status"], &cancelled["error"]), (&json!("cancelled"), &Value::Null));
}

#[tokio::test]
async fn same_key_is_answered_once() {
    let (fake, server) = started().await;
    let body = ask("hi", json!({ "stream": true }));
    let send = |after: &str| {
        let request = server.guest().posting(PATH, &body).header("idempotency-key", "k");
        if after.is_empty() { request } else { request.header("last-event-id", after) }
    };
    let first = answer(send("")).await;
    assert_eq!(answer(send("")).await.body, first.body);
    let rest = answer(send("3")).await;
    assert!(
        first.body.ends_with(&rest.body)
            && rest.body.starts_with("event: response.output_text.delta\nid: 4\n"),
        "{rest:?}"
    );
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
    let other = server.guest().posting(PATH, &ask("ho", json!({}))).header("idempotency-key", "k");
    assert_eq!(answer(other).await.error(409)["code"], "idempotency_conflict");
}

#[tokio::test]
async fn default_model_and_aliases_answer() {
    let (_fake, server) = started_with(&[
        ("OLLAMA_MODEL", MODEL),
        ("OLLAMA_MCP_SERVE_MODEL_ALIASES", "gpt-4o=qwen2.5-coder:0.5b"),
    ])
    .await;
    for model in [json!(null), json!("default"), json!("gpt-4o")] {
        let response = server.guest().post(PATH, &json!({ "model": model, "input": "hi" })).await.ok();
        assert_eq!(response["model"], MODEL, "{model}");
    }
}
