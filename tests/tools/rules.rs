//! The rules that hold for every tool, in both eras: whoever adds a tool adds a line to [`super::calls`].

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::MODEL;
use super::calls::{Call, Era, Host, MISSING, calls, calls_of_web, world};
use crate::support::fake_ollama::FakeOllama;
use crate::support::mcp_client::tool_error;

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

#[tokio::test]
async fn every_tool_accepts_valid_arguments_and_answers_by_schema() {
    let fake = world().await;
    for (mut host, calls) in Host::all(&fake.url()).await {
        for era in [Era::ByHand, Era::Stateless] {
            for (tool, arguments, _) in calls.clone() {
                let schema = &host.tool(tool)["inputSchema"];
                assert!(jsonschema::is_valid(schema, &arguments), "{tool}: {arguments}");
                let result = host.call(era, tool, arguments).await;
                assert_ne!(result["isError"], true, "{tool} {era:?}: {result:#}");
            }
        }
    }
}

#[tokio::test]
async fn every_listed_tool_has_line_in_calls() {
    let fake = world().await;
    let [(host, _), (host_with_key, _)] = Host::all(&fake.url()).await;
    let named = |calls: Vec<Call>| calls.iter().map(|(tool, ..)| (*tool).to_owned()).collect::<Vec<_>>();
    let listed = |host: &Host| {
        host.tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&host), named(calls()));
    assert_eq!(listed(&host_with_key), [named(calls()), named(calls_of_web())].concat());
}

/// After a change that is meant, renew them: `INSTA_UPDATE=always cargo nextest run rules`.
#[tokio::test]
async fn every_tool_answers_as_it_was_published() {
    let fake = world().await;
    for (mut host, calls) in Host::all(&fake.url()).await {
        for (tool, arguments, _) in calls {
            let mut result = host.call(Era::ByHand, tool, arguments).await;
            mask(&mut result["structuredContent"]);
            let text = result["content"][0]["text"].as_str().unwrap().replace(&fake.url(), "[address]");
            result["content"][0]["text"] = json!(without_times(&text));
            insta::assert_json_snapshot!(format!("answer_{tool}"), result);
        }
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
async fn every_tool_names_invalid_argument() {
    let fake = world().await;
    for (mut host, calls) in Host::all(&fake.url()).await {
        for (tool, arguments, _) in calls {
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
}

#[tokio::test]
async fn every_tool_requires_exactly_what_its_schema_requires() {
    let fake = world().await;
    let mut refusals = Vec::new();
    for (mut host, calls) in Host::all(&fake.url()).await {
        for (tool, arguments, _) in calls {
            let required = host.tool(tool)["inputSchema"]["required"].as_array().cloned().unwrap_or_default();
            let required: Vec<_> = required.iter().map(|name| name.as_str().unwrap()).collect();
            let mut least = arguments.as_object().unwrap().clone();
            least.retain(|name, _| required.contains(&name.as_str()));
            assert_eq!(
                least.len(),
                required.len(),
                "{tool} is called without what it requires: {required:?}"
            );
            let result = host.call(Era::ByHand, tool, Value::Object(least.clone())).await;
            let text = result["content"][0]["text"].as_str().unwrap();
            if result["isError"] == true {
                refusals.push(format!("{tool}: {text}"));
            }
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
    // No schema says "one of these", or that a call needs the user's consent. Whatever else is here is a fault.
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    chat_completion: prompt or messages is missing; give one of them
    get_completion: No completion is in progress or waiting to be fetched. Start one with chat_completion.
    cancel_completion: There is no completion "none". Ids end with the server's process; in get_completion, leave the id out for the newest completion.
    batch_completion: inputs and files have 0 entries; they must have 1 to 200
    delete_conversation: delete_conversation of "rules" was not done: it was not confirmed. Ask the user: "Delete the conversation rules (2 messages) from this machine for good?" If the answer is yes, call again with confirm: true.
    pull_model: pull_model of "smollm2:135m" was not done: it was not confirmed. Ask the user: "smollm2:135m is already installed. Download it again, and replace it if the registry has a different version?" If the answer is yes, call again with confirm: true.
    create_model: from or gguf is missing; give the installed model, or the file, to start from
    push_model: push_model of "me/smollm2:135m" was not done: it was not confirmed. Ask the user: "Publish the model me/smollm2:135m for others to see?" If the answer is yes, call again with confirm: true.
    delete_model: delete_model of "gemma3:270m" was not done: it was not confirmed. Ask the user: "Delete the model gemma3:270m (253 MB) from this Ollama?" If the answer is yes, call again with confirm: true.
    embed: No installed model is known to make embeddings. Name one in model. Or install one, for example with "ollama pull nomic-embed-text". Or call pull_model.
    rank: No installed model is known to make embeddings. Name one in model. Or install one, for example with "ollama pull nomic-embed-text". Or call pull_model.
    "#);
}

/// A value that is of none of the types that a schema allows.
fn of_another_type(schema: &Value) -> Value {
    let branches = schema["anyOf"].as_array().cloned().unwrap_or_else(|| vec![schema.clone()]);
    let allowed = |name: &str| branches.iter().any(|branch| branch["type"] == name);
    let values = [("object", json!({ "x": 1 })), ("array", json!([[1]])), ("boolean", json!(true))];
    values.into_iter().find(|(name, _)| !allowed(name)).map(|(_, value)| value).unwrap()
}

#[tokio::test]
async fn every_tool_reports_missing_model() {
    let fake = world().await;
    for (mut host, calls) in Host::all(&fake.url()).await {
        for (tool, mut arguments, model) in calls {
            let Some(model) = model else { continue };
            arguments[model] = json!(MISSING);
            for era in [Era::ByHand, Era::Stateless] {
                let result = host.call(era, tool, arguments.clone()).await;
                let (code, text) = tool_error(&result);
                assert!(code == "model_not_found" && text.contains(MISSING), "{tool} {era:?}: {code} {text}");
            }
        }
    }
}

/// The arguments that name models.
const NAMES: [&str; 5] = ["model", "models", "source", "destination", "from"];

#[tokio::test]
async fn every_tool_refuses_huge_name_without_repeating_it() {
    let fake = world().await;
    let long = "x".repeat(1 << 20);
    let asked = |fake: &FakeOllama| fake.requests().len();
    for (mut host, calls) in Host::all(&fake.url()).await {
        for (tool, arguments, _) in calls {
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
}

#[tokio::test]
async fn every_tool_reports_unreachable_server() {
    let address = FakeOllama::closed_address().to_string();
    // All concurrently: each tries again for a while before it says so.
    let mut calling = JoinSet::new();
    for (tool, arguments, _) in calls().into_iter().chain(calls_of_web()) {
        for era in [Era::ByHand, Era::Stateless] {
            calling.spawn(reports_unreachable_server(address.clone(), era, tool, arguments.clone()));
        }
    }
    calling.join_all().await;
}

async fn reports_unreachable_server(address: String, era: Era, tool: &'static str, arguments: Value) {
    let result = Host::offering(tool, &address).await.call(era, tool, arguments).await;
    match tool {
        // What the server knows by itself, or was asked for.
        "get_completion" | "cancel_completion" | "health_check" => {}
        "list_conversations" | "get_conversation" | "delete_conversation" => {}
        "web_search" | "web_fetch" => {
            let (code, text) = tool_error(&result);
            let expected = code == "ollama_unreachable" && text.contains("Cannot reach ollama.com");
            assert!(expected, "{tool} {era:?}: {code} {text}");
        }
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
async fn every_tool_accepts_null_for_optional_arguments() {
    let fake = world().await;
    for (mut host, calls) in Host::all(&fake.url()).await {
        for (tool, arguments, _) in calls {
            // Hosts write null for what a model leaves out.
            let properties = host.tool(tool)["inputSchema"]["properties"].as_object().unwrap().clone();
            let mut with_nulls: Map<String, Value> =
                properties.keys().map(|name| (name.clone(), Value::Null)).collect();
            with_nulls.extend(arguments.as_object().unwrap().clone());
            let result = host.call(Era::ByHand, tool, Value::Object(with_nulls)).await;
            assert_ne!(result["isError"], true, "{tool}: {result:#}");
        }
    }
}
