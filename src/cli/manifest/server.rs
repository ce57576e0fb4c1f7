//! The manifest: what a server in this process answers about itself, and the settings.

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio_util::sync::CancellationToken;

use crate::app;
use mcp::{self, Connection};
use settings::registry::{self, SERVE_SETTINGS, SETTINGS};
use settings::{SettingInfo, Settings, Sources};

/// The manifest with default settings, whatever the settings of this machine, and with the tools that an allowed directory adds.
///
/// # Errors
/// The server did not answer, which would be a bug.
pub(super) async fn manifest() -> anyhow::Result<Value> {
    let mut server = Conversation::start(Sources::default())?;
    let client = json!({ "name": "ollama-mcp-manifest", "version": env!("CARGO_PKG_VERSION") });
    let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    let mut info = server.ask("initialize", hello).await?;
    let mut manifest = Map::new();
    manifest.insert("server".into(), take(&mut info, "serverInfo"));
    manifest
        .insert("protocol".into(), json!({ "transport": "stdio", "revisions": server.revisions().await? }));
    manifest.insert("capabilities".into(), take(&mut info, "capabilities"));
    manifest.insert("instructions".into(), take(&mut info, "instructions"));
    for (method, field) in [
        ("tools/list", "tools"),
        ("resources/list", "resources"),
        ("resources/templates/list", "resourceTemplates"),
        ("prompts/list", "prompts"),
    ] {
        manifest.insert(field.into(), take(&mut server.ask(method, json!({})).await?, field));
    }
    if let Some(tools) = manifest.get_mut("tools").and_then(Value::as_array_mut) {
        // Any directory works: listing tools reads no file.
        let directory = std::env::temp_dir();
        let allowed = [(registry::ALLOWED_DIRS.env, directory.to_str().unwrap_or("/"))];
        add_tools(tools, &allowed, "an allowed directory (`--allow-dir`)").await?;
    }
    manifest.insert("environment".into(), environment(SETTINGS));
    manifest.insert("run".into(), json!({ "command": "ollama-mcp", "args": [] }));
    // The same server over HTTP, which takes the variables above too.
    let run = json!({ "command": "ollama-mcp", "args": ["serve"] });
    let serve =
        json!({ "transport": "streamable-http", "run": run, "environment": environment(SERVE_SETTINGS) });
    manifest.insert("serve".into(), serve);
    let digest = Sha256::digest(serde_json::to_vec(&manifest)?);
    let digest = text::format::hex(&digest);
    manifest.insert("digest".into(), format!("sha256:{digest}").into());
    Ok(Value::Object(manifest))
}

/// The manifest including the tools that the default settings leave out, each with what it `needs`.
///
/// # Errors
/// As [`manifest`].
pub(super) async fn with_optional_tools() -> anyhow::Result<Value> {
    let mut manifest = manifest().await?;
    let tools = manifest.get_mut("tools").and_then(Value::as_array_mut);
    // Any key works: listing tools sends no request.
    let key = [(registry::TOOLSETS.env, "all"), (registry::OLLAMA_API_KEY.env, "none")];
    if let Some(tools) = tools {
        add_tools(tools, &key, "an API key (`OLLAMA_API_KEY`) and the toolset `web`").await?;
    }
    Ok(manifest)
}

/// Adds the tools that these settings add to those of the default ones, with what they need.
async fn add_tools(
    tools: &mut Vec<Value>,
    settings: &[(&'static str, &str)],
    needs: &'static str,
) -> anyhow::Result<()> {
    let environment = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let mut server =
        Conversation::start(Sources { environment: environment.collect(), ..Sources::default() })?;
    let mut listed = server.ask("tools/list", json!({})).await?;
    let Value::Array(listed) = take(&mut listed, "tools") else { return Ok(()) };
    for mut tool in listed {
        if !tools.iter().any(|known| known.get("name") == tool.get("name")) {
            if let Some(tool) = tool.as_object_mut() {
                tool.insert("needs".into(), needs.into());
            }
            tools.push(tool);
        }
    }
    Ok(())
}

fn environment(settings: &[&SettingInfo]) -> Value {
    let variables = settings.iter().map(|setting| {
        let mut variable = Map::new();
        variable.insert("name".into(), setting.env.into());
        variable.insert("description".into(), setting.help.into());
        if let Some(default) = setting.default() {
            variable.insert("default".into(), default.into());
        }
        if setting.is_secret() {
            variable.insert("isSecret".into(), true.into());
        }
        Value::Object(variable)
    });
    variables.collect()
}

fn take(answer: &mut Value, field: &str) -> Value {
    answer.get_mut(field).map(Value::take).unwrap_or_default()
}

/// A connection to a server in this process.
struct Conversation {
    to_server: tokio::io::WriteHalf<tokio::io::DuplexStream>,
    from_server: BufReader<tokio::io::ReadHalf<tokio::io::DuplexStream>>,
    next_id: u64,
}

impl Conversation {
    fn start(sources: Sources) -> anyhow::Result<Self> {
        let settings = Settings::load(&sources)?.settings;
        let server = app::server(&settings)?;
        let connection = Connection { max_message_bytes: settings.server.max_message_bytes };
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let (input, output) = tokio::io::split(theirs);
        tokio::spawn(mcp::serve(server, connection, input, output, CancellationToken::new()));
        let (from_server, to_server) = tokio::io::split(ours);
        Ok(Self { to_server, from_server: BufReader::new(from_server), next_id: 1 })
    }

    async fn ask(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        let id = self.next_id;
        self.next_id += 1;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.to_server.write_all(format!("{request}\n").as_bytes()).await?;
        let mut line = String::new();
        self.from_server.read_line(&mut line).await?;
        let mut answer: Value =
            serde_json::from_str(&line).with_context(|| format!("{method}: no answer"))?;
        match answer.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => bail!("{method}: {line}"),
        }
    }

    /// The revisions that the server speaks, from its own `server/discover`.
    async fn revisions(&mut self) -> anyhow::Result<Value> {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "ollama-mcp-manifest", "version": env!("CARGO_PKG_VERSION") },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let mut answer = self.ask("server/discover", json!({ "_meta": meta })).await?;
        Ok(take(&mut answer, "supportedVersions"))
    }
}
