//! What a host is told of a server: the command, its arguments and its environment.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::table::{Format, Host};
use super::{json, mask, toml};

/// A server in a host's file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The program.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables that the host sets for it, in their order.
    pub env: Vec<(String, String)>,
}

impl Entry {
    /// Reads an entry as far as it is one: hosts take other kinds (a URL), which have no command.
    pub(super) fn read(value: &Value) -> Option<Self> {
        let command = value.get("command")?;
        // Zed once wrote { "path": ..., "args": ... } there.
        let command = command.as_str().or_else(|| command.get("path")?.as_str())?.to_owned();
        let texts = |value: &Value| value.as_array().into_iter().flatten().filter_map(text).collect();
        let args = value.get("args").map(texts).unwrap_or_default();
        let env = value.get("env").and_then(Value::as_object).into_iter().flatten();
        let env = env.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect();
        Some(Self { command, args, env })
    }

    /// Whether it starts this server, by the name of the program, wherever it is.
    pub fn is_this_server(&self) -> bool {
        let name = self.command.rsplit(['/', '\\']).next().unwrap_or(&self.command);
        Path::new(name).file_stem().is_some_and(|stem| stem == env!("CARGO_PKG_NAME"))
    }

    /// The entry as a host takes it.
    pub(super) fn value(&self, host: &Host) -> Value {
        let mut fields = Map::new();
        for (name, value) in host.fields {
            fields.insert((*name).to_owned(), (*value).into());
        }
        fields.insert("command".to_owned(), self.command.as_str().into());
        // Some versions of Zed refuse an entry without it; the others do not mind.
        fields.insert("args".to_owned(), json!(self.args));
        if !self.env.is_empty() {
            let env = self.env.iter().map(|(name, value)| (name.clone(), value.as_str().into()));
            fields.insert("env".to_owned(), Value::Object(env.collect()));
        }
        Value::Object(fields)
    }
}

/// What to paste into a host's file, where there is nothing yet.
pub fn snippet(host: &Host, name: &str, entry: &Entry) -> String {
    let path = [host.key, name];
    let made = match host.format {
        Format::Json => json::set("", &path, &entry.value(host)),
        Format::Toml => toml::set("", &path, &entry.value(host)),
    };
    // An empty text always takes an entry.
    made.unwrap_or_default()
}

/// [`snippet`], with `***` for what looks secret.
pub fn snippet_masked(host: &Host, name: &str, entry: &Entry) -> String {
    mask::masked(host.format, &snippet(host, name, entry))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}
