//! An entry with the command of a server, its arguments and its environment.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::host::{Host, Shape};
use super::redact::{self, IsPublic};

/// The package of that name on npm, by rawveg: hosts start it with `npx -y ollama-mcp`.
const OTHER_PACKAGE: &str = "ollama-mcp";

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerEntry {
    pub command: String,
    pub args: Vec<String>,
    /// The variables that the host sets, in their order.
    pub env: Vec<(String, String)>,
}

impl ServerEntry {
    /// Reads an entry; `None` for one without a command.
    pub(super) fn read(host: &Host, value: &Value) -> Option<Self> {
        let command = value.get("command")?;
        let texts = |value: &Value| value.as_array().into_iter().flatten().filter_map(text).collect();
        let (command, args) = match host.shape {
            Shape::CommandAndArgs => {
                // Older versions of Zed wrote { "path": ..., "args": ... } there.
                let command = command.as_str().or_else(|| command.get("path")?.as_str())?.to_owned();
                (command, value.get("args").map(texts).unwrap_or_default())
            }
            Shape::CommandList => {
                let mut words: Vec<String> = texts(command);
                if words.is_empty() {
                    return None;
                }
                (words.remove(0), words)
            }
        };
        let env = value.get(host.shape.env()).and_then(Value::as_object).into_iter().flatten();
        let env = env.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect();
        Some(Self { command, args, env })
    }

    /// Whether it starts this server, by the file name of the program.
    pub fn is_this_server(&self) -> bool {
        let name = self.command.rsplit(['/', '\\']).next().unwrap_or(&self.command);
        Path::new(name).file_stem().is_some_and(|stem| stem == "ollama-mcp")
    }

    /// What the entry is, as a predicate, if it is not of this server. It names no argument: one may be a secret.
    pub fn foreign(&self) -> Option<String> {
        if self.is_this_server() {
            return None;
        }
        let package = |argument: &String| {
            let name = argument.strip_prefix("@rawveg/").unwrap_or(argument);
            name.split('@').next() == Some(OTHER_PACKAGE)
        };
        let known = if self.args.iter().any(package) { " (rawveg/ollama-mcp)" } else { "" };
        Some(format!("runs another program: {}{known}", text::sanitize::name(&self.command)))
    }

    /// The variables whose values are not shown.
    pub fn hidden_variables(&self, is_public: IsPublic) -> Vec<&str> {
        let hidden = self.env.iter().filter(|(name, value)| redact::hides(name, value, is_public));
        hidden.map(|(name, _)| name.as_str()).collect()
    }

    /// The entry as the host reads it.
    pub(super) fn value(&self, host: &Host) -> Value {
        let mut fields = Map::new();
        for (name, value) in host.fields {
            fields.insert((*name).to_owned(), (*value).into());
        }
        match host.shape {
            Shape::CommandAndArgs => {
                fields.insert("command".to_owned(), self.command.as_str().into());
                // Some versions of Zed refuse an entry without it.
                fields.insert("args".to_owned(), json!(self.args));
            }
            Shape::CommandList => {
                let words: Vec<_> = std::iter::once(&self.command).chain(&self.args).collect();
                fields.insert("command".to_owned(), json!(words));
            }
        }
        if !self.env.is_empty() {
            let env = self.env.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
            fields.insert(host.shape.env().to_owned(), Value::Object(env.collect()));
        }
        Value::Object(fields)
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
