//! `server.json` of the MCP Registry: what the server is, the packages that hosts can install it from, and how they connect to one that runs
//! elsewhere.
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
        // That of the server itself is about one front; the registry takes 100 characters.
        "description": env!("CARGO_PKG_DESCRIPTION"),
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
        "remotes": [remote()],
    })
}

/// A server that others run (`serve`): each has an address of its own, so hosts ask for it.
///
/// The registry takes no address of a loopback interface, and a key goes over https only, so the scheme is no variable.
fn remote() -> Value {
    json!({
        "type": "streamable-http",
        "url": "https://{host}/mcp",
        "variables": {
            "host": {
                "description": "The host of a running `ollama-mcp serve` behind TLS, with its port where that is not 443",
                "isRequired": true,
                "placeholder": "models.example.com",
            },
        },
        "headers": [
            {
                "name": "Authorization",
                "description": "A key of that server, from its administrator (`ollama-mcp keys add`)",
                "value": "Bearer {key}",
                "isRequired": true,
                "isSecret": true,
                "variables": {
                    "key": {
                        "description": "The key, which begins with `omk_`",
                        "isRequired": true,
                        "isSecret": true,
                        "placeholder": "omk_...",
                    },
                },
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
