//! Which model answers when a call names none, and that the answer says why.

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::Session;

/// The model that was asked, and the answer's reason.
async fn chosen(fake: &FakeOllama, environment: &[(&str, &str)]) -> (String, String) {
    let url = fake.url();
    let mut all = vec![("OLLAMA_HOST", url.as_str())];
    all.extend(environment);
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    let mut session = Session::with(&all);
    let result = session.call("chat_completion", json!({ "prompt": "x" })).await;
    let reason = result["structuredContent"]["model_reason"].as_str().unwrap_or_default().to_owned();
    let sent = fake.wait_for("POST", "/api/chat").await.json();
    (sent["model"].as_str().unwrap().to_owned(), reason)
}

fn tags(models: &[(&str, &str, Option<&[&str]>)]) -> Answer {
    let models: Vec<Value> = models
        .iter()
        .map(|(name, modified, capabilities)| {
            let mut model = json!({ "name": name, "model": name, "modified_at": modified, "details": {} });
            if let Some(capabilities) = capabilities {
                model["capabilities"] = json!(capabilities);
            }
            model
        })
        .collect();
    Answer::json(200, json!({ "models": models }))
}

#[tokio::test]
async fn default_model_is_configured_then_loaded_then_newest() {
    let fake = FakeOllama::start().await.with_defaults();
    let (model, reason) = chosen(&fake, &[("OLLAMA_MODEL", "smollm2:135m")]).await;
    assert_eq!((model.as_str(), reason.as_str()), ("smollm2:135m", "the default in the settings"));
    assert!(fake.requests_to("GET", "/api/tags").is_empty(), "nothing need be asked for that");
    let fake = FakeOllama::start().await.with_defaults();
    let (model, reason) = chosen(&fake, &[]).await;
    assert_eq!((model.as_str(), reason.as_str()), ("gemma3:270m", "the loaded model"));
    let fake = FakeOllama::start().await.with_defaults();
    fake.replay("ps_none");
    let (model, reason) = chosen(&fake, &[]).await;
    assert_eq!((model.as_str(), reason.as_str()), ("qwen2.5-think:0.5b", "the newest chat model"));
}

#[tokio::test]
async fn embedding_model_is_never_default() {
    let fake = FakeOllama::start().await.with_defaults();
    fake.replay("ps_none");
    let embedding = &["embedding"][..];
    let chats = &["completion"][..];
    fake.on(
        "GET",
        "/api/tags",
        tags(&[
            ("new-embed:1b", "2026-02-01T00:00:00Z", Some(embedding)),
            ("old:1b", "2026-01-01T00:00:00Z", Some(chats)),
        ]),
    );
    let (model, reason) = chosen(&fake, &[]).await;
    assert_eq!((model.as_str(), reason.as_str()), ("old:1b", "the only chat model"));
    fake.on("GET", "/api/tags", tags(&[("new-embed:1b", "2026-02-01T00:00:00Z", Some(embedding))]));
    let mut session = Session::start(&fake);
    let result = session.call("chat_completion", json!({ "prompt": "x" })).await;
    assert_eq!(result["structuredContent"]["error"]["code"], "no_models", "{result}");
}

#[tokio::test]
async fn named_model_needs_no_list_request() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    let result = session.call("chat_completion", json!({ "prompt": "x", "model": "smollm2:135m" })).await;
    assert!(result["structuredContent"].get("model_reason").is_none());
    let paths: Vec<_> = fake.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/api/chat"]);
}

#[tokio::test]
async fn newest_model_of_openai_server_is_by_created() {
    for (times, expected) in [
        ([Some(1), Some(3), Some(2)], ("b", "the newest chat model")),
        ([Some(5), Some(5), Some(5)], ("a", "the first chat model by name")),
        ([None, None, None], ("a", "the first chat model by name")),
    ] {
        let fake = FakeOllama::start().await.with_defaults();
        let listed: Vec<Value> = ["c", "b", "a"]
            .iter()
            .zip(times)
            .map(|(id, created)| json!({ "id": id, "created": created }))
            .collect();
        fake.on("GET", "/v1/models", Answer::json(200, json!({ "data": listed })));
        fake.on("POST", "/v1/chat/completions", Answer::recorded("v1_chat_stream"));
        let mut session = Session::openai(&fake);
        let result = session.call("chat_completion", json!({ "prompt": "x" })).await;
        let sent = fake.wait_for("POST", "/v1/chat/completions").await.json();
        let reason = result["structuredContent"]["model_reason"].as_str().unwrap();
        assert_eq!((sent["model"].as_str().unwrap(), reason), expected, "{times:?}");
    }
}

#[tokio::test]
async fn answer_of_other_model_is_warned_of() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::openai(&fake);
    for (answered, told) in [("llama", true), ("qwen", false), ("qwen-2026", false)] {
        let pieces = [
            format!("{{\"model\":\"{answered}\",\"choices\":[{{\"delta\":{{\"content\":\"a\"}}}}]}}"),
            format!(
                "{{\"model\":\"{answered}\",\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"stop\"}}]}}"
            ),
            "[DONE]".to_owned(),
        ];
        let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
        fake.on("POST", "/v1/chat/completions", Answer::sse(&pieces));
        let result = session.call("chat_completion", json!({ "model": "qwen", "prompt": "x" })).await;
        let warnings = result["structuredContent"]["warnings"].to_string();
        assert_eq!(warnings.contains("answered, not"), told, "{answered}: {warnings}");
    }
}
