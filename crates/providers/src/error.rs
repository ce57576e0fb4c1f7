//! What can go wrong between here and a model server, in the words of the wire.

use std::time::Duration;

/// A failure of a request to a model server.
///
/// The service turns it into an error of the domain. Logs use [`ProviderError::logged`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProviderError {
    /// No connection: refused, no route, an unknown name, a failed TLS handshake.
    #[error("cannot reach {address}: {reason}")]
    Unreachable {
        /// Without credentials.
        address: String,
        /// A few words, such as `connection refused`.
        reason: String,
    },
    #[error("timed out after {after:?} waiting for {waiting_for}")]
    Timeout { waiting_for: Wait, after: Duration },
    /// The server does not have the model.
    #[error("model {model:?} is not on the server")]
    ModelNotFound { model: String },
    /// The registry of the name does not have the model.
    #[error("no registry has model {model:?}")]
    NotInRegistry { model: String },
    /// The server reports that the registry of a pull or a push failed.
    #[error("the registry failed ({fault:?}): {message}")]
    Registry {
        /// The registry's host, if the server names it.
        host: Option<String>,
        fault: RegistryFault,
        /// The server's message, without addresses and paths where possible.
        message: String,
    },
    #[error("the server's disk is full: {message}")]
    DiskFull { message: String },
    /// The weights are quantized already, so the server cannot quantize them.
    #[error("the weights cannot be quantized: {message}")]
    AlreadyQuantized { message: String },
    /// A pull, a push or a create failed on the server for another reason.
    #[error("the server gave up: {message}")]
    GaveUp { message: String },
    /// This process has no file descriptor left for a connection.
    #[error("no file descriptor is left for a connection to {address}")]
    OutOfDescriptors {
        /// Without credentials.
        address: String,
    },
    /// The model lacks a capability that the request needs.
    #[error("model {model:?} does not support {capability}: {message}")]
    Unsupported {
        model: String,
        /// Ollama's name of it: `tools`, `vision`, `thinking`, `insert`, `embedding`, `completion`.
        capability: String,
        message: String,
    },
    /// The prompt does not fit the context.
    #[error("the prompt has {prompt_tokens:?} tokens, the context {context_tokens:?}: {message}")]
    ContextExceeded {
        /// `None` if the server gives no count.
        prompt_tokens: Option<u64>,
        /// `None` if the server gives no count.
        context_tokens: Option<u64>,
        message: String,
    },
    /// 429 or 503.
    #[error("the server is busy ({status}): {message}")]
    Overloaded { status: u16, message: String, retry_after: Option<Duration> },
    /// Any other response that is not a success.
    #[error("the server answered {status}: {message}")]
    Status {
        status: u16,
        /// The server's message; the start of the body if it is not JSON.
        message: String,
    },
    /// The server reported a failure during the answer.
    #[error("the server failed during the answer: {message}")]
    Failed { message: String },
    /// The connection was cut, or the body ended without its end mark.
    #[error("the answer broke off: {reason}")]
    Interrupted { reason: String },
    /// The file that is uploaded changed, or cannot be read to its end.
    #[error("{reason}")]
    SourceFile { reason: String },
    /// The answer does not follow the server's API.
    #[error("the answer cannot be read: {reason}")]
    Malformed {
        /// With the start of the text.
        reason: String,
    },
    /// The request cannot be sent as it is (an argument this provider cannot express).
    #[error("{argument}: {reason}")]
    InvalidRequest {
        /// Under the caller's name for it.
        argument: String,
        reason: String,
    },
}

impl ProviderError {
    /// The text for logs, without the server's message, which can quote a prompt.
    pub fn logged(&self) -> String {
        match self {
            Self::Overloaded { status, .. } => format!("the server is busy ({status})"),
            Self::Status { status, .. } => format!("the server answered {status}"),
            Self::Failed { .. } => "the server failed during the answer".to_owned(),
            Self::GaveUp { .. } => "the server gave up".to_owned(),
            Self::Registry { fault, .. } => format!("the registry failed ({fault:?})"),
            Self::DiskFull { .. } => "the server's disk is full".to_owned(),
            Self::AlreadyQuantized { .. } => "the weights are quantized already".to_owned(),
            Self::Malformed { .. } => "the answer cannot be read".to_owned(),
            Self::Unsupported { model, capability, .. } => {
                format!("model {model:?} does not support {capability}")
            }
            Self::ContextExceeded { .. } => "the prompt does not fit the context".to_owned(),
            other => other.to_string(),
        }
    }
}

impl From<::openai::InvalidArgument> for ProviderError {
    fn from(invalid: ::openai::InvalidArgument) -> Self {
        Self::InvalidRequest { argument: invalid.path, reason: invalid.reason }
    }
}

/// How a registry failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryFault {
    /// No network, an unknown host, refused, too slow, or cut off.
    Unreachable,
    /// Its certificate is not trusted, or it does not use TLS.
    Insecure,
    /// 401 or 403.
    Denied,
    /// Another error status.
    Status(u16),
    /// The download does not match its digest.
    Damaged,
}

/// What a timeout waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    Connect,
    /// The headers, or the first chunk of the body: the model loads and reads the prompt.
    FirstByte,
    /// The next chunk of the body.
    NextByte,
    /// A whole response that needs no model, such as a list.
    Control,
    /// A whole response that a model computes first, such as embeddings.
    Answer,
}

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "the connection",
            Self::FirstByte => "the first chunk of the answer",
            Self::NextByte => "the next chunk of the answer",
            Self::Control | Self::Answer => "the end of the answer",
        })
    }
}
