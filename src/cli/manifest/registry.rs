//! `server.json` of the MCP Registry: what the server is, and the packages that hosts can install it from.
//!
//! Its schema is `tests/fixtures/packaging/server.schema.json`.

use serde_json::{Map, Value, json};

use super::package::{REPOSITORY, VERSION, bundle_url, image, registry_name};
use super::text;
use settings::registry::{OLLAMA_HOST, SETTINGS};
use settings::{SettingInfo, ValueKind};

/// Placeholder for the digest of the bundle; the release fills it in.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The address at which a container reaches an Ollama on its host.
const HOST_OF_CONTAINER: &str = "http://host.docker.internal:11434";

pub(super) fn server_json(manifest: &Value) -> Value {
    let server = manifest.get("server").unwrap_or(&Value::Null);
    let stdio = json!({ "type": "stdio" });
    json!({
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": registry_name(),
        "title": text(server, "title"),
        "description": text(server, "description"),
        "version": VERSION,
        "repository": { "url": REPOSITORY, "source": "github" },
        "packages": [
            {
                "registryType": "mcpb",
                "identifier": bundle_url(),
                "fileSha256": NO_DIGEST,
                "transport": stdio,
                "environmentVariables": variables(SettingInfo::default),
            },
            {
                "registryType": "oci",
                "identifier": image(),
                "runtimeHint": "docker",
                // Docker Desktop resolves the name by itself, Docker on Linux needs this.
                "runtimeArguments": [
                    { "type": "named", "name": "--add-host", "value": "host.docker.internal:host-gateway" },
                ],
                "transport": stdio,
                "environmentVariables": variables(|setting| {
                    if *setting == *OLLAMA_HOST { Some(HOST_OF_CONTAINER) } else { setting.default() }
                }),
            },
        ],
    })
}

fn variables(default: impl Fn(&'static SettingInfo) -> Option<&'static str>) -> Value {
    let variables = SETTINGS.iter().map(|setting| {
        let mut variable = Map::new();
        variable.insert("name".into(), setting.env.into());
        variable.insert("description".into(), setting.help.into());
        if setting.kind == ValueKind::Switch {
            variable.insert("format".into(), "boolean".into());
        }
        if let Some(default) = default(setting) {
            variable.insert("default".into(), default.into());
        }
        if setting.is_secret() {
            variable.insert("isSecret".into(), true.into());
        }
        Value::Object(variable)
    });
    variables.collect()
}
