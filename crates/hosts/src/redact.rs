//! What is shown of an entry: no secrets.

use serde_json::Value;

const REDACTED: &str = "***";

/// Fields of an entry of this server that hold no secret.
const PUBLIC_FIELDS: [&str; 7] =
    ["command", "args", "type", "url", "httpUrl", "serverUrl", "bearer_token_env_var"];

/// Settings of a client that hold no secret.
const PUBLIC_SETTINGS: [&str; 15] = [
    "name",
    "base_url",
    "wire_api",
    "env_key",
    "command",
    "args",
    "npm",
    "baseURL",
    "env",
    "model",
    "model_provider",
    "provider",
    "api_url",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_MODEL",
];

/// Whether a variable is a setting of this server that is not secret. The value of any other variable is not shown.
pub type IsPublic = fn(&str) -> bool;

/// An entry of this server: its program, its arguments and its public settings, or its address.
pub(super) fn redact(entry: &Value, is_public: IsPublic) -> Value {
    replaced(entry, "", &|name, text| {
        hides(name, text, |name| PUBLIC_FIELDS.contains(&name) || is_public(name))
    })
}

/// A setting of a client, by its name.
pub(super) fn redact_setting(name: &str, value: &Value) -> Value {
    replaced(value, name, &|name, text| {
        // What we write there is no secret: a placeholder, or a command that prints the key.
        let is_written = text == "ollama-mcp"
            || (name == "apiKeyHelper" && ["printenv ", "cat "].iter().any(|start| text.starts_with(start)));
        let is_file = text.starts_with("{file:") && text.ends_with('}');
        let is_public = |name: &str| {
            PUBLIC_SETTINGS.contains(&name)
                || (name.starts_with("ANTHROPIC_DEFAULT_") && name.ends_with("_MODEL"))
        };
        !is_written && !is_file && hides(name, text, is_public)
    })
}

/// An entry of another server: what is secret in it is not known, so only its program is shown.
pub(super) fn redact_foreign(entry: &Value) -> Value {
    replaced(entry, "", &|name, _| !matches!(name, "command" | "type"))
}

/// Whether the value of a field or variable is not shown: it is not public, or an address with a password.
pub(super) fn hides(name: &str, value: &str, is_public: impl Fn(&str) -> bool) -> bool {
    // What a host asks for or looks up is a name, not the secret.
    let reference = value.strip_prefix("Bearer ").unwrap_or(value);
    let reference = reference.strip_prefix('$').unwrap_or(reference);
    let is_reference = reference.starts_with('{') && reference.ends_with('}') && !reference.contains(":-");
    let has_password = value.split_once("://").is_some_and(|(_, rest)| rest.contains('@'));
    !value.is_empty() && !is_reference && (has_password || !is_public(name))
}

/// A value with those texts replaced that `hides` selects, by the name of the field that holds each.
fn replaced(value: &Value, name: &str, hides: &impl Fn(&str, &str) -> bool) -> Value {
    match value {
        Value::String(text) if hides(name, text) => REDACTED.into(),
        Value::Array(items) => items.iter().map(|item| replaced(item, name, hides)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), replaced(value, name, hides))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_public_settings_of_our_own_entry_are_shown() {
        let entry = json!({
            "command": "/bin/ollama-mcp",
            "args": ["--allow-dir", "/a"],
            "env": {
                "OLLAMA_MCP_AUTH_TOKEN": "sesame", "OLLAMA_HOST": "http://me:sesame@h:1", "OLLAMA_MODEL": "m",
                "OLLAMA_API_KEY": "${input:key}", "PLAIN": "sesame",
            },
            "note": "sesame",
            "timeout": 600,
        });
        let shown = json!({
            "command": "/bin/ollama-mcp",
            "args": ["--allow-dir", "/a"],
            "env": {
                "OLLAMA_MCP_AUTH_TOKEN": "***", "OLLAMA_HOST": "***", "OLLAMA_MODEL": "m",
                "OLLAMA_API_KEY": "${input:key}", "PLAIN": "***",
            },
            "note": "***",
            "timeout": 600,
        });
        assert_eq!(redact(&entry, |name| matches!(name, "OLLAMA_HOST" | "OLLAMA_MODEL")), shown);
    }

    #[test]
    fn other_servers_show_command_only() {
        let entry = json!({ "command": "npx", "args": ["--login", "sesame"], "env": { "PLAIN": "sesame" } });
        let shown = json!({ "command": "npx", "args": ["***", "***"], "env": { "PLAIN": "***" } });
        assert_eq!(redact_foreign(&entry), shown);
    }
}
