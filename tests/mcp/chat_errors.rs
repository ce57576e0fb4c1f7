//! What goes wrong with a chat: the code, what happened, and the next step.

use serde_json::{Value, json};

use super::{MODEL, answering, plain};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::{Session, tool_error};

/// The code and the text of an error, which is short and holds no raw JSON; `address` is masked.
fn error_of(result: &Value, address: &str) -> String {
    let (code, text) = tool_error(result);
    assert!(text.chars().count() < 600, "short: {text}");
    assert!(!text.contains('{') || text.contains("pull_model {"), "no raw JSON: {text}");
    format!("{code}: {}", text.replace(address, "[address]"))
}

#[tokio::test]
async fn missing_model_gets_nearest_name() {
    let mut errors = Vec::new();
    for case in [
        None,
        Some("chat_missing_model_stream"),
        Some("chat_missing_tag"),
        Some("chat_missing_model_cloud_enabled"),
    ] {
        let fake = FakeOllama::start().await.with_defaults();
        if let Some(case) = case {
            fake.replay(case);
        }
        let mut session = Session::start(&fake);
        let result = session.call("chat_completion", json!({ "model": "gema3", "prompt": "x" })).await;
        errors.push(error_of(&result, &fake.url()));
    }
    errors.dedup();
    insta::assert_snapshot!(errors.join("\n"), @r#"model_not_found: Model "gema3" is not installed. Did you mean "gemma3:270m"? Install it with "ollama pull gema3". Or call pull_model."#);
}

#[tokio::test]
async fn without_models_hint_suggests_one() {
    let fake = FakeOllama::start().await;
    fake.replay("tags_empty").replay("ps_none").replay("version");
    let mut session = Session::start(&fake);
    let result = session.call("chat_completion", json!({ "prompt": "x" })).await;
    insta::assert_snapshot!(error_of(&result, &fake.url()), @r#"no_models: Ollama has no models yet that can chat. Install one, for example "ollama pull gemma3:4b"."#);
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
}

#[tokio::test]
async fn unreachable_server_has_next_step() {
    let address = FakeOllama::closed_address();
    let mut session = Session::with(&[("OLLAMA_HOST", &address.to_string())]);
    let url = format!("http://{address}");
    let mut errors = Vec::new();
    for arguments in [plain(), json!({ "prompt": "no model named" })] {
        let result = session.call("chat_completion", arguments).await;
        errors.push(error_of(&result, &url));
    }
    let result = session.call("list_models", json!({})).await;
    errors.push(error_of(&result, &url));
    errors.dedup();
    insta::assert_snapshot!(errors.join("\n"), @r#"ollama_unreachable: Cannot reach Ollama at [address] (connection refused). Start it with "ollama serve", or set OLLAMA_HOST."#);
}

#[tokio::test]
async fn unsupported_capability_lists_models_that_can() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    let image =
        json!([{ "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgo=" } }]);
    let arguments = json!({ "model": "gemma3:270m", "messages": [{ "role": "user", "content": image }] });
    let result = session.call("chat_completion", arguments.clone()).await;
    let mut errors = vec![error_of(&result, &fake.url())];
    assert!(fake.requests_to("POST", "/api/chat").is_empty(), "an older server would answer without looking");
    // What the list says of capabilities can be wrong, and an older server says nothing: its own refusal counts too.
    fake.on("POST", "/api/show", Answer::json(200, json!({})));
    let mut session = Session::start(&fake);
    for case in ["chat_images_unsupported_stream", "chat_images_unsupported_native_template"] {
        fake.on_next("POST", "/api/chat", Answer::recorded(case));
        let result = session.call("chat_completion", arguments.clone()).await;
        errors.push(error_of(&result, &fake.url()));
    }
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_tools_unsupported_stream"));
    let tool = json!({ "type": "function", "function": { "name": "f" } });
    let result = session
        .call("chat_completion", json!({ "model": "gemma3:270m", "prompt": "x", "tools": [tool] }))
        .await;
    errors.push(error_of(&result, &fake.url()));
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_think_true_unsupported_stream"));
    let result = session
        .call("chat_completion", json!({ "model": "gemma3:270m", "prompt": "x", "think": true }))
        .await;
    errors.push(error_of(&result, &fake.url()));
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_with_embedding_only_model"));
    let result = session.call("chat_completion", json!({ "model": "qwen-embed:0.5b", "prompt": "x" })).await;
    errors.push(error_of(&result, &fake.url()));
    insta::assert_snapshot!(errors.join("\n"), @r#"
    unsupported: Model "gemma3:270m" cannot read images (capabilities: completion). No installed model can.
    unsupported: Model "gemma3:270m" cannot read images. No installed model can.
    unsupported: Model "gemma3:270m" cannot read images. No installed model can.
    unsupported: Model "gemma3:270m" cannot call tools. Installed models that can: qwen2.5-tools:0.5b.
    unsupported: Model "gemma3:270m" cannot think before it answers. Installed models that can: qwen2.5-think:0.5b.
    unsupported: Model "qwen-embed:0.5b" cannot chat (it makes embeddings). Installed models that can: smollm2:135m, qwen2.5-tools:0.5b, qwen2.5-think:0.5b, qwen2.5-coder:0.5b, gemma3:270m.
    "#);
}

#[tokio::test]
async fn interrupted_answer_keeps_partial_text() {
    let drop_last = Answer::recorded("chat_stream");
    let mut errors = Vec::new();
    for (answer, partial) in [
        (Answer::recorded("chat_stream_runner_killed_qwen"), "Sure, here"),
        (drop_last.clone().cut_after(3), "Three colours are"),
        (drop_last.reset_after(2), "Three colours"),
    ] {
        let (fake, mut session) = answering(answer).await;
        let result = session.call("chat_completion", plain()).await;
        errors.push(error_of(&result, &fake.url()));
        assert_eq!(result["structuredContent"]["error"]["partial"]["content"], partial);
        assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1, "what has begun is not asked for again");
    }
    insta::assert_snapshot!(errors.join("\n"), @"
    interrupted: Ollama failed during the answer: an error was encountered while running the model: unexpected EOF. The process that runs the model has ended, often for want of memory: Ollama's log tells why. Ask again; if it happens again, use a smaller model or a smaller num_ctx.

    Text before the failure:
    Sure, here
    interrupted: The answer was interrupted: connection closed. Ask again.

    Text before the failure:
    Three colours are
    interrupted: The answer was interrupted: connection reset. Ask again.

    Text before the failure:
    Three colours
    ");
}

#[tokio::test]
async fn answer_of_other_program_is_upstream_error() {
    let mut errors = Vec::new();
    for answer in [
        Answer::garbage_head(),
        Answer::text(200, "text/html", "<!DOCTYPE html><html><body>Welcome"),
        Answer::text(502, "text/html", "<html><h1>Bad Gateway"),
        Answer::text(404, "text/plain", "404 page not found"),
        Answer::text(401, "text/plain", ""),
        Answer::ndjson(&[json!({ "hello": 1 })]),
        Answer::text(200, "application/x-ndjson", "{\"message\": oops}\n"),
        Answer::text(200, "application/x-ndjson", ""),
        Answer::recorded("chat_load_failure_stream"),
        Answer::recorded("chat_cloud_model_no_network_stream"),
        Answer::recorded("chat_options_invalid_num_predict_stream"),
    ] {
        let (fake, mut session) = answering(answer).await;
        let result = session.call("chat_completion", plain()).await;
        let (code, text) = tool_error(&result);
        errors.push(format!("{code}: {}", text.replace(&fake.url(), "[address]")));
    }
    insta::assert_snapshot!(errors.join("\n"), @r#"
    upstream_error: The answer of Ollama cannot be read: it does not speak HTTP (invalid HTTP version parsed). Check that OLLAMA_HOST is the address of Ollama.
    upstream_error: The answer of Ollama cannot be read: a line is not the JSON of a reply (expected value at line 1 column 1): <!DOCTYPE html><html><body>Welcome. Check that OLLAMA_HOST is the address of Ollama.
    upstream_error: Ollama answered 502: an HTML page: something else than Ollama answered, such as a proxy; check the address
    upstream_error: Ollama answered 404: 404 page not found: Ollama has no such route there; check that the address is Ollama's own, without /v1 or /api. Check that OLLAMA_HOST is the address of Ollama.
    upstream_error: Ollama answered 401: no text. If the server wants a token, set OLLAMA_MCP_AUTH_TOKEN; it may also refuse this host name (OLLAMA_ORIGINS).
    upstream_error: The answer of Ollama cannot be read: a line has neither a message, nor an error, nor an end. Check that OLLAMA_HOST is the address of Ollama.
    upstream_error: The answer of Ollama cannot be read: a line is not the JSON of a reply (expected value at line 1 column 13): {"message": oops}. Check that OLLAMA_HOST is the address of Ollama.
    interrupted: The answer was interrupted: the server ended the answer before it was done. Ask again.
    upstream_error: Ollama answered 500: tensor "token_embd.weight" offset+size (184785600) exceeds file size (150000000) (the model's file is damaged or not complete; pull or create the model again)
    upstream_error: Ollama answered 502: Post "https://ollama.com:443/api/chat?ts=1795228255": dial tcp: lookup ollama.com on 10.255.255.53:53: dial udp 10.255.255.53:53: connect: network is unreachable
    upstream_error: Ollama answered 500: option "num_predict" must be of type integer (a parameter stored in the model; create the model anew without it)
    "#);
}

#[tokio::test]
async fn busy_server_is_retried_then_overloaded() {
    let (fake, mut session) = answering(Answer::recorded("chat_queue_full_503")).await;
    let result = session.call("chat_completion", plain()).await;
    insta::assert_snapshot!(error_of(&result, &fake.url()), @"overloaded: Ollama is busy (503): server busy, please try again. maximum pending requests exceeded. Try again in a moment.");
    let tries = fake.requests_to("POST", "/api/chat").len();
    assert_eq!(tries, 4, "three retries");
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_queue_full_503"));
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    let result = session.call("chat_completion", plain()).await;
    assert_eq!(result["content"][0]["text"], super::REPLY, "one refusal is not felt");
}

#[tokio::test]
async fn timeouts_name_their_setting() {
    let mut errors = Vec::new();
    for (variable, pieces, partial) in [
        ("OLLAMA_MCP_FIRST_BYTE_TIMEOUT", 0, None),
        ("OLLAMA_MCP_IDLE_TIMEOUT", 3, Some("Three colours are")),
    ] {
        let fake = FakeOllama::start().await.with_defaults();
        fake.on("POST", "/api/chat", Answer::recorded("chat_stream").stall_after(pieces));
        let mut session = Session::with(&[("OLLAMA_HOST", &fake.url()), (variable, "200ms")]);
        let result = session.call("chat_completion", json!({ "model": MODEL, "prompt": "x" })).await;
        errors.push(error_of(&result, &fake.url()));
        let kept = &result["structuredContent"]["error"]["partial"]["content"];
        assert_eq!(kept.as_str(), partial);
        fake.closed(fake.requests_to("POST", "/api/chat")[0].index).await;
    }
    insta::assert_snapshot!(errors.join("\n"), @"
    timeout: Ollama at [address] did not begin its answer for 200ms. Raise OLLAMA_MCP_FIRST_BYTE_TIMEOUT if the model needs longer.
    timeout: Ollama at [address] sent nothing more for 200ms. Raise OLLAMA_MCP_IDLE_TIMEOUT if the model needs longer.

    Text before the failure:
    Three colours are
    ");
}
