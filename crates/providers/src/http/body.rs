//! The body of a response, read in chunks under the timeouts.

use std::time::Duration;

use reqwest::Response;
use tokio::time::{Instant, timeout_at};
use tokio_util::bytes::Bytes;

use crate::{ProviderError, ProviderResult, Wait, connect_error};

/// Time for the end of a body after its last event, so that the connection can be reused.
const GIVE_BACK: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Body {
    pub(super) response: Response,
    /// Deadline of the first chunk, and its timeout; `None` once it came.
    pub(super) first: Option<(Instant, Duration)>,
    pub(super) next_byte: Duration,
}

impl Body {
    /// The next chunk; `None` at the end. Dropping the body before the end closes the connection.
    ///
    /// # Errors
    /// [`ProviderError::Timeout`], or [`ProviderError::Interrupted`] where the connection was cut.
    pub(crate) async fn next(&mut self) -> ProviderResult<Option<Bytes>> {
        let (deadline, waiting_for, after) = match self.first {
            Some((deadline, after)) => (deadline, Wait::FirstByte, after),
            None => (Instant::now() + self.next_byte, Wait::NextByte, self.next_byte),
        };
        let chunk = timeout_at(deadline, self.response.chunk())
            .await
            .map_err(|_| ProviderError::Timeout { waiting_for, after })?
            .map_err(|error| ProviderError::Interrupted { reason: connect_error::reason(&error) })?;
        self.first = None;
        Ok(chunk)
    }

    /// Reads the few bytes after the last event, so that the connection can be reused.
    pub(crate) fn drain(mut self) {
        // In a task of its own: the caller drops the stream after the last event.
        tokio::spawn(tokio::time::timeout(GIVE_BACK, async move {
            // Only the end of the chunked encoding may follow; otherwise the connection is closed.
            let _ = self.response.chunk().await;
        }));
    }

    /// The whole body, of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Body::next`]; [`ProviderError::Malformed`] for a longer one.
    pub(crate) async fn read(&mut self, limit: usize) -> ProviderResult<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.next().await? {
            if bytes.len() + chunk.as_ref().len() > limit {
                return Err(ProviderError::Malformed {
                    reason: format!("the answer is longer than {limit} bytes"),
                });
            }
            bytes.extend_from_slice(chunk.as_ref());
        }
        Ok(bytes)
    }
}
