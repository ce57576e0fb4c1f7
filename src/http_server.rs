//! Wiring of `ollama-mcp serve`: from settings to an HTTP server over the same services.

mod callers;
mod guides;
mod launch;

use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::mcp_endpoint::McpEndpoint;
use crate::running_server::{self, Announcement};
use http::{HttpOptions, HttpServer, LocalKey};
use service::{Caller, Services};
use settings::{ServeSettings, Settings};
use store::Store;

/// How long the line about the page waits for the one about the model server.
const HEALTH_WAIT: Duration = Duration::from_secs(1);

/// Serves HTTP until a signal comes; `opens_page`: and opens the page in the user's browser.
///
/// # Errors
/// The runtime cannot start, the address cannot be had, or the local key cannot be read.
pub fn serve(settings: &Settings, opens_page: bool) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the async runtime cannot start")?;
    runtime.block_on(run(settings, opens_page))?;
    // A look at a slow model server may go on; do not wait for it.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

async fn run(settings: &Settings, opens_page: bool) -> anyhow::Result<()> {
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
    let data_dir = settings.store.data_dir.as_deref();
    let server = match HttpServer::bind(options(&serve)) {
        Ok(server) => server,
        Err(error) if opens_page && error.kind() == io::ErrorKind::AddrInUse => {
            // Whoever opens the page a second time wants the page.
            return match launch::open_running(&serve, data_dir).await {
                true => Ok(()),
                false => Err(cannot_listen(error)),
            };
        }
        Err(error) => return Err(cannot_listen(error)),
    };
    let announcement = announced(&server, data_dir);
    let link = launch::link(&server, &serve, &accounts, opens_page);
    announce(&server, &services, &store, launch::line(link.as_ref()));
    let page = if opens_page { launch::open(link.as_ref(), data_dir) } else { None };
    let (swept, sweeping) = (Arc::clone(&services.uploads), shutdown.clone());
    tokio::spawn(async move { swept.sweep_until(sweeping).await });
    if let Some(retention) = serve.retention {
        let services = Arc::clone(&services);
        tokio::spawn(async move { services.stored_answers.sweep(retention).await });
    }
    let mcp = McpEndpoint::new(Arc::clone(&services), settings, &serve, shutdown.clone());
    server.serve(services, store, accounts, key, Some(Arc::new(mcp)), shutdown).await;
    drop((page, announcement));
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
        guides: Some(guides::guides),
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

/// Tells the user's other commands where this server is. They do without it where that fails.
fn announced(server: &HttpServer, data_dir: Option<&Path>) -> Option<Announcement> {
    let is_here = |address: &&SocketAddr| address.ip().is_loopback() || address.ip().is_unspecified();
    let address = server.addresses().iter().find(is_here)?;
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let announced = running_server::announce(data_dir?, SocketAddr::new(ip, address.port()));
    announced.unwrap_or_else(|error| {
        tracing::info!(%error, "other commands do not find this server");
        None
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

/// Says where it listens, then whether the model server answers, then where the page is. Nobody may read it.
fn announce(server: &HttpServer, services: &Arc<Services>, store: &Store, page: String) {
    let mut lines = String::new();
    for (index, address) in server.addresses().iter().enumerate() {
        let lead =
            if index == 0 { concat!("ollama-mcp ", env!("CARGO_PKG_VERSION"), " on") } else { "and on" };
        lines.push_str(&format!("{lead} http://{address}\n"));
    }
    write(&lines);
    // A file of this machine is opened by whoever needs it first.
    if store.files().is_empty() {
        let format = store.format();
        tokio::spawn(async move {
            if let Err(error) = format.await {
                write(&format!("The database cannot be used: {error}\n"));
            }
        });
    }
    let services = Arc::clone(services);
    tokio::spawn(async move {
        let caller = Caller::local();
        let mut health = pin!(services.models.health(&caller));
        // Nobody waits for the page because the model server does not answer.
        let in_time = tokio::time::timeout(HEALTH_WAIT, &mut health).await;
        let is_late = in_time.is_err();
        if is_late {
            write(&page);
        }
        let report = match in_time {
            Ok(report) => report,
            Err(_) => health.await,
        };
        let state = match report.state {
            Ok(_) => format!("{} answers at {}\n", services.models.server_name(), report.address),
            Err(error) => format!("{}\n", error.text()),
        };
        write(&if is_late { state } else { state + &page });
    });
}

fn write(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}
