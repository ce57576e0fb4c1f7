//! Wiring of `ollama-mcp serve`: from settings to an HTTP server over the same services.

mod callers;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::mcp_endpoint::McpEndpoint;
use http::{HttpOptions, HttpServer, LocalKey};
use service::{Caller, Services};
use settings::{ServeSettings, Settings};

/// Serves HTTP until a signal comes.
///
/// # Errors
/// The runtime cannot start, the address cannot be had, or the local key cannot be read.
pub fn serve(settings: &Settings) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime cannot start")?;
    runtime.block_on(run(settings))?;
    // A look at a slow model server may go on; do not wait for it.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

async fn run(settings: &Settings) -> anyhow::Result<()> {
    platform::survive_file_size_limit();
    let serve = settings.serve.clone().unwrap_or_default();
    let shutdown = CancellationToken::new();
    let stopping = shutdown.clone();
    tokio::spawn(async move {
        platform::stop_signal().await;
        stopping.cancel();
    });
    let (App { services, store }, counting) = App::counted(settings)?;
    let key = local_key(settings)?;
    let accounts = callers::open(&store, &serve).await?;
    let server = HttpServer::bind(options(&serve)).map_err(cannot_listen)?;
    announce(&server, &services);
    let (swept, sweeping) = (Arc::clone(&services.uploads), shutdown.clone());
    tokio::spawn(async move { swept.sweep_until(sweeping).await });
    if let Some(retention) = serve.retention {
        let services = Arc::clone(&services);
        tokio::spawn(async move { services.stored_answers.sweep(retention).await });
    }
    let mcp = McpEndpoint::new(Arc::clone(&services), settings, &serve, shutdown.clone());
    server.serve(services, store, accounts, key, Some(Arc::new(mcp)), shutdown).await;
    counting.finish().await;
    Ok(())
}

fn options(serve: &ServeSettings) -> HttpOptions {
    HttpOptions {
        listen: serve.listen.addresses(),
        guests: serve.has_guests(),
        public_url: serve.public_url.clone(),
        origins: serve.origins.clone(),
        trusted_proxies: serve.trusted_proxies.clone(),
        model_aliases: serve.model_aliases.clone(),
        instance: serve.instance.clone().unwrap_or_else(platform::host_name),
        max_body_bytes: serve.max_body_bytes,
        max_connections: serve.max_connections,
        comment_after: serve.comment_after,
        ..HttpOptions::default()
    }
}

/// The key of the user who runs this; none where the system has no directory for data.
fn local_key(settings: &Settings) -> anyhow::Result<Option<LocalKey>> {
    let Some(directory) = &settings.store.data_dir else { return Ok(None) };
    LocalKey::open(directory).map(Some).with_context(|| {
        let path = LocalKey::path(directory);
        format!(
            "{} cannot be read or written, and it holds the key of the user who runs this server; \
             OLLAMA_MCP_DATA_DIR names another directory for it",
            path.display()
        )
    })
}

/// Adds the next step.
fn cannot_listen(error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "{error}. Another server listens there; \"ollama-mcp doctor\" shows whether it is this one. \
             --listen takes another port, and localhost:0 a free one."
        ),
        io::ErrorKind::AddrNotAvailable => {
            anyhow::anyhow!("{error}. --listen needs an address of this machine, such as localhost:4891.")
        }
        io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!("{error}. --listen takes another port; those below 1024 may need more rights.")
        }
        _ => error.into(),
    }
}

/// Says where it listens, then whether the model server answers. Nobody may read it.
fn announce(server: &HttpServer, services: &Arc<Services>) {
    let mut lines = String::new();
    for (index, address) in server.addresses().iter().enumerate() {
        let lead =
            if index == 0 { concat!("ollama-mcp ", env!("CARGO_PKG_VERSION"), " on") } else { "and on" };
        lines.push_str(&format!("{lead} http://{address}\n"));
    }
    write(&lines);
    let services = Arc::clone(services);
    tokio::spawn(async move {
        let report = services.models.health(&Caller::local()).await;
        let name = report.provider;
        write(&match report.state {
            Ok(_) => format!("{name} answers at {}\n", report.address),
            Err(error) => format!("{}\n", error.text()),
        });
    });
}

fn write(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
