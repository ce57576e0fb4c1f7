//! Wiring: from settings to a server that runs. The only file that knows every room.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::mcp::{self, Connection, McpServer, ServerOptions};
use crate::providers::Provider;
use crate::service::Core;
use crate::settings::{ProviderKind, ProviderSettings, Settings};

/// The services that the settings describe.
///
/// # Errors
/// An address that is no URL, which the settings have checked.
pub fn core(settings: &Settings) -> anyhow::Result<Arc<Core>> {
    Ok(Core::new(provider(&settings.provider)?, settings.chat.model.clone()))
}

/// The MCP server that the settings describe.
///
/// # Errors
/// As [`core`].
pub fn server(settings: &Settings) -> anyhow::Result<McpServer> {
    let options = ServerOptions { progress_interval: settings.chat.progress_interval };
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
        let shutdown = CancellationToken::new();
        tokio::spawn(cancel_on_signal(shutdown.clone()));
        mcp::serve_stdio(server, connection, shutdown).await;
    });
    // A read of stdin may block a thread for ever; the process ends all the same.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

fn provider(settings: &ProviderSettings) -> anyhow::Result<Arc<dyn Provider>> {
    let _ = ProviderKind::Ollama;
    Ok(Arc::new(Stub(settings.address().to_string())))
}

#[derive(Debug)]
struct Stub(String);

impl Stub {
    fn down<T: Send + 'static>(&self) -> futures_util::future::BoxFuture<'_, crate::providers::ProviderResult<T>> {
        let error = crate::providers::ProviderError::Unreachable { address: self.0.clone(), reason: "stub".into() };
        Box::pin(async { Err(error) })
    }
}

impl Provider for Stub {
    fn name(&self) -> &'static str {
        "ollama"
    }
    fn address(&self) -> &str {
        &self.0
    }
    fn is_local(&self) -> bool {
        true
    }
    fn health(&self) -> futures_util::future::BoxFuture<'_, crate::providers::ProviderResult<crate::providers::types::Health>> {
        self.down()
    }
    fn list_models(&self) -> futures_util::future::BoxFuture<'_, crate::providers::ProviderResult<Vec<crate::providers::types::Model>>> {
        self.down()
    }
    fn running_models(&self) -> futures_util::future::BoxFuture<'_, crate::providers::ProviderResult<Vec<crate::providers::types::RunningModel>>> {
        self.down()
    }
    fn show_model<'a>(&'a self, _: &'a str) -> futures_util::future::BoxFuture<'a, crate::providers::ProviderResult<crate::providers::types::ModelDetails>> {
        self.down()
    }
    fn chat(&self, _: crate::providers::types::ChatRequest) -> futures_util::future::BoxFuture<'_, crate::providers::ProviderResult<crate::providers::ChatStream>> {
        self.down()
    }
}

#[cfg(unix)]
async fn cancel_on_signal(shutdown: CancellationToken) {
    use tokio::signal::unix::{SignalKind, signal};

    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::warn!("signals cannot be caught");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    shutdown.cancel();
}

#[cfg(not(unix))]
async fn cancel_on_signal(shutdown: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        shutdown.cancel();
    }
}
