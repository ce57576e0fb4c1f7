//! Requests that are passed on as a caller has written them, and answers as the server has written them.

use std::collections::VecDeque;
use std::time::Duration;

use tokio_util::bytes::Bytes;

use crate::http::Body;
use crate::{FileStream, ProviderResult};

pub use crate::ollama::{ReplyReader, TransferReader, embedded_tokens, forwarded_error};

/// What was read of an answer in passing, in order.
pub type ReadEvents<E> = VecDeque<ProviderResult<E>>;

/// A route of Ollama's own API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OllamaRoute {
    Version,
    /// Whether cloud models are available.
    Status,
    Tags,
    Ps,
    Show,
    Chat,
    Generate,
    Embed,
    /// The older route for the embedding of one prompt.
    Embeddings,
    Pull,
    Push,
    Create,
    Copy,
    Delete,
    /// Whether the server has the file of a digest.
    HasBlob(String),
    /// Uploads the file of a digest.
    UploadBlob(String),
}

/// The body of a request that is passed on.
pub enum ForwardBody {
    Empty,
    Json(Bytes),
    /// A file; of unknown size if its sender has not told it.
    File {
        size: Option<u64>,
        content: FileStream,
    },
}

/// Who ends a request that the server does not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// The short timeout for what needs no model.
    Control,
    /// The timeouts of the settings: nobody may be waiting.
    Settings,
    /// The caller, who is waiting; only connecting has a timeout.
    Caller,
}

/// An answer that has begun, whatever its status.
#[derive(Debug)]
pub struct Forwarded {
    pub status: u16,
    pub content_type: Option<String>,
    /// What a server that is busy asks for.
    pub retry_after: Option<Duration>,
    pub(crate) body: Body,
}

impl Forwarded {
    /// The next bytes as they came; `None` at the end. Dropping the answer before its end closes the connection.
    ///
    /// # Errors
    /// [`ProviderError::Interrupted`](crate::ProviderError) for a connection that was cut, and the timeouts of the request's
    /// [`Patience`].
    pub async fn next(&mut self) -> ProviderResult<Option<Bytes>> {
        self.body.next().await
    }

    /// All of it, of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Forwarded::next`]; [`ProviderError::Malformed`](crate::ProviderError) for a longer one.
    pub async fn read(&mut self, limit: usize) -> ProviderResult<Vec<u8>> {
        self.body.read(limit).await
    }

    /// Whether it answers with what was asked for.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
