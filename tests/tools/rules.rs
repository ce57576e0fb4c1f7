//! The rules that hold for every tool, in both eras: whoever adds a tool adds a line to [`calls`].

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::MODEL;
use crate::support::fake_ollama::{Answer, FakeOllama, Request};
use crate::support::mcp_client::{BY_HAND, MODERN, Session, check_output, modern_meta, tool_error};

pub(super) const MISSING: &str = "no-such-model:1b";

/// What of an answer differs from run to run.
const VARYING: [&str; 9] = [
    "id",
    "completion_id",
    "created",
    "updated",
    "latency_ms",
    "address",
    "queued_ms",
    "first_token_ms",
    "total_ms",
];

/// A call of each tool that succeeds in [`world`], and the argument that names its model.
pub(super) fn calls() -> Vec<(&'static str, Value, Option<&'static str>)> {
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

/// An Ollama that answers all of [`calls`], and does not know [`MISSING`].
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
    fake
}

/// The era of a call.
#[derive(Clone, Copy, Debug)]
enum Era {
    ByHand,
    Stateless,
}

/// A session with the published definitions of its tools.
struct Host {
    session: Session,
    tools: Vec<Value>,
    _data: tempfile::TempDir,
    /// The id of the newest completion.
    completion: String,
}

impl Host {
    async fn of(address: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let directory = data.path().to_str().unwrap();
        let mut session = Session::with(&[("OLLAMA_HOST", address), ("OLLAMA_MCP_DATA_DIR", directory)]);
        let listed = session.result(BY_HAND, "tools/list", json!({})).await;
        let tools = listed["tools"].as_array().unwrap().clone();
        Self { session, tools, _data: data, completion: "none".to_owned() }
    }

    fn tool(&self, name: &str) -> &Value {
        self.tools.iter().find(|tool| tool["name"] == name).unwrap()
    }

    /// Calls a tool; its answer keeps to the protocol and to the tool's output schema, whatever it is.
    async fn call(&mut self, era: Era, tool: &str, mut arguments: Value) -> Value {
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

#[tokio::test]
async fn every_tool_takes_its_valid_arguments_and_answers_by_its_schema() {
    let fake = world().await;
    let mut host = Host::of(&fake.url()).await;
    let listed: Vec<_> = host.tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
    let called: Vec<_> = calls().iter().map(|(tool, ..)| (*tool).to_owned()).collect();
    assert_eq!(listed, called, "a tool has no line in the rules");
    for era in [Era::ByHand, Era::Stateless] {
        for (tool, arguments, _) in calls() {
            let schema = &host.tool(tool)["inputSchema"];
            assert!(jsonschema::is_valid(schema, &arguments), "{tool}: {arguments}");
            let result = host.call(era, tool, arguments).await;
            assert_ne!(result["isError"], true, "{tool} {era:?}: {result:#}");
        }
    }
}

/// After a change that is meant, renew them: `INSTA_UPDATE=always cargo nextest run rules`.
#[tokio::test]
async fn every_tool_answers_as_it_was_published() {
    let fake = world().await;
    let mut host = Host::of(&fake.url()).await;
    for (tool, arguments, _) in calls() {
        let mut result = host.call(Era::ByHand, tool, arguments).await;
        mask(&mut result["structuredContent"]);
        let text = result["content"][0]["text"].as_str().unwrap().replace(&fake.url(), "[address]");
        result["content"][0]["text"] = json!(without_times(&text));
        insta::assert_json_snapshot!(format!("answer_{tool}"), result);
    }
}

/// Takes out what varies, at any depth.
fn mask(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                if VARYING.contains(&name.as_str()) {
                    *field = json!(format!("[{name}]"));
                } else {
                    mask(field);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask),
        _ => {}
    }
}

/// The text with `[time]` for each moment, and `[n]` for each number before `ms`.
fn without_times(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some(place) = moment(&text) {
        text.replace_range(place, "[time]");
    }
    let words: Vec<_> = text.split(' ').collect();
    let is_time = |place: usize| words.get(place + 1).is_some_and(|next| next.starts_with("ms"));
    let word =
        |(place, word): (usize, &&str)| if is_time(place) { "[n]".to_owned() } else { (*word).to_owned() };
    words.iter().enumerate().map(word).collect::<Vec<_>>().join(" ")
}

/// Where the first moment stands, as in `2026-07-28T10:00:00.000Z`.
fn moment(text: &str) -> Option<std::ops::Range<usize>> {
    const LENGTH: usize = "2026-07-28T10:00:00.000Z".len();
    let is_moment =
        |found: &str| found.as_bytes()[4] == b'-' && found.as_bytes()[10] == b'T' && found.ends_with('Z');
    let places = 0..=text.len().checked_sub(LENGTH)?;
    places.map(|start| start..start + LENGTH).find(|range| text.get(range.clone()).is_some_and(is_moment))
}

#[tokio::test]
async fn every_tool_names_a_wrong_argument() {
    let fake = world().await;
    let mut host = Host::of(&fake.url()).await;
    for (tool, arguments, _) in calls() {
        let properties = host.tool(tool)["inputSchema"]["properties"].as_object().unwrap().clone();
        for era in [Era::ByHand, Era::Stateless] {
            let mut with_unknown = arguments.clone();
            with_unknown["no_such_argument"] = json!(1);
            let result = host.call(era, tool, with_unknown).await;
            let (code, text) = tool_error(&result);
            assert!(code == "invalid_argument" && text.contains("no_such_argument"), "{tool}: {text}");
        }
        for (name, schema) in &properties {
            let mut wrong = arguments.clone();
            wrong[name] = of_another_type(schema);
            let said = format!("{tool} {name} {}", wrong[name]);
            let result = host.call(Era::ByHand, tool, wrong).await;
            let (code, text) = tool_error(&result);
            assert!(code == "invalid_argument" && text.contains(name.as_str()), "{said}: {code} {text}");
        }
    }
}

#[tokio::test]
async fn every_tool_demands_what_its_schema_requires_and_no_more() {
    let fake = world().await;
    let mut host = Host::of(&fake.url()).await;
    for (tool, arguments, _) in calls() {
        let required = host.tool(tool)["inputSchema"]["required"].as_array().cloned().unwrap_or_default();
        let required: Vec<_> = required.iter().map(|name| name.as_str().unwrap()).collect();
        let mut least = arguments.as_object().unwrap().clone();
        least.retain(|name, _| required.contains(&name.as_str()));
        assert_eq!(least.len(), required.len(), "{tool} is called without what it requires: {required:?}");
        let result = host.call(Era::ByHand, tool, Value::Object(least.clone())).await;
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(!text.contains("` is missing"), "{tool} demands what its schema does not: {text}");
        for name in required {
            let mut less = least.clone();
            less.remove(name);
            let result = host.call(Era::ByHand, tool, Value::Object(less)).await;
            let (code, text) = tool_error(&result);
            let said = text == format!("the argument `{name}` is missing");
            assert!(code == "invalid_argument" && said, "{tool} does without {name}: {code} {text}");
        }
    }
}

/// A value that is of none of the types that a schema allows.
fn of_another_type(schema: &Value) -> Value {
    let branches = schema["anyOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
    let allowed = |name: &str| branches.iter().any(|branch| branch["type"] == name);
    let values = [("object", json!({ "x": 1 })), ("array", json!([[1]])), ("boolean", json!(true))];
    values.into_iter().find(|(name, _)| !allowed(name)).map(|(_, value)| value).unwrap()
}

#[tokio::test]
async fn every_tool_says_that_a_model_is_missing() {
    let fake = world().await;
    let mut host = Host::of(&fake.url()).await;
    for (tool, mut arguments, model) in calls() {
        let Some(model) = model else { continue };
        arguments[model] = json!(MISSING);
        for era in [Era::ByHand, Era::Stateless] {
            let result = host.call(era, tool, arguments.clone()).await;
            let (code, text) = tool_error(&result);
            assert!(code == "model_not_found" && text.contains(MISSING), "{tool} {era:?}: {code} {text}");
        }
    }
}

/// The arguments that name models.
const NAMES: [&str; 5] = ["model", "models", "source", "destination", "from"];

#[tokio::test]
async fn every_tool_refuses_a_name_of_a_megabyte_and_does_not_repeat_it() {
    let fake = world().await;
    let mut host = Host::of(&fake.url()).await;
    let long = "x".repeat(1 << 20);
    let asked = |fake: &FakeOllama| fake.requests().len();
    for (tool, arguments, _) in calls() {
        let properties = host.tool(tool)["inputSchema"]["properties"].as_object().unwrap().clone();
        for name in NAMES.into_iter().filter(|name| properties.contains_key(*name)) {
            let mut too_long = arguments.clone();
            too_long[name] = if name == "models" { json!([MODEL, long]) } else { json!(long) };
            let before = asked(&fake);
            let result = host.call(Era::ByHand, tool, too_long).await;
            let (code, text) = tool_error(&result);
            assert!(code == "invalid_argument" && text.contains(name), "{tool} {name}: {code}");
            assert!(text.contains("at most 256"), "{tool} {name}: {text}");
            assert!(result.to_string().len() < 2_000, "{tool} repeats the {name}");
            assert_eq!(asked(&fake), before, "{tool} asked the model server of the {name}");
        }
        let mut unknown = arguments.clone();
        unknown[&long] = json!(1);
        let result = host.call(Era::ByHand, tool, unknown).await;
        assert_eq!(tool_error(&result).0, "invalid_argument", "{tool}");
        assert!(result.to_string().len() < 2_000, "{tool} repeats an argument's name");
    }
}

#[tokio::test]
async fn every_tool_says_that_ollama_is_down() {
    let address = FakeOllama::closed_address().to_string();
    // All at once: each tries again for a while before it says so.
    let mut calling = JoinSet::new();
    for (tool, arguments, _) in calls() {
        for era in [Era::ByHand, Era::Stateless] {
            calling.spawn(says_that_it_is_down(address.clone(), era, tool, arguments.clone()));
        }
    }
    calling.join_all().await;
}

async fn says_that_it_is_down(address: String, era: Era, tool: &'static str, arguments: Value) {
    let result = Host::of(&address).await.call(era, tool, arguments).await;
    match tool {
        // What the server knows by itself, or was asked for.
        "get_completion" | "cancel_completion" | "health_check" => {}
        "list_conversations" | "get_conversation" | "delete_conversation" => {}
        // Failures stand beside successes.
        "batch_completion" | "compare_models" => {
            assert_eq!(tool_error(&result).0, "ollama_unreachable", "{tool}");
            for one in result["structuredContent"]["results"].as_array().unwrap() {
                let error = &one["error"];
                assert_eq!(error["code"], "ollama_unreachable", "{tool}: {one}");
                assert!(error["message"].as_str().unwrap().contains(&address), "{tool}: {one}");
            }
        }
        _ => {
            let (code, text) = tool_error(&result);
            let said = code == "ollama_unreachable" && text.contains(&address);
            assert!(said && text.contains("ollama serve"), "{tool} {era:?}: {code} {text}");
        }
    }
}

#[tokio::test]
async fn no_tool_needs_more_than_an_object_of_arguments() {
    let fake = world().await;
    let mut host = Host::of(&fake.url()).await;
    for (tool, arguments, _) in calls() {
        // Hosts write null for what a model leaves out.
        let properties = host.tool(tool)["inputSchema"]["properties"].as_object().unwrap().clone();
        let mut with_nulls: Map<String, Value> =
            properties.keys().map(|name| (name.clone(), Value::Null)).collect();
        with_nulls.extend(arguments.as_object().unwrap().clone());
        let result = host.call(Era::ByHand, tool, Value::Object(with_nulls)).await;
        assert_ne!(result["isError"], true, "{tool}: {result:#}");
    }
}
