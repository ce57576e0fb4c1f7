//! Requests and whole answers.

use serde_json::{Value, json};

use super::*;
use crate::http::{files, started, started_with};
use crate::support::fake_ollama::Gate;
use crate::support::http_server::HttpServer;

const THINKS: &str = "qwen2.5-think:0.5b";

#[tokio::test]
async fn message_has_its_fields_and_its_id_finds_the_completion() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", said(&["Three ", "colours"], "stop", 5));
    let answer = post(server.guest(), &ask(json!({}))).await;
    let message = answer.ok();
    assert_eq!(answer.header("request-id"), answer.header("x-request-id"));
    assert!(answer.header("request-id").starts_with("req_"), "{answer:?}");
    let id = message["id"].as_str().unwrap();
    assert!(id.starts_with("msg_"), "{message}");
    let extras = &message["ollama_mcp"];
    assert_eq!(extras["location"], "local");
    assert_eq!(
        message,
        json!({
            "id": id, "type": "message", "role": "assistant", "model": MODEL,
            "content": [{ "type": "text", "text": "Three colours" }], "stop_reason": "end_turn", "stop_sequence": null,
            "usage": { "input_tokens": 33, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 5 },
            "ollama_mcp": extras,
        })
    );
    let state = server.guest().get(&format!("/x/completions/{id}")).await.ok();
    assert_eq!((&state["content"], &state["status"]), (&json!("Three colours"), &json!("completed")));
}

#[tokio::test]
async fn what_was_given_is_sent_and_nothing_else() {
    let (fake, server) = started().await;
    let body = ask(json!({
        "system": [{ "type": "text", "text": "be brief" }], "temperature": 0.5, "top_p": 0.9, "top_k": 3, "num_ctx": 4096,
        "messages": [
            { "role": "user", "content": "read x" },
            { "role": "assistant", "content": [
                { "type": "thinking", "thinking": "hm", "signature": "s" },
                { "type": "tool_use", "id": "toolu_1", "name": "Read", "input": { "path": "x" } } ] },
            { "role": "user", "content": [
                { "type": "tool_result", "tool_use_id": "toolu_1", "content": [{ "type": "text", "text": "42" }] },
                { "type": "text", "text": "and?" } ] },
        ],
        "tools": [{ "name": "Read", "description": "Reads", "input_schema": { "type": "object" } }],
        "output_config": { "format": { "type": "json_schema", "schema": { "type": "object" } } },
    }));
    fake.on("POST", "/api/chat", said(&["{}"], "stop", 1));
    assert_eq!(post(server.guest(), &body).await.header("x-ollama-mcp-ignored"), "");
    let mut asked = asked(&fake);
    let message = asked["messages"][2].take();
    assert_eq!((&message["role"], &message["thinking"]), (&json!("assistant"), &json!("hm")));
    let function = &message["tool_calls"][0]["function"];
    assert_eq!((&function["name"], &function["arguments"]), (&json!("Read"), &json!({ "path": "x" })));
    let result = asked["messages"][3].take();
    assert_eq!(
        (&result["role"], &result["content"], &result["tool_name"]),
        (&json!("tool"), &json!("42"), &json!("Read"))
    );
    asked.as_object_mut().unwrap().shift_remove("messages");
    assert_eq!(
        asked,
        json!({
            "model": MODEL, "stream": true, "truncate": false, "format": { "type": "object" },
            "options": { "temperature": 0.5, "top_p": 0.9, "top_k": 3, "num_predict": 64, "num_ctx": 4096 },
            "tools": [{ "type": "function", "function": { "name": "Read", "description": "Reads", "parameters": { "type": "object" } } }],
        })
    );
    post(server.guest(), &ask(json!({}))).await.ok();
    assert_eq!(
        super::asked(&fake),
        json!({ "model": MODEL, "stream": true, "truncate": false, "options": { "num_predict": 64 },
            "messages": [{ "role": "user", "content": "hi" }] })
    );
}

#[tokio::test]
async fn thinking_goes_to_models_that_can() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/chat", Answer::recorded("think_model_stream"));
    let thinking = json!({ "type": "adaptive", "display": "summarized" });
    let effort = json!({ "effort": "low" });
    let body = ask(json!({ "thinking": thinking, "output_config": effort }));
    let answer = post(server.guest(), &body).await;
    assert_eq!((answer.header("x-ollama-mcp-ignored"), asked(&fake).get("think")), ("thinking", None));
    let body = ask(json!({ "model": THINKS, "thinking": thinking, "output_config": effort }));
    let message = post(server.guest(), &body).await.ok();
    assert_eq!(asked(&fake)["think"], "low");
    let [thought, text] = message["content"].as_array().unwrap().as_slice() else { panic!("{message}") };
    assert!(thought["thinking"].as_str().unwrap().starts_with("17") && text["type"] == "text", "{message}");
    assert_eq!(thought["signature"], "ollama-mcp");
    let omitted = json!({ "type": "enabled", "budget_tokens": 1024, "display": "omitted" });
    let answer = post(server.guest(), &ask(json!({ "model": THINKS, "thinking": omitted }))).await;
    assert_eq!(answer.header("x-ollama-mcp-ignored"), "thinking.budget_tokens");
    assert_eq!(asked(&fake)["think"], true);
    assert_eq!(
        answer.ok()["content"][0],
        json!({ "type": "thinking", "thinking": "", "signature": "ollama-mcp" })
    );
    let off = json!({ "type": "disabled" });
    post(server.guest(), &ask(json!({ "model": THINKS, "thinking": off }))).await.ok();
    assert_eq!(asked(&fake)["think"], false);
}

#[tokio::test]
async fn required_tool_is_asked_for_again_and_its_input_is_an_object() {
    let (fake, server) = started().await;
    let tool = json!({ "name": "get_weather", "input_schema": { "type": "object" } });
    fake.on_next("POST", "/api/chat", said(&["I will not."], "stop", 3));
    fake.on("POST", "/api/chat", Answer::recorded("tools_model_call_stream"));
    for choice in [
        json!({ "type": "any" }),
        json!({ "type": "tool", "name": "get_weather", "disable_parallel_tool_use": true }),
    ] {
        let message =
            post(server.guest(), &ask(json!({ "tools": [tool], "tool_choice": choice }))).await.ok();
        assert_eq!(message["stop_reason"], "tool_use", "{message}");
        let call = &message["content"][0];
        assert_eq!((&call["type"], &call["name"]), (&json!("tool_use"), &json!("get_weather")));
        assert_eq!(call["input"], json!({ "city": "Paris" }));
        assert!(!call["id"].as_str().unwrap().is_empty());
    }
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 3);
    let none = ask(json!({ "tools": [tool], "tool_choice": { "type": "none" } }));
    post(server.guest(), &none).await.ok();
    assert_eq!(asked(&fake).get("tools"), None);
}

#[tokio::test]
async fn documents_are_read_with_their_message() {
    let (fake, server) = started().await;
    let id = files::uploaded(server.guest(), "notes.txt", b"The key is under the mat.").await;
    let content = json!([
        { "type": "document", "source": { "type": "file", "file_id": id } },
        { "type": "document", "title": "plan.md", "source": { "type": "text", "media_type": "text/plain", "data": "# Plan" } },
        { "type": "text", "text": "where?" },
    ]);
    let messages = json!([{ "role": "user", "content": content }, { "role": "assistant", "content": "there" }, { "role": "user", "content": "sure?" }]);
    post(server.guest(), &ask(json!({ "messages": messages }))).await.ok();
    let asked = asked(&fake);
    assert_eq!(
        asked["messages"][0]["content"],
        "File: notes.txt\n```\nThe key is under the mat.\n```\n\nFile: plan.md\n```\n# Plan\n```\n\nwhere?"
    );
    let unknown = json!([{ "type": "image", "source": { "type": "file", "file_id": "file-0" } }]);
    let answer =
        post(server.guest(), &ask(json!({ "messages": [{ "role": "user", "content": unknown }] }))).await;
    let error = answer.error(404);
    assert_eq!(error["type"], "not_found_error");
    assert!(error["message"].as_str().unwrap().contains("messages[0].content[0].source.file_id"), "{error}");
}

#[tokio::test]
async fn images_go_to_models_that_see() {
    let (fake, server) = started().await;
    fake.on("POST", "/api/show", Answer::json(200, json!({ "capabilities": ["completion", "vision"] })));
    let image = json!({ "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo=" } });
    let result = json!({ "type": "tool_result", "tool_use_id": "a", "content": [image] });
    for content in [
        json!([image, { "type": "text", "text": "what?" }]),
        json!([result, { "type": "text", "text": "what?" }]),
    ] {
        post(server.guest(), &ask(json!({ "messages": [{ "role": "user", "content": content }] })))
            .await
            .ok();
        let messages = asked(&fake)["messages"].take();
        let last = messages.as_array().unwrap().last().unwrap();
        assert_eq!(
            (&last["images"], &last["content"]),
            (&json!(["iVBORw0KGgo="]), &json!("what?")),
            "{messages}"
        );
    }
}

#[tokio::test]
async fn same_key_asks_once_and_another_body_is_refused_for_good() {
    let (fake, server) = started().await;
    let send = |body: Value| {
        let request = posting(server.guest(), &body).header("idempotency-key", "k");
        answer(request)
    };
    let (first, second) = (send(ask(json!({}))).await.ok(), send(ask(json!({}))).await.ok());
    assert_eq!(first["id"], second["id"]);
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
    let refused = send(ask(json!({ "seed": 1 }))).await;
    assert_eq!(refused.error(409)["type"], "conflict_error");
    // The SDKs repeat a request that gets 409.
    assert_eq!(refused.header("x-should-retry"), "false");
}

#[tokio::test]
async fn completion_in_the_background_goes_on_without_its_caller() {
    let (fake, server) = started().await;
    let gate = Gate::new();
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream").gate_after(2, &gate));
    for background in [true, false] {
        let body = ask(json!({ "stream": true, "background": background }));
        let mut stream = crate::support::http_client::stream(posting(server.guest(), &body)).await;
        let start: Value = serde_json::from_str(&stream.data().await.unwrap()).unwrap();
        let id = start["message"]["id"].as_str().unwrap().to_owned();
        gate.reached(if background { 1 } else { 2 }).await;
        drop(stream);
        let index = fake.requests_to("POST", "/api/chat").last().unwrap().index;
        if background {
            let state = server.guest().get(&format!("/x/completions/{id}")).await.ok();
            assert_eq!(state["status"], "running");
        } else {
            fake.closed(index).await;
        }
    }
}

#[tokio::test]
async fn openai_compatible_server_answers_as_well() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = format!("{}/v1", fake.url());
    let server = HttpServer::with(&[("OLLAMA_MCP_PROVIDER", "openai"), ("OLLAMA_MCP_BASE_URL", &url)]).await;
    let message = post(server.guest(), &ask(json!({}))).await.ok();
    assert!(message["content"][0]["text"].as_str().unwrap().starts_with("Three colours"), "{message}");
    assert_eq!(
        (&message["usage"]["input_tokens"], &message["stop_reason"]),
        (&json!(33), &json!("end_turn"))
    );
    fake.on("POST", "/v1/chat/completions", Answer::recorded("v1_tools_model_call_stream"));
    let tool = json!({ "name": "get_weather", "input_schema": { "type": "object" } });
    let body = ask(json!({ "tools": [tool], "stream": true, "stop_sequences": ["END"] }));
    let message = collected(&whole(&post(server.guest(), &body).await));
    assert_eq!(message["content"][0]["input"], json!({ "city": "Paris" }));
    let asked = fake.requests_to("POST", "/v1/chat/completions").pop().unwrap().json();
    assert_eq!((&asked["max_tokens"], asked.get("stop")), (&json!(64), None));
}

#[tokio::test]
async fn aliases_and_default_name_models() {
    let (fake, server) =
        started_with(&[("OLLAMA_MCP_SERVE_MODEL_ALIASES", "claude-haiku-4-5=qwen2.5-coder:0.5b")]).await;
    for model in [json!("claude-haiku-4-5"), json!("default"), Value::Null] {
        let message = post(server.guest(), &ask(json!({ "model": model }))).await.ok();
        assert!(message["model"].as_str().unwrap().contains(':'), "{message}");
    }
    assert_eq!(fake.requests_to("POST", "/api/chat")[0].json()["model"], MODEL);
}
