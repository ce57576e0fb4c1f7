//! Tools and the choice among them, as OpenAI's function tools, which model servers take.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::Ignored;
use types::{InvalidArgument, ToolChoice};

/// The type of a search over the other tools begins so.
const SEARCH: &str = "tool_search_tool_";

/// What messages say of the tools: which are offered from then on, and which are not any more.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolChanges {
    /// By name; the last change counts.
    offered: BTreeMap<String, bool>,
    /// Tools that messages define, with their paths.
    defined: Vec<(String, Value)>,
}

impl ToolChanges {
    pub(crate) fn offer(&mut self, name: &str) {
        self.offered.insert(name.to_owned(), true);
    }

    /// Reads a `tool_addition`.
    pub(crate) fn add(&mut self, path: &str, block: &Value) -> Result<(), InvalidArgument> {
        let path = format!("{path}.tool");
        let tool = block.get("tool").unwrap_or(&Value::Null);
        if kind(tool) != Some("tool_definition") {
            self.offer(reference(&path, tool)?);
            return Ok(());
        }
        let definition = tool.get("definition").cloned().unwrap_or_default();
        if let Some(name) = name_of(&definition) {
            self.offer(name);
        }
        self.defined.push((format!("{path}.definition"), definition));
        Ok(())
    }

    /// Reads a `tool_removal`.
    pub(crate) fn remove(&mut self, path: &str, block: &Value) -> Result<(), InvalidArgument> {
        let tool = block.get("tool").unwrap_or(&Value::Null);
        let name = reference(&format!("{path}.tool"), tool)?;
        self.offered.insert(name.to_owned(), false);
        Ok(())
    }
}

fn reference<'a>(path: &str, tool: &'a Value) -> Result<&'a str, InvalidArgument> {
    let name = (kind(tool) == Some("tool_reference")).then(|| name_of(tool)).flatten();
    name.ok_or_else(|| InvalidArgument::new(path, "must be a tool_reference with the name of a tool"))
}

fn kind(value: &Value) -> Option<&str> {
    value.get("type").and_then(Value::as_str)
}

fn name_of(tool: &Value) -> Option<&str> {
    tool.get("name").and_then(Value::as_str)
}

/// The tools that are offered, as OpenAI's function tools. A tool with `defer_loading` is offered once the messages refer to it;
/// beside a search tool of Anthropic's servers, which cannot run here, all are.
///
/// # Errors
/// One has no name or no schema, or is a tool of Anthropic's own.
pub fn read_tools(
    tools: Vec<Value>,
    changes: ToolChanges,
    ignored: &mut Ignored,
) -> Result<Vec<Value>, InvalidArgument> {
    let has_search = tools.iter().any(|tool| kind(tool).is_some_and(|kind| kind.starts_with(SEARCH)));
    let ToolChanges { offered, defined } = changes;
    let is_offered = |tool: &Value| {
        let is_deferred = tool.get("defer_loading").and_then(Value::as_bool) == Some(true);
        let change = name_of(tool).and_then(|name| offered.get(name)).copied();
        change.unwrap_or(has_search || !is_deferred)
    };
    let mut read = Vec::with_capacity(tools.len());
    let listed = tools.into_iter().enumerate().map(|(index, tool)| (format!("tools[{index}]"), tool));
    for (path, tool) in listed.chain(defined) {
        ignored.note_marks(&tool);
        match kind(&tool) {
            None | Some("custom") if !is_offered(&tool) => {}
            None | Some("custom") => read.push(function(&path, tool)?),
            Some(kind) if kind.starts_with(SEARCH) => ignored.add(format!("tools.{kind}")),
            Some(kind) => {
                let reason = format!(
                    "is {kind:?}, a tool that comes with Anthropic's own models and servers; leave it out, or offer a tool with an input_schema"
                );
                return Err(InvalidArgument::new(&format!("{path}.type"), reason));
            }
        }
    }
    Ok(read)
}

fn function(path: &str, tool: Value) -> Result<Value, InvalidArgument> {
    let Value::Object(mut tool) = tool else {
        return Err(InvalidArgument::new(path, "must be an object with name and input_schema"));
    };
    let name = match tool.shift_remove("name") {
        Some(Value::String(name)) if !name.is_empty() => name,
        _ => return Err(InvalidArgument::new(&format!("{path}.name"), "is missing; it must be text")),
    };
    let schema = match tool.shift_remove("input_schema") {
        Some(schema @ Value::Object(_)) => schema,
        _ => {
            let path = format!("{path}.input_schema");
            return Err(InvalidArgument::new(&path, "is missing; it must be a JSON Schema"));
        }
    };
    let mut function = Map::new();
    function.insert("name".to_owned(), name.into());
    if let Some(description @ Value::String(_)) = tool.shift_remove("description") {
        function.insert("description".to_owned(), description);
    }
    function.insert("parameters".to_owned(), schema);
    Ok(json!({ "type": "function", "function": function }))
}

/// Which tools the model may call, and whether several of them (`None`: as the model likes).
///
/// # Errors
/// The choice has no meaning.
pub fn read_tool_choice(choice: &Value) -> Result<(ToolChoice, Option<bool>), InvalidArgument> {
    let chosen = match choice.get("type").and_then(Value::as_str) {
        Some("auto") => ToolChoice::Auto,
        Some("any") => ToolChoice::Required,
        Some("none") => ToolChoice::None,
        Some("tool") => match choice.get("name").and_then(Value::as_str) {
            Some(name) => ToolChoice::Function(name.to_owned()),
            None => {
                let reason = "is missing; it must name one of the tools";
                return Err(InvalidArgument::new("tool_choice.name", reason));
            }
        },
        _ => {
            let reason = "must be \"auto\", \"any\", \"tool\" or \"none\"";
            return Err(InvalidArgument::new("tool_choice.type", reason));
        }
    };
    let is_single = choice.get("disable_parallel_tool_use").and_then(Value::as_bool) == Some(true);
    Ok((chosen, is_single.then_some(false)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tools: Value) -> Result<(Vec<Value>, Vec<String>), String> {
        let mut ignored = Ignored::default();
        let read = read_tools(tools.as_array().unwrap().clone(), ToolChanges::default(), &mut ignored);
        read.map(|tools| (tools, ignored.into_names().collect())).map_err(|error| error.to_string())
    }

    #[test]
    fn tools_become_functions() {
        let schema = json!({"type": "object", "properties": {"path": {"type": "string"}}});
        let (tools, ignored) = read(json!([
            {"name": "Read", "description": "Reads", "input_schema": schema, "cache_control": {"type": "ephemeral"}},
            {"type": "custom", "name": "Stop", "input_schema": {"type": "object"}, "strict": false},
            {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"},
        ]))
        .unwrap();
        assert_eq!(
            tools,
            [
                json!({"type": "function", "function": {"name": "Read", "description": "Reads", "parameters": schema}}),
                json!({"type": "function", "function": {"name": "Stop", "parameters": {"type": "object"}}}),
            ]
        );
        assert_eq!(ignored, ["cache_control", "tools.tool_search_tool_regex_20251119"]);
    }

    #[test]
    fn deferred_tools_are_offered_once_messages_refer_to_them() {
        let tool =
            |name: &str, deferred: bool| json!({"name": name, "input_schema": {}, "defer_loading": deferred});
        let tools = vec![tool("now", false), tool("later", true), tool("never", true), tool("gone", false)];
        let names = |tools: Vec<Value>, changes: &ToolChanges| -> Vec<String> {
            let read = read_tools(tools, changes.clone(), &mut Ignored::default()).unwrap();
            read.iter().map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect()
        };
        let mut changes = ToolChanges::default();
        changes.offer("later");
        let removal = json!({"type": "tool_removal", "tool": {"type": "tool_reference", "name": "gone"}});
        changes.remove("x", &removal).unwrap();
        let definition = json!({"name": "new", "input_schema": {}});
        let addition =
            json!({"type": "tool_addition", "tool": {"type": "tool_definition", "definition": definition}});
        changes.add("x", &addition).unwrap();
        assert_eq!(names(tools.clone(), &changes), ["now", "later", "new"]);
        let search = json!({"type": "tool_search_tool_bm25_20251119", "name": "tool_search_tool_bm25"});
        let searched = names([tools, vec![search]].concat(), &ToolChanges::default());
        assert_eq!(searched, ["now", "later", "never", "gone"]);
        let wrong = json!({"type": "tool_addition", "tool": {"type": "mcp_toolset_reference"}});
        assert_eq!(changes.add("x", &wrong).unwrap_err().path, "x.tool");
    }

    #[test]
    fn wrong_tools_are_named() {
        for (tool, text) in [
            (json!({"input_schema": {}}), "tools[0].name is missing"),
            (json!({"name": "f"}), "tools[0].input_schema is missing"),
            (json!("f"), "tools[0] must be an object"),
            (
                json!({"type": "web_search_20250305", "name": "web_search"}),
                "tools[0].type is \"web_search_20250305\", a tool that comes",
            ),
        ] {
            let error = read(json!([tool])).unwrap_err();
            assert!(error.starts_with(text), "{error}");
        }
    }

    #[test]
    fn choices_are_read() {
        for (choice, expected) in [
            (json!({"type": "auto"}), (ToolChoice::Auto, None)),
            (json!({"type": "any", "disable_parallel_tool_use": true}), (ToolChoice::Required, Some(false))),
            (json!({"type": "tool", "name": "f"}), (ToolChoice::Function("f".to_owned()), None)),
            (json!({"type": "none"}), (ToolChoice::None, None)),
        ] {
            assert_eq!(read_tool_choice(&choice), Ok(expected));
        }
        for (wrong, path) in [
            (json!({"type": "tool"}), "tool_choice.name"),
            (json!({"type": "required"}), "tool_choice.type"),
            (json!("auto"), "tool_choice.type"),
        ] {
            assert_eq!(read_tool_choice(&wrong).unwrap_err().path, path);
        }
    }
}
