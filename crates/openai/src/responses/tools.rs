//! Tools, and the choice among them, in the form of a chat.

use serde_json::{Map, Value, json};

use crate::InvalidArgument;

/// The tools as a chat has them.
///
/// # Errors
/// One is no function: its path ends with `type`.
pub(super) fn chat_tools(tools: &[Value]) -> Result<Vec<Value>, InvalidArgument> {
    tools.iter().enumerate().map(|(index, tool)| chat_tool(&format!("tools[{index}]"), tool)).collect()
}

fn chat_tool(path: &str, tool: &Value) -> Result<Value, InvalidArgument> {
    match tool.get("type").and_then(Value::as_str) {
        Some("function") => {}
        Some(other) => {
            let reason =
                format!("is {other:?}, which only OpenAI's own servers run; it must be \"function\"");
            return Err(InvalidArgument::new(&format!("{path}.type"), reason));
        }
        None => return Err(InvalidArgument::new(path, "must be an object with the type \"function\"")),
    }
    if tool.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(InvalidArgument::new(&format!("{path}.name"), "is missing"));
    }
    let mut function = Map::new();
    for field in ["name", "description", "parameters", "strict"] {
        if let Some(value) = tool.get(field).filter(|value| !value.is_null()) {
            function.insert(field.to_owned(), value.clone());
        }
    }
    Ok(json!({ "type": "function", "function": function }))
}

/// The choice as a chat has it, and the tools that are left.
///
/// # Errors
/// The choice has no meaning here.
pub(super) fn chat_tool_choice(
    choice: &Value,
    mut tools: Vec<Value>,
) -> Result<(Vec<Value>, Option<Value>), InvalidArgument> {
    const EXPECTED: &str =
        "it must be \"none\", \"auto\", \"required\", a function by its name, or allowed_tools";
    let kind = match choice {
        Value::String(_) => return Ok((tools, Some(choice.clone()))),
        other => other.get("type").and_then(Value::as_str),
    };
    match kind {
        Some("function") => {
            let Some(name) = choice.get("name").and_then(Value::as_str) else {
                return Err(InvalidArgument::new("tool_choice.name", "is missing"));
            };
            Ok((tools, Some(json!({ "type": "function", "function": { "name": name } }))))
        }
        Some("allowed_tools") => {
            let named = choice.get("tools").and_then(Value::as_array);
            let named: Vec<_> = named.into_iter().flatten().filter_map(|tool| tool.get("name")).collect();
            tools.retain(|tool| tool.pointer("/function/name").is_some_and(|name| named.contains(&name)));
            if tools.is_empty() {
                let reason = "names none of the tools";
                return Err(InvalidArgument::new("tool_choice.tools", reason));
            }
            let mode = choice.get("mode").cloned().unwrap_or_else(|| "auto".into());
            Ok((tools, Some(mode)))
        }
        Some(other) => Err(InvalidArgument::new("tool_choice.type", format!("is {other:?}; {EXPECTED}"))),
        None => Err(InvalidArgument::new("tool_choice", format!("is of another form; {EXPECTED}"))),
    }
}
