//! One connection: HTTP/1.1 with limits on headers, on slow readers, and at the end of the server.

mod sent_body;
mod timed_io;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::mount::Body;
use crate::options::Timeouts;
use crate::router::Peer;
use sent_body::SentBody;
use timed_io::{Activity, TimedIo};

/// Most bytes of the head of a request.
const MAX_HEAD: usize = 64 << 10;
/// Most headers.
const MAX_HEADERS: usize = 128;

/// Serves a connection until it ends. After `shutdown` it ends with the response that is being sent.
pub(crate) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    timeouts: Timeouts,
    shutdown: CancellationToken,
) {
    // Without it a small write waits for the acknowledgement of the one before.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let activity = Arc::new(Activity::default());
    let stream = TimedIo::new(stream, Arc::clone(&activity), timeouts);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let in_flight = activity.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        let router = router.clone();
        async move {
            let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
            Ok::<_, Infallible>(response.map(|body| SentBody { body, _in_flight: in_flight }))
        }
    });
    let connection = http1::Builder::new()
        // The connection has its own.
        .header_read_timeout(None)
        .max_buf_size(MAX_HEAD)
        .max_header_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients end connections as they like.
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Answers that there are too many connections.
pub(crate) async fn refuse(mut stream: TcpStream) {
    const BODY: &str = r#"{"error":{"message":"Too many connections are open","type":"server_error","param":null,"code":"overloaded"}}"#;
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        BODY.len()
    );
    // The client may be gone.
    let _ = stream.write_all(head.as_bytes()).await;
    let _ = stream.write_all(BODY.as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests;
