//! What goes wrong with a chat: the code, what happened, and the next step.

use serde_json::{Value, json};

use super::{MODEL, answering, plain};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::{Session, tool_error};

/// Asserts the code, and each of the texts.
fn expect(result: &Value, code: &str, texts: &[&str]) {
    let (found, text) = tool_error(result);
    assert_eq!(found, code, "{text}");
    for expected in texts {
        assert!(text.contains(expected), "{expected:?} is not in: {text}");
    }
    assert!(text.chars().count() < 600, "short: {text}");
    assert!(!text.contains('{') || text.contains("pull_model {"), "no raw JSON: {text}");
}

#[tokio::test]
async fn a_missing_model_is_named_with_the_one_that_was_meant() {
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
        expect(
            &result,
            "model_not_found",
            &["\"gema3\" is not installed", "Did you mean \"gemma3:270m\"?", "pull"],
        );
    }
}

#[tokio::test]
async fn no_models_at_all() {
    let fake = FakeOllama::start().await;
    fake.replay("tags_empty").replay("ps_none").replay("version");
    let mut session = Session::start(&fake);
    let result = session.call("chat_completion", json!({ "prompt": "x" })).await;
    expect(&result, "no_models", &["no models yet", "pull"]);
    assert!(fake.requests_to("POST", "/api/chat").is_empty());
}

#[tokio::test]
async fn nobody_answers() {
    let address = FakeOllama::closed_address();
    let mut session = Session::with(&[("OLLAMA_HOST", &address.to_string())]);
    let url = format!("http://{address}");
    for arguments in [plain(), json!({ "prompt": "no model named" })] {
        let result = session.call("chat_completion", arguments).await;
        expect(
            &result,
            "ollama_unreachable",
            &["Cannot reach Ollama at ", &url, "connection refused", "ollama serve", "OLLAMA_HOST"],
        );
    }
    let result = session.call("list_models", json!({})).await;
    expect(&result, "ollama_unreachable", &[&url]);
}

#[tokio::test]
async fn what_the_model_cannot_do() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    let image =
        json!([{ "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgo=" } }]);
    let arguments = json!({ "model": "gemma3:270m", "messages": [{ "role": "user", "content": image }] });
    let result = session.call("chat_completion", arguments.clone()).await;
    expect(
        &result,
        "unsupported",
        &["\"gemma3:270m\" cannot read images", "capabilities: completion", "No installed model can"],
    );
    assert!(fake.requests_to("POST", "/api/chat").is_empty(), "an older server would answer without looking");
    // What the list says of capabilities can be wrong, and an older server says nothing: its own refusal counts too.
    fake.on("POST", "/api/show", Answer::json(200, json!({})));
    let mut session = Session::start(&fake);
    for case in ["chat_images_unsupported_stream", "chat_images_unsupported_native_template"] {
        fake.on_next("POST", "/api/chat", Answer::recorded(case));
        let result = session.call("chat_completion", arguments.clone()).await;
        expect(&result, "unsupported", &["\"gemma3:270m\" cannot read images"]);
    }
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_tools_unsupported_stream"));
    let tool = json!({ "type": "function", "function": { "name": "f" } });
    let result = session
        .call("chat_completion", json!({ "model": "gemma3:270m", "prompt": "x", "tools": [tool] }))
        .await;
    expect(
        &result,
        "unsupported",
        &["\"gemma3:270m\" cannot call tools", "Installed models that can: qwen2.5-tools:0.5b"],
    );
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_think_true_unsupported_stream"));
    let result = session
        .call("chat_completion", json!({ "model": "gemma3:270m", "prompt": "x", "think": true }))
        .await;
    expect(
        &result,
        "unsupported",
        &["\"gemma3:270m\" cannot think", "Installed models that can: qwen2.5-think:0.5b"],
    );
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_with_embedding_only_model"));
    let result = session.call("chat_completion", json!({ "model": "qwen-embed:0.5b", "prompt": "x" })).await;
    expect(&result, "unsupported", &["\"qwen-embed:0.5b\" cannot chat"]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_keeps_its_text() {
    let drop_last = Answer::recorded("chat_stream");
    for (answer, texts, partial) in [
        (
            Answer::recorded("chat_stream_runner_killed_qwen"),
            &["unexpected EOF", "Sure, here"][..],
            "Sure, here",
        ),
        (drop_last.clone().cut_after(3), &["was interrupted", "Three colours are"], "Three colours are"),
        (drop_last.reset_after(2), &["was interrupted", "Three colours"], "Three colours"),
    ] {
        let (fake, mut session) = answering(answer).await;
        let result = session.call("chat_completion", plain()).await;
        expect(&result, "interrupted", texts);
        assert_eq!(result["structuredContent"]["error"]["partial"]["content"], partial);
        assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1, "what has begun is not asked for again");
    }
}

#[tokio::test]
async fn what_is_no_answer_of_ollama() {
    for (answer, code, texts) in [
        (Answer::garbage_head(), "upstream_error", &["OLLAMA_HOST"][..]),
        (
            Answer::text(200, "text/html", "<!DOCTYPE html><html><body>Welcome"),
            "upstream_error",
            &["OLLAMA_HOST"],
        ),
        (Answer::text(502, "text/html", "<html><h1>Bad Gateway"), "upstream_error", &["502", "HTML page"]),
        (Answer::text(404, "text/plain", "404 page not found"), "upstream_error", &["404", "OLLAMA_HOST"]),
        (Answer::text(401, "text/plain", ""), "upstream_error", &["401", "OLLAMA_MCP_AUTH_TOKEN"]),
        (Answer::ndjson(&[json!({ "hello": 1 })]), "upstream_error", &["cannot be read"]),
        (
            Answer::text(200, "application/x-ndjson", "{\"message\": oops}\n"),
            "upstream_error",
            &["cannot be read"],
        ),
        (Answer::text(200, "application/x-ndjson", ""), "interrupted", &[]),
        (Answer::recorded("chat_load_failure_stream"), "upstream_error", &["500", "exceeds file size"]),
        (
            Answer::recorded("chat_cloud_model_no_network_stream"),
            "upstream_error",
            &["502", "network is unreachable"],
        ),
        (
            Answer::recorded("chat_options_invalid_num_predict_stream"),
            "upstream_error",
            &["num_predict", "integer"],
        ),
    ] {
        let (_fake, mut session) = answering(answer).await;
        let result = session.call("chat_completion", plain()).await;
        let (found, text) = tool_error(&result);
        assert_eq!(found, code, "{texts:?}: {text}");
        for expected in texts {
            assert!(text.contains(expected), "{expected:?} is not in: {text}");
        }
    }
}

#[tokio::test]
async fn a_busy_server_is_tried_again_and_then_told() {
    let (fake, mut session) = answering(Answer::recorded("chat_queue_full_503")).await;
    let result = session.call("chat_completion", plain()).await;
    expect(&result, "overloaded", &["503", "server busy", "Try again"]);
    let tries = fake.requests_to("POST", "/api/chat").len();
    assert_eq!(tries, 4, "three retries");
    fake.on_next("POST", "/api/chat", Answer::recorded("chat_queue_full_503"));
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    let result = session.call("chat_completion", plain()).await;
    assert_eq!(result["content"][0]["text"], super::REPLY, "one refusal is not felt");
}

#[tokio::test]
async fn timeouts_name_their_setting() {
    for (variable, pieces, partial) in [
        ("OLLAMA_MCP_FIRST_BYTE_TIMEOUT", 0, None),
        ("OLLAMA_MCP_IDLE_TIMEOUT", 3, Some("Three colours are")),
    ] {
        let fake = FakeOllama::start().await.with_defaults();
        fake.on("POST", "/api/chat", Answer::recorded("chat_stream").stall_after(pieces));
        let mut session = Session::with(&[("OLLAMA_HOST", &fake.url()), (variable, "200ms")]);
        let result = session.call("chat_completion", json!({ "model": MODEL, "prompt": "x" })).await;
        expect(&result, "timeout", &[variable, "200ms"]);
        let kept = &result["structuredContent"]["error"]["partial"]["content"];
        assert_eq!(kept.as_str(), partial);
        fake.closed(fake.requests_to("POST", "/api/chat")[0].index).await;
    }
}
