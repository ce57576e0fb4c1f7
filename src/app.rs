//! Wiring: from settings to a server that runs. The only file that knows every room.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use hosts::{self, Machine};
use mcp::{self, Connection, McpServer, ServerOptions};
use providers::ollama::{Ollama, OllamaWeb};
use providers::openai::OpenAi;
use providers::{Provider, ServerConfig, Timeouts};
use service::disk::Disk;
use service::{Core, CoreOptions};
use settings::{ProviderKind, ProviderSettings, Settings, Toolset};
use store::Sqlite;

/// The services that the settings describe.
///
/// # Errors
/// An address that is no URL, which the settings have checked.
pub fn core(settings: &Settings) -> anyhow::Result<Arc<Core>> {
    let options = CoreOptions {
        default_model: settings.chat.model.clone(),
        max_concurrent: settings.chat.max_concurrent,
        store: Some(Arc::new(store(settings))),
        system_prompt: settings.chat.system_prompt.clone(),
        files: settings.files.clone(),
        private_files: private_files(settings),
        auto_pull: settings.pulls.auto,
        disk: Disk::of_ollama(settings.pulls.models_dir.clone()),
        web: web(settings)?,
        ..CoreOptions::default()
    };
    Ok(Core::new(provider(&settings.provider)?, options))
}

/// The MCP server that the settings describe.
///
/// # Errors
/// As [`core()`].
pub fn server(settings: &Settings) -> anyhow::Result<McpServer> {
    let options = ServerOptions {
        progress_interval: settings.chat.progress_interval,
        call_deadline: settings.server.call_deadline,
        tools: settings.tools.clone(),
    };
    Ok(McpServer::new(core(settings)?, options))
}

/// Serves MCP on stdin and stdout until the input ends, nobody reads the output, or a signal comes.
///
/// # Errors
/// The runtime cannot start.
pub fn serve(settings: &Settings) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("the async runtime cannot start")?;
    let server = {
        let _inside = runtime.enter();
        server(settings)?
    };
    let connection = Connection { max_message_bytes: settings.server.max_message_bytes };
    runtime.block_on(async {
        platform::survive_file_size_limit();
        let shutdown = CancellationToken::new();
        let stopping = shutdown.clone();
        tokio::spawn(async move {
            platform::stop_signal().await;
            stopping.cancel();
        });
        mcp::serve_stdio(server, connection, shutdown).await;
    });
    // A read of stdin may block a thread for ever; the process ends all the same.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

fn store(settings: &Settings) -> Sqlite {
    Sqlite::new(settings.store.data_dir.clone())
}

/// What an allowed directory does not open: our own settings and conversations, and the hosts' files with the
/// secrets of all their servers. Opening the conversations would also drop SQLite's locks on them.
fn private_files(settings: &Settings) -> Vec<PathBuf> {
    if settings.files.allowed.is_empty() {
        return Vec::new();
    }
    let hosts = Machine::of_process().into_iter().flat_map(|machine| hosts::private_files(&machine));
    hosts.chain(settings.files.config_file.clone()).chain(store(settings).files()).collect()
}

/// The web search, where it is wanted and there is a key.
fn web(settings: &Settings) -> anyhow::Result<Option<Arc<OllamaWeb>>> {
    let key = settings.provider.ollama_api_key.as_ref();
    let Some(key) = key.filter(|_| settings.tools.toolsets.contains(&Toolset::Web)) else { return Ok(None) };
    Ok(Some(Arc::new(OllamaWeb::new(key.expose(), timeouts(&settings.provider))?)))
}

fn timeouts(settings: &ProviderSettings) -> Timeouts {
    Timeouts {
        connect: settings.connect_timeout,
        first_byte: settings.first_byte_timeout,
        next_byte: settings.idle_timeout,
        ..Timeouts::default()
    }
}

fn provider(settings: &ProviderSettings) -> anyhow::Result<Arc<dyn Provider>> {
    let timeouts = timeouts(settings);
    let headers: Vec<_> = settings
        .headers
        .iter()
        .map(|header| (header.name.clone(), header.value.expose().to_owned()))
        .collect();
    let address = settings.address();
    let base_url = address.url().clone();
    Ok(match &settings.kind {
        ProviderKind::Ollama => {
            // The key of ollama.com goes there, over https, and nowhere else.
            let key = settings.ollama_api_key.as_ref().filter(|_| address.is_ollama_com());
            let token = settings.auth_token.as_ref().or(key).map(|secret| secret.expose().to_owned());
            Arc::new(Ollama::new(&ServerConfig { base_url, token, headers, timeouts })?)
        }
        ProviderKind::OpenAi { .. } => {
            let token = settings.api_key.as_ref().map(|secret| secret.expose().to_owned());
            Arc::new(OpenAi::new(&ServerConfig { base_url, token, headers, timeouts })?)
        }
    })
}
