//! A rule over all tools: text of the model server is shown without escapes, invisible marks and lines of its own.

use serde_json::{Value, json};

use super::MODEL;
use super::calls::{calls, world};
use crate::support::fake_ollama::{Answer, FakeOllama};
use crate::support::hostile::{EVIL, misleading};
use crate::support::mcp_client::Session;

/// [`world`], where all that is shown of models, states and failures is [`EVIL`].
async fn hostile_world() -> FakeOllama {
    let fake = world().await;
    let details = json!({ "family": EVIL, "parameter_size": EVIL, "quantization_level": EVIL });
    let model = |name: &str| {
        json!({
            "name": name, "model": name, "size": 1, "size_vram": 1, "modified_at": EVIL, "expires_at": EVIL,
            "details": details, "capabilities": ["completion", "tools", EVIL],
        })
    };
    let mut elsewhere = model("elsewhere:1b");
    elsewhere["remote_host"] = json!(EVIL);
    let models = json!({ "models": [model(MODEL), model("qwen2.5-tools:0.5b"), model(EVIL), elsewhere] });
    fake.on("GET", "/api/tags", Answer::json(200, models.clone()));
    fake.on("GET", "/api/ps", Answer::json(200, models));
    fake.on("GET", "/api/version", Answer::json(200, json!({ "version": EVIL })));
    let shown = json!({
        "license": EVIL, "parameters": EVIL, "template": EVIL, "system": EVIL, "details": details,
        "model_info": { EVIL: EVIL }, "capabilities": ["completion", EVIL], "modified_at": EVIL,
    });
    fake.on("POST", "/api/show", Answer::json(200, shown));
    let moving = [
        json!({ "status": EVIL, "digest": EVIL, "total": 2, "completed": 1 }),
        json!({ "status": "success" }),
    ];
    for path in ["/api/pull", "/api/push", "/api/create"] {
        fake.on("POST", path, Answer::ndjson(&moving));
    }
    let embedded = |inputs: usize| json!({ "model": EVIL, "embeddings": vec![[1.0, 0.5]; inputs] });
    let embed = Answer::computed(move |request| {
        Answer::json(200, embedded(request.json()["input"].as_array().map_or(1, Vec::len)))
    });
    fake.on("POST", "/api/embed", embed);
    let said = json!({
        "model": EVIL, "message": { "role": "assistant", "content": "Apples." }, "response": "Apples.",
        "done": true, "done_reason": EVIL, "prompt_eval_count": 1, "eval_count": 1,
    });
    fake.on("POST", "/api/chat", Answer::ndjson(std::slice::from_ref(&said)));
    let generate = Answer::computed(move |request| match request.json()["stream"] == false {
        true => Answer::json(200, said.clone()),
        false => Answer::ndjson(std::slice::from_ref(&said)),
    });
    fake.on("POST", "/api/generate", generate);
    fake
}

/// The same where every request but those for the state fails in [`EVIL`] words.
async fn refusing_world() -> FakeOllama {
    let fake = hostile_world().await;
    for (method, path) in [
        ("POST", "/api/chat"),
        ("POST", "/api/generate"),
        ("POST", "/api/show"),
        ("POST", "/api/pull"),
        ("POST", "/api/push"),
        ("POST", "/api/create"),
        ("POST", "/api/copy"),
        ("DELETE", "/api/delete"),
        ("POST", "/api/embed"),
    ] {
        fake.on(method, path, Answer::json(400, json!({ "error": EVIL })));
    }
    fake
}

async fn shows_nothing_misleading(fake: &FakeOllama) {
    let data = tempfile::tempdir().unwrap();
    let url = fake.url();
    let mut session =
        Session::with(&[("OLLAMA_HOST", &url), ("OLLAMA_MCP_DATA_DIR", data.path().to_str().unwrap())]);
    let mut completion = "none".to_owned();
    for (tool, mut arguments, _) in calls() {
        if arguments.get("completion_id").is_some() {
            arguments["completion_id"] = json!(completion);
        }
        let (result, progress) = session.call_watched(tool, arguments).await;
        if let Some(id) = result["structuredContent"]["completion_id"].as_str() {
            completion = id.to_owned();
        }
        let blocks = result["content"].as_array().unwrap().iter().map(|block| &block["text"]);
        let error = &result["structuredContent"]["error"];
        let messages = progress.iter().map(|progress| &progress["message"]);
        for text in blocks.chain([&error["message"], &error["hint"]]).chain(messages) {
            let text = text.as_str().unwrap_or_default();
            assert_eq!(misleading(text), None, "{tool}: {text:?}");
        }
    }
    for uri in
        ["models", "running", "health", &format!("models/{MODEL}"), "conversations", "conversations/rules"]
    {
        let uri = format!("ollama://{uri}");
        let answer = session.ask("resources/read", json!({ "uri": uri })).await;
        let contents = answer["result"]["contents"].as_array().cloned().unwrap_or_default();
        let texts = contents.iter().map(|content| &content["text"]).chain([&answer["error"]["message"]]);
        for text in texts.filter_map(Value::as_str) {
            assert_eq!(misleading(text), None, "{uri}: {text:?}");
        }
    }
}

#[tokio::test]
async fn every_tool_sanitizes_text_of_model_server() {
    shows_nothing_misleading(&hostile_world().await).await;
}

#[tokio::test]
async fn every_failure_sanitizes_text_of_model_server() {
    shows_nothing_misleading(&refusing_world().await).await;
}

#[tokio::test]
async fn names_stay_exact_in_structured_content() {
    let fake = hostile_world().await;
    let url = fake.url();
    let mut session = Session::with(&[("OLLAMA_HOST", &url)]);
    let listed = session.call("list_models", json!({})).await;
    let models = listed["structuredContent"]["models"].as_array().unwrap();
    assert!(models.iter().any(|model| model["name"] == EVIL), "{listed:#}");
}
