//! `generate`: bare prompts.

use serde_json::{Value, json};

use super::{start, text};
use crate::support::fake_ollama::{Answer, Recording};
use crate::support::mcp_client::tool_error;

const CODER: &str = "qwen2.5-coder:0.5b";
/// The eight bytes that a PNG begins with, in base64.
const IMAGE: &str = "iVBORw0KGgo=";

/// The text of a recorded stream.
fn recorded(case: &str) -> String {
    let lines = Recording::load(case).body;
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| line["response"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn generate_continues_prompt() {
    let (fake, mut session) = start(&[("OLLAMA_MCP_PROGRESS_INTERVAL", "0")]).await;
    fake.replay("generate_stream");
    let arguments = json!({
        "model": CODER, "prompt": "Name two fruits.", "system": "Be brief.", "temperature": 0, "max_tokens": 16,
    });
    let (result, progress) = session.call_watched("generate", arguments).await;
    let whole = recorded("generate_stream");
    assert!(text(&result).contains(&whole), "{}", text(&result));
    assert_eq!(result["structuredContent"]["status"], "completed");
    let deltas: String =
        progress.iter().filter_map(|params| params["_meta"]["ollama-mcp/delta"].as_str()).collect();
    assert_eq!(deltas, whole);
    let body = fake.requests_to("POST", "/api/generate")[0].json();
    assert_eq!((&body["model"], &body["prompt"]), (&json!(CODER), &json!("Name two fruits.")));
    assert_eq!((&body["system"], &body["stream"]), (&json!("Be brief."), &json!(true)));
    assert_eq!((&body["options"]["temperature"], &body["options"]["num_predict"]), (&json!(0.0), &json!(16)));
    assert!(body.get("suffix").is_none() && body.get("template").is_none(), "{body}");
}

#[tokio::test]
async fn suffix_raw_and_images_are_sent_unchanged() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("generate_stream");
    let sees = json!({ "capabilities": ["completion", "insert", "vision"], "details": {}, "model_info": {} });
    fake.on("POST", "/api/show", Answer::json(200, sees));
    let fill = json!({ "model": CODER, "prompt": "def add(", "suffix": "return c", "raw": true });
    text(&session.call("generate", fill).await);
    let look =
        json!({ "model": CODER, "prompt": "What is it?", "template": "{{ .Prompt }}", "images": [IMAGE] });
    text(&session.call("generate", look).await);
    let sent = fake.requests_to("POST", "/api/generate");
    let (fill, look) = (sent[0].json(), sent[1].json());
    assert_eq!((&fill["suffix"], &fill["raw"]), (&json!("return c"), &json!(true)));
    assert_eq!((&look["images"], &look["template"]), (&json!([IMAGE]), &json!("{{ .Prompt }}")));
}

#[tokio::test]
async fn sampling_arguments_missing_from_schema_are_accepted() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("generate_stream");
    let arguments = json!({
        "model": CODER, "prompt": "a", "seed": 7, "stop": "x", "top_p": 0.5, "num_ctx": 2048, "keep_alive": "5m",
    });
    text(&session.call("generate", arguments).await);
    let sent = fake.requests_to("POST", "/api/generate")[0].json();
    let options = json!({ "top_p": 0.5, "seed": 7, "stop": ["x"], "num_ctx": 2048 });
    assert_eq!((&sent["options"], &sent["keep_alive"]), (&options, &json!("5m")));
    let result = session.call("generate", json!({ "prompt": "a", "top_p": "much" })).await;
    assert!(tool_error(&result).1.contains("top_p"), "{result}");
}

#[tokio::test]
async fn conflicting_arguments_are_refused_before_any_request() {
    let (fake, mut session) = start(&[]).await;
    for (arguments, named) in [
        (json!({ "model": CODER, "prompt": "" }), "prompt"),
        (json!({ "model": CODER, "prompt": "a", "raw": true, "system": "b" }), "raw"),
        (json!({ "model": CODER, "prompt": "a", "images": ["no base64!"] }), "images"),
        (json!({ "model": CODER, "prompt": "a", "sufix": "b" }), "suffix"),
    ] {
        let result = session.call("generate", arguments).await;
        let (code, said) = tool_error(&result);
        assert_eq!(code, "invalid_argument");
        assert!(said.contains(named), "{said}");
    }
    assert_eq!(fake.requests_to("POST", "/api/generate").len(), 0);
}

#[tokio::test]
async fn model_without_insert_is_unsupported() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("generate_suffix_unsupported");
    let arguments = json!({ "model": "gemma3:270m", "prompt": "a", "suffix": "b" });
    let result = session.call("generate", arguments).await;
    assert_eq!(tool_error(&result).0, "unsupported", "{result}");
    fake.replay("generate_missing_model");
    let result = session.call("generate", json!({ "model": "no-such-model", "prompt": "a" })).await;
    assert_eq!(tool_error(&result).0, "model_not_found");
}

#[tokio::test]
async fn empty_system_prompt_suppresses_that_of_model() {
    let (fake, mut session) = start(&[]).await;
    fake.replay("generate_stream");
    // Ollama takes an empty text for none given, and would put the model's own in its place.
    for (given, sent) in
        [(json!(""), json!(" ")), (json!("Be brief."), json!("Be brief.")), (Value::Null, Value::Null)]
    {
        let mut arguments = json!({ "model": CODER, "prompt": "hi", "system": given });
        if given.is_null() {
            arguments.as_object_mut().unwrap().remove("system");
        }
        text(&session.call("generate", arguments).await);
        assert_eq!(fake.requests_to("POST", "/api/generate").last().unwrap().json()["system"], sent);
    }
}
