//! The published definitions: snapshots of each, and the rules that hold for all.
//!
//! After a change that is meant, renew them: `INSTA_UPDATE=always cargo nextest run definitions`.

use serde_json::{Value, json};

use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::{BY_HAND, Session};

/// What a host's model pays for, of all tools: names, descriptions and input schemas.
const MODEL_BUDGET: usize = 16 * 1024;
/// The whole answer to `tools/list`.
const LIST_BUDGET: usize = 29 * 1024;
/// One tool.
const TOOL_BUDGET: usize = 4_608;

/// A session with all tools but those of the web.
async fn session() -> (FakeOllama, Session) {
    let fake = FakeOllama::start().await.with_defaults();
    let (url, allowed) = (fake.url(), std::env::temp_dir());
    let settings = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_MCP_ALLOWED_DIRS", allowed.to_str().unwrap())];
    (fake, Session::with(&settings))
}

async fn tools() -> Vec<Value> {
    let (_fake, mut session) = session().await;
    let listed = session.result(BY_HAND, "tools/list", json!({})).await;
    assert!(listed.get("nextCursor").is_none());
    let size = listed.to_string().len();
    assert!(size <= LIST_BUDGET, "tools/list has {size} bytes of {LIST_BUDGET}");
    listed["tools"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_tool_matches_published_definition() {
    for tool in tools().await {
        insta::assert_json_snapshot!(format!("tool_{}", tool["name"].as_str().unwrap()), tool);
    }
}

#[tokio::test]
async fn tools_with_key_match_published_definitions() {
    let fake = FakeOllama::start().await.with_defaults();
    let url = fake.url();
    let settings = [("OLLAMA_HOST", url.as_str()), ("OLLAMA_API_KEY", "k"), ("OLLAMA_MCP_TOOLSETS", "web")];
    let listed = Session::with(&settings).result(BY_HAND, "tools/list", json!({})).await;
    let web = listed["tools"].as_array().unwrap().iter().skip(5);
    for tool in web {
        let size = tool.to_string().len();
        assert!(size <= TOOL_BUDGET, "{} has {size} bytes of {TOOL_BUDGET}", tool["name"]);
        insta::assert_json_snapshot!(format!("tool_{}", tool["name"].as_str().unwrap()), tool);
    }
}

#[tokio::test]
async fn server_info_matches_published_one() {
    let (_fake, mut session) = session().await;
    let mut hello = session.handshake("2025-11-25", "tests").await["result"].take();
    let instructions = hello["instructions"].take();
    hello["serverInfo"]["version"] = json!("[version]");
    insta::assert_json_snapshot!("initialize", hello);
    insta::assert_snapshot!("instructions", instructions.as_str().unwrap());
    for (name, method) in [
        ("resources", "resources/list"),
        ("templates", "resources/templates/list"),
        ("prompts", "prompts/list"),
    ] {
        let result = session.result(BY_HAND, method, json!({})).await;
        insta::assert_json_snapshot!(name, result);
    }
}

#[tokio::test]
async fn failures_match_published_answers() {
    let (_fake, mut session) = session().await;
    let lama = json!({ "model": "lama3", "prompt": "x" });
    for (name, tool, arguments) in [
        ("answer_missing_model", "chat_completion", lama),
        ("answer_wrong_argument", "chat_completion", json!({ "prompt": "x", "temperature": 3 })),
    ] {
        let result = session.call(tool, arguments).await;
        insta::assert_json_snapshot!(name, result);
    }
    for (name, arguments) in
        [("ask_local_model", json!({ "question": "Why is it?", "model": "gemma3:270m" }))]
    {
        let result =
            session.result(BY_HAND, "prompts/get", json!({ "name": name, "arguments": arguments })).await;
        insta::assert_json_snapshot!(format!("prompt_{name}"), result);
    }
}

#[tokio::test]
async fn definitions_keep_to_their_budget() {
    let mut paid = 0;
    for tool in tools().await {
        let size = tool.to_string().len();
        let name = tool["name"].as_str().unwrap();
        assert!(size <= TOOL_BUDGET, "{name} has {size} bytes of {TOOL_BUDGET}");
        let description = tool["description"].as_str().unwrap();
        assert!(description.len() < 2_048, "{name}: Claude Code cuts there");
        paid += name.len() + description.len() + tool["inputSchema"].to_string().len();
    }
    assert!(paid <= MODEL_BUDGET, "{paid} bytes of {MODEL_BUDGET}");
}

#[tokio::test]
async fn every_definition_follows_rules() {
    let tools = tools().await;
    for tool in &tools {
        let name = tool["name"].as_str().unwrap();
        assert!(!tool["title"].as_str().unwrap().is_empty(), "{name} has no title");
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            assert!(tool["annotations"][hint].is_boolean(), "{name} does not say {hint}");
        }
        assert_eq!(tool["annotations"]["title"], tool["title"], "{name}");
        for schema in ["inputSchema", "outputSchema"] {
            let schema_of = &tool[schema];
            assert_eq!(schema_of["type"], "object", "{name} {schema}");
            assert!(schema_of["properties"].is_object(), "{name} {schema}");
            for key in ["anyOf", "oneOf", "allOf", "$defs", "$schema", "definitions"] {
                assert!(schema_of.get(key).is_none(), "{name} {schema} has {key} at its top");
            }
            jsonschema::validator_for(schema_of).unwrap();
        }
        clean(name, &tool["inputSchema"], true);
        clean(name, &tool["outputSchema"], false);
        assert!(tool["outputSchema"].get("required").is_none(), "{name}: errors lack what would be required");
        assert_ne!(tool["outputSchema"]["additionalProperties"], false, "{name}");
        assert!(tool["outputSchema"]["properties"]["error"].is_object(), "{name}");
    }
    let mut names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    let again: Vec<_> =
        self::tools().await.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, again, "the order is the same each time");
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "names are unique");
}

/// Panics at what hosts cannot take, anywhere in a schema.
fn clean(tool: &str, schema: &Value, input: bool) {
    match schema {
        Value::Object(object) => {
            for key in ["$ref", "$defs", "$schema", "definitions"] {
                assert!(!object.contains_key(key), "{tool} has {key}: {schema}");
            }
            // A property may be named so; a keyword has text.
            assert!(!object.get("format").is_some_and(Value::is_string), "{tool} has a format: {schema}");
            if input {
                let nullable = object.get("type").and_then(Value::as_array);
                assert!(!nullable.is_some_and(|types| types.contains(&json!("null"))), "{tool}: {schema}");
            }
            object.values().for_each(|value| clean(tool, value, input));
        }
        Value::Array(items) => items.iter().for_each(|item| clean(tool, item, input)),
        _ => {}
    }
}
