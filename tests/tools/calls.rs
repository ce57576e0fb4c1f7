//! A call of every tool, a fake that answers them all, and hosts that make them in both eras.

use std::sync::Arc;

use providers::Timeouts;
use providers::ollama::OllamaWeb;
use serde_json::{Value, json};
use service::ServiceSettings;

use super::MODEL;
use crate::support::fake_ollama::{Answer, FakeOllama, Request};
use crate::support::mcp_client::{BY_HAND, MODERN, Session, check_output, modern_meta};

pub(super) const MISSING: &str = "no-such-model:1b";

/// A tool's name, arguments with which it succeeds in [`world`], and the argument that names its model.
pub(super) type Call = (&'static str, Value, Option<&'static str>);

/// A call of each tool that needs no key.
pub(super) fn calls() -> Vec<Call> {
    let chat = json!({ "model": MODEL, "prompt": "Name two fruits." });
    vec![
        ("chat_completion", chat.clone(), Some("model")),
        ("get_completion", json!({ "completion_id": "[of the last answer]", "wait_seconds": 1 }), None),
        ("cancel_completion", json!({ "completion_id": "[of the last answer]" }), None),
        ("health_check", json!({}), None),
        ("list_models", json!({}), None),
        ("generate", chat, Some("model")),
        (
            "batch_completion",
            json!({ "model": MODEL, "instruction": "Translate.", "inputs": ["a", "b"] }),
            None, // Each input has its own failure.
        ),
        ("compare_models", json!({ "models": [MODEL, "qwen2.5-tools:0.5b"], "prompt": "Hello" }), None),
        (
            "converse",
            json!({ "conversation_id": "rules", "model": MODEL, "prompt": "Name two fruits." }),
            Some("model"),
        ),
        ("list_conversations", json!({}), None),
        ("get_conversation", json!({ "conversation_id": "rules" }), None),
        ("delete_conversation", json!({ "conversation_id": "rules", "confirm": true }), None),
        ("show_model", json!({ "model": MODEL, "verbose": true }), Some("model")),
        ("list_running_models", json!({}), None),
        ("pull_model", json!({ "model": "smollm2:135m", "confirm": true }), Some("model")),
        ("load_model", json!({ "model": MODEL, "keep_alive": "5m" }), Some("model")),
        ("unload_model", json!({ "model": MODEL }), Some("model")),
        ("copy_model", json!({ "source": MODEL, "destination": "mine" }), Some("source")),
        ("create_model", json!({ "model": "pirate", "from": MODEL, "system": "Arr." }), Some("from")),
        ("push_model", json!({ "model": "me/smollm2:135m", "confirm": true }), Some("model")),
        ("delete_model", json!({ "model": MODEL, "confirm": true }), Some("model")),
        ("embed", json!({ "model": MODEL, "input": ["a", "b"] }), Some("model")),
        ("rank", json!({ "model": MODEL, "query": "a", "texts": ["b", "c"] }), Some("model")),
    ]
}

/// A call of each tool that needs a key of ollama.com.
pub(super) fn calls_of_web() -> Vec<Call> {
    vec![
        ("web_search", json!({ "query": "ollama", "max_results": 2 }), None),
        ("web_fetch", json!({ "url": "https://example.com/page" }), None),
    ]
}

/// An Ollama that answers all of [`calls`] and does not know [`MISSING`]. It is an ollama.com too, for [`calls_of_web`].
pub(super) async fn world() -> FakeOllama {
    let fake = FakeOllama::start().await.with_defaults();
    for (method, path, well, missing) in [
        ("POST", "/api/generate", "generate_stream", "generate_missing_model"),
        ("POST", "/api/pull", "pull_success_stream", "pull_unknown_model_stream"),
        ("POST", "/api/create", "create_from_stream", "create_from_missing_no_network"),
        ("POST", "/api/push", "push_success_stream", "push_missing_model"),
        ("POST", "/api/copy", "copy", "copy_missing_source"),
        ("DELETE", "/api/delete", "delete", "delete_missing"),
        ("POST", "/api/embed", "embed_model_ok", "embed_missing_model"),
    ] {
        let answer = move |request: &Request| {
            let body = request.json();
            let named = |field: &str| body[field].as_str() == Some(MISSING);
            let vectors = body["input"].as_array().map(|inputs| vec![[1.0, 0.5]; inputs.len()]);
            match vectors {
                _ if named("model") || named("source") => Answer::recorded(missing),
                // To load or unload, nothing is asked.
                _ if path == "/api/generate" && body["stream"] == false => {
                    Answer::recorded("generate_load_no_prompt")
                }
                Some(vectors) => Answer::json(200, json!({ "model": MODEL, "embeddings": vectors })),
                None => Answer::recorded(well),
            }
        };
        fake.on(method, path, Answer::computed(answer));
    }
    let found = json!({ "title": "Ollama", "url": "https://ollama.com/", "content": "Run models." });
    fake.on("POST", "/api/web_search", Answer::json(200, json!({ "results": [found] })));
    let page = json!({ "title": "A page", "content": "Its text.", "links": ["https://a.example/"] });
    fake.on("POST", "/api/web_fetch", Answer::json(200, page));
    fake
}

/// The era of a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Era {
    ByHand,
    Stateless,
}

/// A session with the published definitions of its tools.
pub(super) struct Host {
    session: Session,
    pub(super) tools: Vec<Value>,
    _data: tempfile::TempDir,
    /// The id of the newest completion.
    completion: String,
}

impl Host {
    /// Hosts with each of these calls: one as the settings make it, one with a key of ollama.com.
    pub(super) async fn all(address: &str) -> [(Self, Vec<Call>); 2] {
        [(Self::of(address).await, calls()), (Self::of_web(address).await, calls_of_web())]
    }

    /// A host that offers a tool.
    pub(super) async fn offering(tool: &str, address: &str) -> Self {
        match calls_of_web().iter().any(|(name, ..)| *name == tool) {
            true => Self::of_web(address).await,
            false => Self::of(address).await,
        }
    }

    async fn of(address: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let directory = data.path().to_str().unwrap();
        let session = Session::with(&[("OLLAMA_HOST", address), ("OLLAMA_MCP_DATA_DIR", directory)]);
        Self::over(session, data).await
    }

    /// With all toolsets, and a key. No setting says where ollama.com is.
    async fn of_web(address: &str) -> Self {
        let url = if address.contains("//") { address.to_owned() } else { format!("http://{address}") };
        let web = OllamaWeb::at(url.parse().unwrap(), "key", Timeouts::default()).unwrap();
        let settings = ServiceSettings { web: Some(Arc::new(web)), ..ServiceSettings::default() };
        Self::over(Session::of_services(&url, settings), tempfile::tempdir().unwrap()).await
    }

    async fn over(mut session: Session, data: tempfile::TempDir) -> Self {
        let listed = session.result(BY_HAND, "tools/list", json!({})).await;
        let tools = listed["tools"].as_array().unwrap().clone();
        Self { session, tools, _data: data, completion: "none".to_owned() }
    }

    pub(super) fn tool(&self, name: &str) -> &Value {
        self.tools.iter().find(|tool| tool["name"] == name).unwrap()
    }

    /// Calls a tool; its answer keeps to the protocol and to the tool's output schema, whatever it is.
    pub(super) async fn call(&mut self, era: Era, tool: &str, mut arguments: Value) -> Value {
        if arguments.get("completion_id").is_some_and(Value::is_string) {
            arguments["completion_id"] = json!(self.completion);
        }
        let mut params = json!({ "name": tool, "arguments": arguments });
        let revision = match era {
            Era::ByHand => BY_HAND,
            Era::Stateless => {
                params["_meta"] = modern_meta();
                MODERN
            }
        };
        let result = self.session.result(revision, "tools/call", params).await;
        check_output(&self.tool(tool)["outputSchema"], tool, &result);
        let structured = &result["structuredContent"];
        if let Some(id) = structured["completion_id"].as_str().or_else(|| structured["id"].as_str()) {
            self.completion = id.to_owned();
        }
        result
    }
}
