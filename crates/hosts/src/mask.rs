//! What is shown of an entry: no secrets.

use serde_json::Value;

const MASK: &str = "***";

/// Parts of a name that make its value a secret. Rather one too many: this is for the eye alone.
const SECRET: [&str; 12] = [
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSW",
    "PASSPHRASE",
    "CREDENTIAL",
    "AUTH",
    "COOKIE",
    "HEADER",
    "BEARER",
    "PRIVATE",
    "SESSION",
];

/// An entry of this server with its secrets masked.
pub(super) fn masked(entry: &Value) -> Value {
    replaced(entry, "", &|name, text| hides(name, text).then_some(MASK))
}

/// An entry of another server: what is secret in it is not known, so only its program is shown.
pub(super) fn masked_foreign(entry: &Value) -> Value {
    replaced(entry, "", &|name, _| (!matches!(name, "command" | "type")).then_some(MASK))
}

/// Whether the value of a variable should not be seen: by its name, or because it is an address with a password.
pub(super) fn hides(name: &str, value: &str) -> bool {
    // What a host asks for or looks up is a name, not the secret.
    let is_reference = value.starts_with("${") && value.ends_with('}') && !value.contains(":-");
    let has_password = value.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    !value.is_empty() && !is_reference && (looks_secret(name) || has_password)
}

fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET.iter().any(|part| name.contains(part)) || name.split(['_', '-']).any(|word| word == "PAT")
}

/// A value whose texts are replaced, each by the name of the field that holds it.
fn replaced(value: &Value, name: &str, other: &impl Fn(&str, &str) -> Option<&'static str>) -> Value {
    match value {
        Value::String(text) => other(name, text).unwrap_or(text).into(),
        Value::Array(items) => items.iter().map(|item| replaced(item, name, other)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), replaced(value, name, other))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_of_our_own_entry_are_masked_by_name_and_in_addresses() {
        let entry = json!({
            "command": "/bin/ollama-mcp",
            "args": ["--allow-dir", "/a"],
            "env": {
                "OLLAMA_MCP_AUTH_TOKEN": "sesame", "OLLAMA_HOST": "http://me:sesame@h:1", "OLLAMA_MODEL": "m",
                "OLLAMA_API_KEY": "${input:key}",
            },
        });
        let shown = json!({
            "command": "/bin/ollama-mcp",
            "args": ["--allow-dir", "/a"],
            "env": {
                "OLLAMA_MCP_AUTH_TOKEN": "***", "OLLAMA_HOST": "***", "OLLAMA_MODEL": "m",
                "OLLAMA_API_KEY": "${input:key}",
            },
        });
        assert_eq!(masked(&entry), shown);
    }

    #[test]
    fn other_servers_show_command_only() {
        let entry = json!({ "command": "npx", "args": ["--login", "sesame"], "env": { "PLAIN": "sesame" } });
        let shown = json!({ "command": "npx", "args": ["***", "***"], "env": { "PLAIN": "***" } });
        assert_eq!(masked_foreign(&entry), shown);
    }
}
