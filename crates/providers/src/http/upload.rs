//! Sends a large body in chunks: there is no timeout for the whole, only between two chunks.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE};
use tokio::time::{Instant, timeout_at};
use tokio_util::bytes::Bytes;

use super::{Failure, Http, TRANSFER_GAP};
use crate::{ProviderError, Wait};
use platform::sync::lock;

/// The state of an upload. Behind a mutex: the body's stream writes it, the waiting future reads it.
#[derive(Debug)]
struct Progress {
    /// When the connection last took a chunk.
    at: Instant,
    sent: u64,
    /// Why the source failed.
    fault: Option<String>,
}

impl Http {
    /// Posts exactly `size` bytes. Dropping the future closes the connection.
    ///
    /// # Errors
    /// [`ProviderError::SourceFile`] where the source fails, or has more or fewer bytes;
    /// [`ProviderError::Timeout`] after a gap without progress.
    pub(crate) async fn upload(
        &self,
        path: &str,
        size: u64,
        body: BoxStream<'static, io::Result<Bytes>>,
    ) -> Result<(), Failure> {
        let progress = Arc::new(Mutex::new(Progress { at: Instant::now(), sent: 0, fault: None }));
        let body = reqwest::Body::wrap_stream(watched(body, size, Arc::clone(&progress)));
        let request = self.client()?.post(self.url(path)).headers(self.headers.clone());
        // Without Content-Length a streamed body is sent with chunked encoding, and a cut could pass for the end.
        let request = request.header(CONTENT_TYPE, "application/octet-stream").header(CONTENT_LENGTH, size);
        let gap = self.timeouts.next_byte.max(TRANSFER_GAP);
        let answer = send(request.body(body), &progress, gap).await;
        let fault = locked(&progress, |progress| progress.fault.take());
        if let Some(fault) = fault {
            return Err(ProviderError::SourceFile { reason: fault }.into());
        }
        let response = answer?.map_err(|error| self.not_sent(&error))?;
        tracing::debug!(path, size, status = response.status().as_u16(), "upload answered");
        self.accepted(response).await.map(|_| ())
    }
}

/// Waits for the response as long as there is progress.
async fn send(
    request: reqwest::RequestBuilder,
    progress: &Mutex<Progress>,
    gap: Duration,
) -> Result<reqwest::Result<reqwest::Response>, ProviderError> {
    let sending = request.send();
    tokio::pin!(sending);
    loop {
        let last = locked(progress, |progress| progress.at);
        if let Ok(answer) = timeout_at(last + gap, &mut sending).await {
            return Ok(answer);
        }
        if locked(progress, |progress| progress.at) == last {
            return Err(ProviderError::Timeout { waiting_for: Wait::NextByte, after: gap });
        }
    }
}

/// Counts the bytes of the source; too few or too many are an error.
fn watched(
    body: BoxStream<'static, io::Result<Bytes>>,
    size: u64,
    progress: Arc<Mutex<Progress>>,
) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send + 'static {
    stream::unfold(Some(body), move |body| {
        let progress = Arc::clone(&progress);
        async move {
            let mut body = body?;
            let chunk = body.next().await;
            locked(&progress, |progress| {
                progress.at = Instant::now();
                let fault = match chunk {
                    Some(Ok(chunk)) => {
                        progress.sent += chunk.len() as u64;
                        if progress.sent <= size {
                            return Some((Ok(chunk), Some(body)));
                        }
                        format!("the file has more than the {size} bytes that were announced; it changed")
                    }
                    None if progress.sent == size => return None,
                    None => format!("the file ended after {} of {size} bytes; it changed", progress.sent),
                    Some(Err(error)) => format!("the file cannot be read: {}", error.kind()),
                };
                progress.fault = Some(fault.clone());
                Some((Err(io::Error::other(fault)), None))
            })
        }
    })
}

/// A standard mutex: held for one field, never across an await.
fn locked<T>(progress: &Mutex<Progress>, with: impl FnOnce(&mut Progress) -> T) -> T {
    with(&mut lock(progress))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::Timeouts;
    use crate::socket::{LONG, listen, plain, write};

    const GAP: Duration = Duration::from_millis(500);

    /// Sends a body to a server that answers once it has read so much.
    async fn sent(
        body: BoxStream<'static, io::Result<Bytes>>,
        size: u64,
    ) -> Result<reqwest::Result<reqwest::Response>, ProviderError> {
        let (listener, address) = listen().await;
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let (mut seen, mut buffer) = (Vec::new(), [0; 4096]);
            while !seen.ends_with(b"!") {
                let count = socket.read(&mut buffer).await.unwrap();
                assert_ne!(count, 0);
                seen.extend_from_slice(&buffer[..count]);
            }
            write(&mut socket, &plain("201 Created", "", "")).await;
        });
        let http = Http::new(address.parse().unwrap(), None, &[], Timeouts::default()).unwrap();
        let progress = Arc::new(Mutex::new(Progress { at: Instant::now(), sent: 0, fault: None }));
        let body = reqwest::Body::wrap_stream(watched(body, size, Arc::clone(&progress)));
        let request = http.client().unwrap().post(http.url("x")).header(CONTENT_LENGTH, size);
        let answer = timeout(LONG, send(request.body(body), &progress, GAP)).await.unwrap();
        server.abort();
        answer
    }

    #[tokio::test]
    async fn slow_source_keeps_upload_alive() {
        let chunks =
            stream::iter((0..12).map(|n| if n == 11 { "!" } else { "." })).then(|chunk| async move {
                // Together longer than the gap.
                sleep(GAP / 10).await;
                Ok(Bytes::from_static(chunk.as_bytes()))
            });
        assert_eq!(sent(chunks.boxed(), 12).await.unwrap().unwrap().status(), 201);
    }

    #[tokio::test]
    async fn stopped_source_is_a_gap() {
        let chunks = stream::iter([Ok(Bytes::from_static(b"."))]).chain(stream::pending());
        let error = sent(chunks.boxed(), 12).await.err();
        assert_eq!(error, Some(ProviderError::Timeout { waiting_for: Wait::NextByte, after: GAP }));
    }
}
