//! What `chat_completion` makes of Ollama's recorded answers.

use serde_json::{Value, json};

use super::{MODEL, REPLY, answering, message, plain};
use crate::support::fake_ollama::{Answer, FakeOllama, Recording};
use crate::support::mcp_client::Session;

/// The pieces of a recorded stream under a key of `message`, joined.
fn recorded(case: &str, key: &str) -> String {
    let lines = Recording::load(case).body;
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter_map(|line| line["message"][key].as_str().map(str::to_owned)).collect()
}

fn warnings(result: &Value) -> String {
    result["structuredContent"]["warnings"].to_string()
}

#[tokio::test]
async fn stream_becomes_completion_with_usage_of_ollama() {
    for split in [None, Some(1), Some(7)] {
        let answer = Answer::recorded("chat_stream");
        let answer = split.map_or(answer.clone(), |bytes| answer.split_bytes(bytes));
        let (_fake, mut session) = answering(answer).await;
        let result = session.call("chat_completion", plain()).await;
        assert_eq!(result["content"], json!([{ "type": "text", "text": REPLY }]));
        let completion = &result["structuredContent"];
        assert_eq!(message(&result), &json!({ "role": "assistant", "content": REPLY }));
        assert_eq!(completion["choices"][0]["finish_reason"], "stop");
        assert_eq!(
            completion["usage"],
            json!({ "prompt_tokens": 33, "completion_tokens": 11, "total_tokens": 44 })
        );
        assert_eq!(
            (&completion["object"], &completion["status"]),
            (&json!("chat.completion"), &json!("completed"))
        );
        assert_eq!((&completion["model"], &completion["location"]), (&json!(MODEL), &json!("local")));
        assert_eq!(completion["timings"]["prompt_ms"], 26);
        // A model that was loaded took no time to load: what is default is left out.
        for left_out in ["completion_id", "next_step", "conversation_id"] {
            assert!(completion.get(left_out).is_none(), "{left_out}: {completion}");
        }
        assert!(completion["timings"].get("load_ms").is_none(), "{completion}");
        assert_eq!(completion["timings"]["tokens_per_second"], 69.6, "11 tokens in 158.148 ms");
        assert!(completion["id"].as_str().unwrap().starts_with("chatcmpl-"));
        assert!(completion["created"].as_u64().unwrap() > 1_700_000_000);
        assert!(completion.get("warnings").is_none(), "{}", warnings(&result));
    }
}

#[tokio::test]
async fn thinking_is_separate_from_answer() {
    let (_fake, mut session) = answering(Answer::recorded("think_model_stream")).await;
    let arguments = json!({ "model": "qwen2.5-think:0.5b", "prompt": "17+25?", "think": true });
    let result = session.call("chat_completion", arguments).await;
    let (thinking, content) =
        (recorded("think_model_stream", "thinking"), recorded("think_model_stream", "content"));
    assert!(!thinking.is_empty() && !content.is_empty());
    assert_eq!(message(&result)["reasoning"], thinking);
    assert_eq!(message(&result)["content"], content);
    assert_eq!(result["content"][0]["text"], content);
}

#[tokio::test]
async fn tool_calls_have_openai_format() {
    for case in ["tools_model_call_stream", "tools_model_call_nonstream"] {
        let (_fake, mut session) = answering(Answer::recorded(case)).await;
        let tool = json!({ "type": "function", "function": { "name": "get_weather", "parameters": { "type": "object" } } });
        let arguments =
            json!({ "model": "qwen2.5-tools:0.5b", "prompt": "Weather in Paris?", "tools": [tool] });
        let result = session.call("chat_completion", arguments).await;
        let call = &message(&result)["tool_calls"][0];
        assert_eq!((&call["type"], &call["function"]["name"]), (&json!("function"), &json!("get_weather")));
        let text = call["function"]["arguments"].as_str().expect("arguments are text, as OpenAI's are");
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), json!({ "city": "Paris" }));
        assert!(call["id"].as_str().unwrap().starts_with("call_"));
        assert_eq!(result["structuredContent"]["choices"][0]["finish_reason"], "tool_calls");
        assert!(
            result["content"][0]["text"].as_str().unwrap().contains("get_weather"),
            "text stands alone too"
        );
    }
}

#[tokio::test]
async fn truncated_reply_has_finish_reason_and_warning() {
    let (_fake, mut session) = answering(Answer::recorded("chat_options_num_predict_length")).await;
    let arguments = json!({ "model": MODEL, "prompt": "Count.", "max_tokens": 8 });
    let result = session.call("chat_completion", arguments).await;
    assert_eq!(result["structuredContent"]["choices"][0]["finish_reason"], "length");
    assert!(warnings(&result).contains("max_tokens (8)"), "{}", warnings(&result));
    let texts = result["content"].as_array().unwrap();
    assert!(
        texts[1]["text"].as_str().unwrap().contains("max_tokens"),
        "older hosts show only text: {texts:?}"
    );
}

#[tokio::test]
async fn ignored_option_is_warned_of() {
    let fake = FakeOllama::start().await.with_defaults();
    let mut session = Session::start(&fake);
    let arguments = json!({ "model": MODEL, "prompt": "x", "options": { "num_cxt": 4096, "min_p": 0.1 } });
    let result = session.call("chat_completion", arguments).await;
    let told = warnings(&result);
    assert!(
        told.contains("options.num_cxt") && told.contains("num_ctx?") && !told.contains("min_p"),
        "{told}"
    );
}

fn person() -> Value {
    json!({ "type": "object", "properties": { "name": { "type": "string" }, "age": { "type": "integer" } },
        "required": ["name", "age"] })
}

fn says(text: &str) -> Answer {
    let line = |content: &str, done: bool| json!({ "model": MODEL, "message": { "role": "assistant", "content": content }, "done": done });
    let mut last = line("", true);
    last["done_reason"] = json!("stop");
    Answer::ndjson(&[line(text, false), last])
}

#[tokio::test]
async fn reply_matching_schema_is_accepted_without_retry() {
    let (fake, mut session) = answering(Answer::recorded("chat_format_json_schema_stream")).await;
    let arguments = json!({ "model": MODEL, "prompt": "Ada", "response_format": person() });
    let result = session.call("chat_completion", arguments).await;
    let reply: Value = serde_json::from_str(message(&result)["content"].as_str().unwrap()).unwrap();
    assert_eq!(reply["age"], 36);
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 1);
    assert!(result["structuredContent"].get("warnings").is_none());
}

#[tokio::test]
async fn reply_violating_schema_is_retried_once() {
    let (fake, mut session) = answering(says(r#"{"name":"Ada","age":36}"#)).await;
    fake.on_next("POST", "/api/chat", says("Sure! Ada is 36."));
    let arguments = json!({ "model": MODEL, "prompt": "Ada", "response_format": person() });
    let (result, progress) = session.call_watched("chat_completion", arguments).await;
    assert_eq!(message(&result)["content"], r#"{"name":"Ada","age":36}"#);
    assert!(result["structuredContent"].get("warnings").is_none(), "{}", warnings(&result));
    let chats = fake.requests_to("POST", "/api/chat");
    assert_eq!(chats.len(), 2);
    let again = chats[1].json();
    let roles: Vec<_> =
        again["messages"].as_array().unwrap().iter().map(|message| &message["role"]).collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    assert_eq!(again["messages"][1]["content"], "Sure! Ada is 36.");
    let told = again["messages"][2]["content"].as_str().unwrap();
    assert!(told.contains("not JSON") && told.contains("\"required\""), "{told}");
    assert_eq!(again["format"], person());
    let shown: String =
        progress.iter().filter_map(|step| step["_meta"]["ollama-mcp/delta"].as_str()).collect();
    assert_eq!(shown, r#"{"name":"Ada","age":36}"#, "what was rejected is not shown");
}

#[tokio::test]
async fn reply_violating_schema_twice_has_warning() {
    let (fake, mut session) = answering(says(r#"{"name":"Ada","age":"old"}"#)).await;
    let arguments = json!({ "model": MODEL, "prompt": "Ada", "response_format": person() });
    let result = session.call("chat_completion", arguments).await;
    assert_eq!(fake.requests_to("POST", "/api/chat").len(), 2, "asked twice, not more");
    assert_eq!(message(&result)["content"], r#"{"name":"Ada","age":"old"}"#);
    assert!(
        warnings(&result).contains("response_format") && warnings(&result).contains("/age"),
        "{}",
        warnings(&result)
    );
}

#[tokio::test]
async fn answer_of_cloud_model_has_location() {
    let line = json!({ "model": "big", "remote_model": "big", "remote_host": "https://ollama.com:443",
        "message": { "role": "assistant", "content": "hi" }, "done": true, "done_reason": "stop" });
    let (_fake, mut session) = answering(Answer::ndjson(&[line])).await;
    let result = session.call("chat_completion", json!({ "model": "big:cloud", "prompt": "x" })).await;
    assert_eq!(result["structuredContent"]["location"], "https://ollama.com:443");
}

#[tokio::test]
async fn empty_reply_is_described_in_text() {
    let (_fake, mut session) = answering(says("")).await;
    let result = session.call("chat_completion", plain()).await;
    assert_eq!(message(&result)["content"], "");
    assert!(result["content"][0]["text"].as_str().unwrap().contains("empty answer"));
}
