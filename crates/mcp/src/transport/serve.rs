//! Runs the server over a pair of byte streams, to the end of the input or a shutdown.

use std::time::Duration;

use rmcp::service::{QuitReason, serve_directly_with_ct};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::in_flight::InFlight;
use super::panic_guard::PanicGuard;
use super::stdio::LineTransport;
use crate::resources::subscriptions::Listeners;
use crate::server::McpServer;

/// How long calls in flight may take to end after a shutdown: the process must end within a second of a signal.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(800);

/// The limits of one connection.
#[derive(Debug, Clone, Copy)]
pub struct Connection {
    /// Maximum size of a message.
    pub max_message_bytes: usize,
}

/// Serves until the input ends and every caller has its answer, or until `shutdown`.
pub async fn serve<R, W>(
    server: McpServer,
    connection: Connection,
    input: R,
    output: W,
    shutdown: CancellationToken,
) where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let handler = server.local_session();
    let in_flight = InFlight::new(handler.session().input_closed().clone());
    let transport = LineTransport::start(
        input,
        output,
        connection.max_message_bytes,
        in_flight.clone(),
        shutdown.clone(),
        server,
    );
    let stopping = shutdown.clone();
    // No handshake is awaited: raw JSON-RPC, handshakes of every revision and requests that carry their own metadata are
    // all served by one loop.
    let running = serve_directly_with_ct(
        PanicGuard::new(handler, in_flight, Listeners::default()),
        transport,
        None,
        shutdown,
    );
    let finished = running.waiting();
    tokio::pin!(finished);
    let reason = tokio::select! {
        reason = &mut finished => reason,
        () = async { stopping.cancelled().await; tokio::time::sleep(SHUTDOWN_GRACE).await } => {
            tracing::info!("what was in flight did not end in time");
            return;
        }
    };
    match reason {
        Ok(QuitReason::Closed | QuitReason::Cancelled) => {}
        other => tracing::error!(?other, "the service loop failed"),
    }
}

/// Serves on stdin and stdout. A closed stdout is a shutdown, too.
pub async fn serve_stdio(server: McpServer, connection: Connection, shutdown: CancellationToken) {
    let (input, output) = rmcp::transport::stdio_pipes();
    let hung_up = shutdown.clone();
    let watch = tokio::spawn(async move {
        platform::stdout_hung_up().await;
        tracing::info!("nobody reads the output any more");
        hung_up.cancel();
    });
    serve(server, connection, input, output, shutdown).await;
    watch.abort();
}
