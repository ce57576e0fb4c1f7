//! The body of an answer, read piece by piece under the timeouts.

use std::time::Duration;

use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use crate::{ProviderError, ProviderResult, Wait, connect_error};

/// How long the end of a body may take after its last event, for the connection to be used again.
const GIVE_BACK: Duration = Duration::from_millis(250);

/// The body of an answer, read piece by piece under the timeouts.
#[derive(Debug)]
pub(crate) struct Body {
    pub(super) response: Response,
    /// Until when the first piece may take, and how long that was; gone once it came.
    pub(super) first: Option<(Instant, Duration)>,
    pub(super) next_byte: Duration,
}

impl Body {
    /// The next piece; `None` at the end. Dropping the body before the end closes the connection.
    ///
    /// # Errors
    /// [`ProviderError::Timeout`], or [`ProviderError::Interrupted`] where the connection was cut.
    pub(crate) async fn next(&mut self) -> ProviderResult<Option<impl AsRef<[u8]> + use<>>> {
        let (deadline, waiting_for, after) = match self.first {
            Some((deadline, after)) => (deadline, Wait::FirstByte, after),
            None => (Instant::now() + self.next_byte, Wait::NextByte, self.next_byte),
        };
        let piece = timeout_at(deadline, self.response.chunk())
            .await
            .map_err(|_| ProviderError::Timeout { waiting_for, after })?
            .map_err(|error| ProviderError::Interrupted { reason: connect_error::reason(&error) })?;
        self.first = None;
        Ok(piece)
    }

    /// Reads the few bytes after the last event, so that the connection can serve again.
    pub(crate) fn drain(mut self) {
        // In a task of its own, since whoever has the last event drops the stream.
        tokio::spawn(tokio::time::timeout(GIVE_BACK, async move {
            // Only the end of the chunked encoding may follow; a server that goes on loses the connection.
            let _ = self.response.chunk().await;
        }));
    }

    /// The whole body, up to a limit in bytes.
    ///
    /// # Errors
    /// As [`Body::next`]; [`ProviderError::Malformed`] for a longer one.
    pub(super) async fn read(&mut self, limit: usize) -> ProviderResult<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.next().await? {
            if bytes.len() + piece.as_ref().len() > limit {
                return Err(ProviderError::Malformed {
                    reason: format!("the answer is longer than {limit} bytes"),
                });
            }
            bytes.extend_from_slice(piece.as_ref());
        }
        Ok(bytes)
    }
}
