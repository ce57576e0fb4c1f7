//! The server: listening, accepting within limits, and the end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use accounts::AccountService;
use futures_util::future::select_all;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::{LocalKey, caller_of};
use crate::connection;
use crate::metrics::Metrics;
use crate::mount::Endpoint;
use crate::options::HttpOptions;
use crate::router::router;
use crate::state::App;
use service::Services;
use store::Store;

/// How long open responses have to end: the process must end within a second of a signal.
const DRAIN_TIME: Duration = Duration::from_millis(800);
/// The pause after a failure to accept, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Connections that the system keeps while none is accepted.
const BACKLOG: u32 = 1024;
/// Linux's error for an address family that the system does not have.
const AF_UNSUPPORTED: i32 = 97;
/// How often a free port is tried to be had on all addresses.
const PORT_ATTEMPTS: u32 = 10;

/// A server that listens, and does not accept yet.
pub struct HttpServer {
    listeners: Vec<TcpListener>,
    options: HttpOptions,
}

impl HttpServer {
    /// Listens on the addresses of the options. Port 0 is a free port, the same one on all of them.
    ///
    /// # Errors
    /// With the address in the text.
    pub fn bind(mut options: HttpOptions) -> io::Result<Self> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match bind_all(&options.listen) {
                Ok(listeners) => {
                    options.listen =
                        listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect();
                    return Ok(Self { listeners, options });
                }
                Err(error) => {
                    let is_free_port = options.listen.iter().any(|address| address.port() == 0);
                    if !is_free_port || attempt >= PORT_ATTEMPTS {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// The addresses that it listens on.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.options.listen
    }

    /// Serves until `shutdown`, then lets open responses end for a moment.
    pub async fn serve(
        self,
        services: Arc<Services>,
        store: Store,
        accounts: Arc<AccountService>,
        local_key: Option<LocalKey>,
        mcp: Option<Arc<dyn Endpoint>>,
        shutdown: CancellationToken,
    ) {
        let max_connections = self.options.max_connections;
        let timeouts = self.options.timeouts;
        let metrics = Arc::new(Metrics::new());
        let counting = Arc::clone(&metrics);
        services.tasks.observe_ends(move |ended| counting.completion(ended));
        let ending = mcp.clone();
        accounts.observe_ends(move |credential| {
            if let Some(mcp) = &ending {
                mcp.caller_ended(&caller_of(credential));
            }
        });
        let app = Arc::new(App {
            services,
            store,
            accounts: Arc::clone(&accounts),
            options: self.options,
            local_key,
            mcp,
            metrics,
            idempotency: Default::default(),
            responses: Default::default(),
            started: Instant::now(),
            shutdown: shutdown.clone(),
        });
        let router = router(Arc::clone(&app));
        let watching = shutdown.clone();
        tokio::spawn(async move { accounts.watch(watching).await });
        let connections = TaskTracker::new();
        let free = Arc::new(Semaphore::new(max_connections));
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = accept(&self.listeners) => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            match Arc::clone(&free).try_acquire_owned() {
                Ok(slot) => {
                    let counted = app.metrics.connection();
                    let (router, shutdown) = (router.clone(), shutdown.clone());
                    connections.spawn(async move {
                        connection::serve(stream, peer, router, timeouts, shutdown).await;
                        drop((slot, counted));
                    });
                }
                Err(_) => drop(tokio::spawn(connection::refuse(stream))),
            }
        }
        drop(self.listeners);
        connections.close();
        // What is stored says that the server has ended it.
        let ended = async { tokio::join!(connections.wait(), app.responses.finish()) };
        if tokio::time::timeout(DRAIN_TIME, ended).await.is_err() {
            tracing::info!(connections = connections.len(), "some responses did not end in time");
        }
    }
}

async fn accept(listeners: &[TcpListener]) -> io::Result<(TcpStream, SocketAddr)> {
    select_all(listeners.iter().map(|listener| Box::pin(listener.accept()))).await.0
}

/// Listens on all addresses; with port 0 the later ones take the port of the first. A system may have one of IPv4 and IPv6
/// only, so the later ones may be missing.
fn bind_all(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let mut listeners: Vec<TcpListener> = Vec::new();
    for address in addresses {
        let mut address = *address;
        if let Some(first) = listeners.first().filter(|_| address.port() == 0) {
            address.set_port(first.local_addr()?.port());
        }
        let listener = bind(address);
        let is_missing = |error: &io::Error| {
            matches!(error.kind(), io::ErrorKind::AddrNotAvailable | io::ErrorKind::Unsupported)
                || error.raw_os_error() == Some(AF_UNSUPPORTED)
        };
        if listener.as_ref().is_err_and(is_missing) && !listeners.is_empty() {
            continue;
        }
        let listener = listener
            .map_err(|error| io::Error::new(error.kind(), format!("cannot listen on {address}: {error}")))?;
        listeners.push(listener);
    }
    Ok(listeners)
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4()?,
        SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6()?,
    };
    // On Windows it would let another process take the port.
    if !cfg!(windows) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
