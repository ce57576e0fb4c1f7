//! The same calls against an OpenAI-compatible server.

use serde_json::{Value, json};

use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::mcp_client::{Session, tool_error};

const CHAT: &str = "/v1/chat/completions";

async fn answering(answer: Answer) -> (FakeOllama, Session) {
    let fake = FakeOllama::start().await.with_defaults();
    fake.on("POST", CHAT, answer);
    let session = Session::openai(&fake);
    (fake, session)
}

fn plain() -> Value {
    json!({ "model": "qwen2.5-coder:0.5b", "prompt": "Name three colours." })
}

#[tokio::test]
async fn stream_becomes_completion_with_progress_and_usage() {
    for split in [1_000_000, 1, 11] {
        let (_fake, mut session) =
            answering(Answer::recorded("v1_chat_stream_include_usage").split_bytes(split)).await;
        let (result, progress) = session.call_watched("chat_completion", plain()).await;
        let reply = result["content"][0]["text"].as_str().unwrap();
        assert!(reply.starts_with("Three colours are"), "{reply}");
        let deltas: String =
            progress.iter().filter_map(|step| step["_meta"]["ollama-mcp/delta"].as_str()).collect();
        assert_eq!(deltas, reply);
        let answer = &result["structuredContent"];
        assert_eq!(
            answer["usage"],
            json!({ "prompt_tokens": 33, "completion_tokens": 11, "total_tokens": 44 })
        );
        assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    }
}

#[tokio::test]
async fn thinking_and_tool_calls_are_in_answer() {
    let (_fake, mut session) = answering(Answer::recorded("v1_think_model_stream")).await;
    let result = session.call("chat_completion", plain()).await;
    let message = &result["structuredContent"]["choices"][0]["message"];
    assert!(message["reasoning"].as_str().unwrap().starts_with("17"), "{message}");
    assert!(!message["content"].as_str().unwrap().is_empty());
    let (_fake, mut session) = answering(Answer::recorded("v1_tools_model_call_stream")).await;
    let result = session.call("chat_completion", plain()).await;
    let call = &result["structuredContent"]["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"], json!({ "name": "get_weather", "arguments": "{\"city\":\"Paris\"}" }));
    assert_eq!(result["structuredContent"]["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn request_uses_openai_fields() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::openai(&fake);
    let schema = json!({ "type": "object" });
    let mut arguments = plain();
    for (name, value) in [
        ("temperature", json!(0.5)),
        ("top_p", json!(0.9)),
        ("max_tokens", json!(5)),
        ("seed", json!(7)),
        ("stop", json!("END")),
        ("presence_penalty", json!(0.1)),
        ("frequency_penalty", json!(0.2)),
        ("response_format", schema.clone()),
        ("system", json!("Be brief.")),
    ] {
        arguments[name] = value;
    }
    session.call("chat_completion", arguments).await;
    let sent = fake.requests_to("POST", CHAT)[0].json();
    assert_eq!((&sent["stream"], &sent["stream_options"]["include_usage"]), (&json!(true), &json!(true)));
    assert_eq!((&sent["temperature"], &sent["top_p"], &sent["seed"]), (&json!(0.5), &json!(0.9), &json!(7)));
    assert_eq!((&sent["presence_penalty"], &sent["frequency_penalty"]), (&json!(0.1), &json!(0.2)));
    assert_eq!(sent["max_tokens"], 5);
    assert!(sent["stop"] == json!("END") || sent["stop"] == json!(["END"]), "{sent}");
    assert_eq!(sent["response_format"]["type"], "json_schema");
    assert_eq!(sent["response_format"]["json_schema"]["schema"], schema);
    assert_eq!(sent["messages"][0], json!({ "role": "system", "content": "Be brief." }));
    assert!(sent.get("options").is_none() && sent.get("keep_alive").is_none(), "{sent}");
}

#[tokio::test]
async fn failures_have_same_codes_as_with_ollama() {
    let address = FakeOllama::closed_address();
    let url = format!("http://{address}/v1");
    let mut session = Session::with(&[("OLLAMA_MCP_PROVIDER", "openai"), ("OLLAMA_MCP_BASE_URL", &url)]);
    let result = session.call("chat_completion", plain()).await;
    let (code, text) = tool_error(&result);
    assert_eq!(code, "ollama_unreachable");
    assert!(text.contains("OLLAMA_MCP_BASE_URL") && !text.contains("ollama serve"), "{text}");
    for (answer, code, named) in [
        (Answer::recorded("v1_chat_missing_model_stream"), "model_not_found", "qwen2.5-coder"),
        (Answer::recorded("v1_chat_tools_unsupported"), "unsupported", "call tools"),
        (Answer::recorded("v1_chat_load_failure_stream"), "upstream_error", "500"),
        (
            Answer::text(401, "application/json", r#"{"error":{"message":"bad key"}}"#),
            "upstream_error",
            "OLLAMA_MCP_API_KEY",
        ),
        (Answer::recorded("v1_chat_stream_runner_killed_qwen"), "interrupted", "was interrupted"),
        (Answer::recorded("v1_chat_stream").cut_after(3), "interrupted", "Three"),
    ] {
        let (_fake, mut session) = answering(answer).await;
        let result = session.call("chat_completion", plain()).await;
        let (found, text) = tool_error(&result);
        assert_eq!(found, code, "{text}");
        assert!(text.contains(named), "{named:?} is not in: {text}");
    }
}

#[tokio::test]
async fn other_tools_work_with_openai_server() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::openai(&fake);
    let health = session.call("health_check", json!({})).await;
    assert_eq!(health["structuredContent"]["status"], "ok", "{health}");
    let models = session.call("list_models", json!({})).await;
    assert_eq!(models["structuredContent"]["models"].as_array().unwrap().len(), 2);
    fake.replay("v1_models_empty");
    let models = session.call("list_models", json!({})).await;
    assert_eq!(models["structuredContent"]["models"], json!([]), "Ollama answers null for none");
}

#[tokio::test]
async fn api_key_is_sent_as_bearer_token() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = format!("{}/v1", fake.url());
    let mut session = Session::with(&[
        ("OLLAMA_MCP_PROVIDER", "openai"),
        ("OLLAMA_MCP_BASE_URL", &url),
        ("OLLAMA_MCP_API_KEY", "k-123"),
    ]);
    session.call("chat_completion", plain()).await;
    assert_eq!(fake.requests_to("POST", CHAT)[0].header("authorization"), Some("Bearer k-123"));
}

#[tokio::test]
async fn facts_the_server_does_not_report_are_absent() {
    let (_fake, mut session) = answering(Answer::recorded("v1_chat_stream_include_usage")).await;
    let health = session.call("health_check", json!({})).await;
    assert!(health["structuredContent"].get("models_loaded").is_none(), "{health}");
    let said = health["content"][0]["text"].as_str().unwrap();
    assert!(said.contains("Models installed") && !said.contains("loaded"), "{said}");
    let listed = session.call("list_models", json!({})).await;
    let models = listed["structuredContent"]["models"].as_array().unwrap();
    assert!(!models.is_empty() && models.iter().all(|model| model.get("loaded").is_none()), "{listed}");
    for method in ["resources/list", "resources/templates/list"] {
        let listed = session.ask(method, json!({})).await.to_string();
        assert!(listed.contains("ollama://models") && !listed.contains("ollama://running"), "{listed}");
    }
    let result = session.call("embed", json!({ "input": "x" })).await;
    let (code, said) = tool_error(&result);
    assert!(code == "no_models" && said.contains("list_models") && !said.contains("pull_model"), "{said}");
}

#[tokio::test]
async fn unlisted_model_takes_images_and_num_ctx_is_ignored() {
    let (fake, mut session) = answering(Answer::recorded("v1_chat_stream_include_usage")).await;
    let pixel =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let message = json!({ "role": "user", "content": "What is this?", "images": [pixel] });
    let arguments = json!({ "model": "openrouter/any", "messages": [message], "num_ctx": 8 });
    let result = session.call("chat_completion", arguments).await;
    assert_eq!(result["structuredContent"]["status"], "completed", "{result}");
    assert_eq!(fake.requests_to("GET", "/v1/models").len(), 0);
    let warnings = result["structuredContent"]["warnings"].to_string();
    assert!(warnings.contains("num_ctx was ignored") && !warnings.contains("Raise"), "{warnings}");
}
