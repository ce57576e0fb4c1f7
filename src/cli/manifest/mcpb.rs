//! `manifest.json` of an MCP bundle (MCPB 0.3): one archive with a binary for each system, installed by a click.
//!
//! Its schema is `tests/fixtures/packaging/mcpb-manifest-v0.3.schema.json`.

use serde_json::{Map, Value, json};

use super::markdown::first_sentence;
use super::package::{REPOSITORY, VERSION};
use super::{items, text};
use settings::SettingInfo;
use settings::registry::{ALLOWED_DIRS, MODEL, OLLAMA_HOST};

pub(super) fn bundle(manifest: &Value) -> Value {
    let server = manifest.get("server").unwrap_or(&Value::Null);
    let tools: Vec<_> = items(manifest, "tools")
        .map(|tool| json!({ "name": text(tool, "name"), "description": first_sentence(text(tool, "description")) }))
        .collect();
    let mut user_config = Map::new();
    let mut env = Map::new();
    for (key, title, setting) in
        [("ollama_host", "Address of Ollama", OLLAMA_HOST.info()), ("model", "Default model", MODEL.info())]
    {
        // A blank variable counts as unset. Without a default the host would not replace the placeholder.
        let default = setting.default().unwrap_or_default();
        user_config.insert(key.into(), option("string", title, setting, json!(default)));
        env.insert(setting.env.into(), format!("${{user_config.{key}}}").into());
    }
    let title = "Directories that models may read";
    let mut directories = option("directory", title, &ALLOWED_DIRS, json!([]));
    if let Some(fields) = directories.as_object_mut() {
        // The setting's own help mentions flags, which a dialog does not have.
        let help = "Local models may read files in these directories. Without one, no file can be attached.";
        fields.insert("description".into(), help.into());
        fields.insert("multiple".into(), true.into());
    }
    user_config.insert("allowed_dirs".into(), directories);
    // A host expands a list only if it is an argument by itself, into one argument for each item.
    let args = ["--", "${user_config.allowed_dirs}"];
    json!({
        "manifest_version": "0.3",
        "name": "ollama-mcp",
        "display_name": text(server, "title"),
        "version": VERSION,
        "description": text(server, "description"),
        "author": { "name": "The ollama-mcp contributors", "url": REPOSITORY },
        "repository": { "type": "git", "url": REPOSITORY },
        "documentation": format!("{REPOSITORY}#readme"),
        "support": format!("{REPOSITORY}/issues"),
        "license": env!("CARGO_PKG_LICENSE"),
        "keywords": ["ollama", "llm", "local", "private"],
        "server": {
            "type": "binary",
            "entry_point": "server/ollama-mcp-linux",
            "mcp_config": {
                "command": "${__dirname}/server/ollama-mcp-linux",
                "args": args,
                "env": env,
                "platform_overrides": {
                    "darwin": { "command": "${__dirname}/server/ollama-mcp-darwin" },
                    "win32": { "command": "${__dirname}/server/ollama-mcp.exe" },
                },
            },
        },
        "tools": tools,
        "prompts_generated": true,
        "user_config": user_config,
        "compatibility": { "platforms": ["darwin", "win32", "linux"] },
    })
}

fn option(kind: &str, title: &str, setting: &SettingInfo, default: Value) -> Value {
    json!({
        "type": kind,
        "title": title,
        "description": setting.help.replace('`', ""),
        "required": false,
        "default": default,
    })
}
