//! `tool_choice`, `parallel_tool_calls` and `logprobs`: taken by `chat_completion`, and not listed by it.

use serde_json::{Value, json};

use super::start;
use crate::support::fake_ollama::Answer;
use crate::support::mcp_client::tool_error;

/// The model of the recordings.
const MODEL: &str = "qwen2.5-coder:0.5b";

fn asking(more: Value) -> Value {
    let tool = json!({ "type": "function", "function": { "name": "get_weather", "parameters": {} } });
    let mut arguments = json!({ "model": MODEL, "prompt": "?", "tools": [tool] });
    for (name, value) in more.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    arguments
}

#[tokio::test]
async fn missing_tool_call_is_a_warning_of_answer() {
    let (fake, mut session) = start(&[]).await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    let result = session.call("chat_completion", asking(json!({ "tool_choice": "required" }))).await;
    let answer = &result["structuredContent"];
    assert!(answer["warnings"].to_string().contains("does not call a tool"), "{result:#}");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 2);
    let result = session.call("chat_completion", asking(json!({ "tool_choice": "none" }))).await;
    assert_eq!(result["structuredContent"].get("warnings"), None, "{result:#}");
    assert_eq!(fake.requests_to("POST", "/api/chat")[2].json().get("tools"), None);
}

#[tokio::test]
async fn log_probabilities_are_answered_on_request() {
    let (fake, mut session) = start(&[]).await;
    fake.on("POST", "/api/chat", Answer::recorded("chat_logprobs"));
    let asked = json!({ "model": MODEL, "prompt": "Say hi.", "logprobs": true, "top_logprobs": 2 });
    let result = session.call("chat_completion", asked).await;
    let content = &result["structuredContent"]["choices"][0]["logprobs"]["content"];
    assert_eq!(
        (&content[0]["token"], &content[0]["top_logprobs"][1]["token"]),
        (&json!("Hello"), &json!("Hi"))
    );
    fake.on("POST", "/api/chat", Answer::recorded("chat_stream"));
    let result = session.call("chat_completion", json!({ "model": MODEL, "prompt": "Say hi." })).await;
    assert_eq!(result["structuredContent"]["choices"][0].get("logprobs"), None, "{result:#}");
}

#[tokio::test]
async fn wrong_tool_choice_and_alternatives_are_named() {
    let (fake, mut session) = start(&[]).await;
    let named = json!({ "tool_choice": { "type": "function", "function": { "name": "get_wether" } } });
    for (arguments, expected) in [
        (
            asking(named),
            "tool_choice names \"get_wether\", which is not among the tools. Did you mean \"get_weather\"?",
        ),
        (asking(json!({ "tool_choice": "any" })), "tool_choice is \"any\""),
        (
            asking(json!({ "logprobs": true, "top_logprobs": 21 })),
            "top_logprobs is 21; it must be between 0 and 20",
        ),
    ] {
        let result = session.call("chat_completion", arguments).await;
        let (code, text) = tool_error(&result);
        assert_eq!(code, "invalid_argument");
        assert!(text.starts_with(expected), "{text}");
    }
    let result = session.call("converse", json!({ "prompt": "?", "logprobs": true })).await;
    assert!(tool_error(&result).1.contains("is not an argument"), "its answer would not have them");
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 0);
}
