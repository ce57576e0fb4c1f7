//! Validates what a server sends against the official schemas of the Model Context Protocol.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Value, json};

/// The revisions that there are schemas of, oldest first.
pub const REVISIONS: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

/// Panics unless `message` is one that a server of this revision may send.
///
/// A result needs the method that was `asked`, since nothing in it tells; errors, notifications and
/// requests of the server do without.
pub fn assert_valid_message(revision: &str, asked: Option<&str>, message: &Value) {
    if let Err(reason) = check_message(revision, asked, message) {
        panic!("not a message of {revision}: {reason}\n{message:#}");
    }
}

/// Says why `message` is none that a server of this revision may send.
///
/// # Errors
///
/// The definition that was violated, and where.
pub fn check_message(revision: &str, asked: Option<&str>, message: &Value) -> Result<(), String> {
    let has = |key| message.get(key).is_some();
    if has("result") && has("error") {
        return Err("it has both a result and an error".to_owned());
    }
    match (message.get("method"), message.get("result")) {
        (Some(_), Some(_)) => Err("it has both a method and a result".to_owned()),
        (Some(method), None) => {
            let (envelope, kind) = match has("id") {
                true => ("JSONRPCRequest", "ServerRequest"),
                false => ("JSONRPCNotification", "ServerNotification"),
            };
            check(revision, envelope, message)?;
            let method = method.as_str().unwrap_or_default();
            let definition = definition_of(revision, kind, method);
            let definition = definition.ok_or_else(|| format!("{kind} has no method {method:?}"))?;
            check(revision, &definition, message)
        }
        (None, Some(result)) => {
            check(revision, first_known(revision, ["JSONRPCResultResponse", "JSONRPCResponse"]), message)?;
            let asked =
                asked.ok_or("name the method that was asked: a result does not tell what it is of")?;
            check(revision, result_of(asked, result)?, result)
        }
        (None, None) => {
            check(revision, first_known(revision, ["JSONRPCErrorResponse", "JSONRPCError"]), message)
        }
    }
}

/// The definition of the result of a method.
fn result_of(method: &str, result: &Value) -> Result<&'static str, String> {
    // It demands nothing but its type, so as one of two it would let everything pass.
    if result.get("resultType").is_some_and(|kind| kind == "input_required") {
        return Ok("InputRequiredResult");
    }
    Ok(match method {
        "initialize" => "InitializeResult",
        "server/discover" => "DiscoverResult",
        "ping" | "logging/setLevel" | "resources/subscribe" | "resources/unsubscribe" => "EmptyResult",
        "tools/list" => "ListToolsResult",
        "tools/call" => "CallToolResult",
        "resources/list" => "ListResourcesResult",
        "resources/templates/list" => "ListResourceTemplatesResult",
        "resources/read" => "ReadResourceResult",
        "prompts/list" => "ListPromptsResult",
        "prompts/get" => "GetPromptResult",
        "completion/complete" => "CompleteResult",
        "subscriptions/listen" => "SubscriptionsListenResult",
        _ => return Err(format!("no client asks {method:?}")),
    })
}

/// The definition, among those that `kind` sums up, of the message with this method.
fn definition_of(revision: &str, kind: &str, method: &str) -> Option<String> {
    let definitions = definitions(revision);
    let members = definitions.get(kind)?.get("anyOf")?.as_array()?;
    members.iter().filter_map(|member| member["$ref"].as_str()?.rsplit('/').next()).find_map(|name| {
        let known = definitions.get(name)?.pointer("/properties/method/const")?;
        (known == method).then(|| name.to_owned())
    })
}

fn first_known(revision: &str, names: [&'static str; 2]) -> &'static str {
    let definitions = definitions(revision);
    names.into_iter().find(|name| definitions.get(name).is_some()).unwrap_or(names[0])
}

fn check(revision: &str, definition: &str, value: &Value) -> Result<(), String> {
    let validator = validator(revision, definition)?;
    let errors = validator.iter_errors(value).take(5);
    let errors: Vec<_> =
        errors.map(|error| format!("at {:?}: {error:.300}", error.instance_path().as_str())).collect();
    if errors.is_empty() { Ok(()) } else { Err(format!("{definition} {}", errors.join("\n  "))) }
}

/// The validator of one definition, compiled once.
fn validator(revision: &str, definition: &str) -> Result<Arc<Validator>, String> {
    static CACHE: OnceLock<Mutex<HashMap<String, Arc<Validator>>>> = OnceLock::new();
    let key = format!("{revision} {definition}");
    let mut cache = CACHE.get_or_init(Mutex::default).lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(validator) = cache.get(&key) {
        return Ok(Arc::clone(validator));
    }
    if definitions(revision).get(definition).is_none() {
        return Err(format!("this revision has no {definition}"));
    }
    let mut schema = schema(revision).clone();
    // Inside allOf, since draft-07 ignores what stands beside a $ref.
    schema["allOf"] = json!([{ "$ref": format!("#/{}/{definition}", keyword(&schema)) }]);
    let validator = jsonschema::options().should_validate_formats(true).build(&schema);
    let validator =
        Arc::new(validator.map_err(|error| format!("the schema of {definition} is broken: {error}"))?);
    cache.insert(key, Arc::clone(&validator));
    Ok(validator)
}

fn definitions(revision: &str) -> &'static Value {
    let schema = schema(revision);
    &schema[keyword(schema)]
}

/// Where the definitions are: the newer draft renamed them.
fn keyword(schema: &Value) -> &'static str {
    if schema.get("$defs").is_some() { "$defs" } else { "definitions" }
}

fn schema(revision: &str) -> &'static Value {
    static SCHEMAS: [OnceLock<Value>; REVISIONS.len()] = [const { OnceLock::new() }; REVISIONS.len()];
    let place = REVISIONS.iter().position(|known| *known == revision);
    let place =
        place.unwrap_or_else(|| panic!("no schema of revision {revision:?}; there are {REVISIONS:?}"));
    SCHEMAS[place].get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/mcp-schema");
        let text = std::fs::read_to_string(folder.join(revision).join("schema.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    })
}
