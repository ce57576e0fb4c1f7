//! What can go wrong between here and a model server, in the words of the wire.

use std::time::Duration;

/// A failure of a request to a model server.
///
/// The service turns it into an error of the domain. A log gets [`ProviderError::logged`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ProviderError {
    /// No connection: refused, no route, an unknown name, a failed TLS handshake.
    #[error("cannot reach {address}: {reason}")]
    Unreachable {
        /// The address that was tried, without credentials.
        address: String,
        /// Why, in a few words, such as `connection refused`.
        reason: String,
    },
    /// The server took longer than a timeout of the settings allows.
    #[error("timed out after {after:?} waiting for {waiting_for}")]
    Timeout {
        /// What was waited for.
        waiting_for: Wait,
        /// The timeout that ran out.
        after: Duration,
    },
    /// The server does not have the model.
    #[error("model {model:?} is not on the server")]
    ModelNotFound {
        /// The name as it was asked for.
        model: String,
    },
    /// The registry that the name leads to does not have the model.
    #[error("no registry has model {model:?}")]
    NotInRegistry {
        /// The name as it was asked for.
        model: String,
    },
    /// The registry of a pull or a push failed, by what the server says of it.
    #[error("the registry failed ({fault:?}): {message}")]
    Registry {
        /// The registry's host, where the server names it.
        host: Option<String>,
        /// How it failed.
        fault: RegistryFault,
        /// What the server said, without addresses and paths where a reason could be told from them.
        message: String,
    },
    /// The disk of the server is full.
    #[error("the server's disk is full: {message}")]
    DiskFull {
        /// What the server said.
        message: String,
    },
    /// The weights are quantized already, so the server cannot quantize them.
    #[error("the weights cannot be quantized: {message}")]
    AlreadyQuantized {
        /// What the server said.
        message: String,
    },
    /// A pull, a push or a create failed on the server for another reason.
    #[error("the server gave up: {message}")]
    GaveUp {
        /// What the server said, unwrapped.
        message: String,
    },
    /// This process has no file descriptor left for a connection.
    #[error("no file descriptor is left for a connection to {address}")]
    OutOfDescriptors {
        /// The address that was to be reached, without credentials.
        address: String,
    },
    /// The model lacks a capability that the request needs.
    #[error("model {model:?} does not support {capability}: {message}")]
    Unsupported {
        /// The name as it was asked for.
        model: String,
        /// Ollama's word for the capability: `tools`, `vision`, `thinking`, `insert`, `embedding`, `completion`.
        capability: String,
        /// What the server said.
        message: String,
    },
    /// The prompt does not fit the context.
    #[error("the prompt has {prompt_tokens:?} tokens, the context {context_tokens:?}: {message}")]
    ContextExceeded {
        /// Tokens of the prompt, where the server said.
        prompt_tokens: Option<u64>,
        /// Tokens of the context, where the server said.
        context_tokens: Option<u64>,
        /// What the server said.
        message: String,
    },
    /// The server has too much to do: 429, or 503.
    #[error("the server is busy ({status}): {message}")]
    Overloaded {
        /// The HTTP status.
        status: u16,
        /// What the server said.
        message: String,
        /// When it asks to be tried again.
        retry_after: Option<Duration>,
    },
    /// Any other answer that is not a success.
    #[error("the server answered {status}: {message}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What the server said, unwrapped; a bounded piece of the body where it is no JSON.
        message: String,
    },
    /// The server reported a failure after its answer had begun.
    #[error("the server failed during the answer: {message}")]
    Failed {
        /// What the server said, unwrapped.
        message: String,
    },
    /// The answer was interrupted: the connection was cut, or ended without its end mark.
    #[error("the answer broke off: {reason}")]
    Interrupted {
        /// How it broke off.
        reason: String,
    },
    /// The answer is not what this server's API says.
    #[error("the answer cannot be read: {reason}")]
    Malformed {
        /// What was wrong with it, with a bounded piece of the text.
        reason: String,
    },
    /// The request cannot be sent as it is (an argument this provider cannot express).
    #[error("{argument}: {reason}")]
    InvalidRequest {
        /// The argument's name as callers spell it.
        argument: String,
        /// What is wrong with it and what is right.
        reason: String,
    },
}

impl ProviderError {
    /// The text for a log: without what the server said, which can quote a prompt.
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
    /// No connection: no network, an unknown host, refused, too slow, or broken off.
    Unreachable,
    /// No secure connection: its certificate is not trusted, or it speaks no TLS.
    Insecure,
    /// It wants a sign-in, or this one may not do that: 401, 403.
    Denied,
    /// It has had enough requests, or failed itself: this status.
    Status(u16),
    /// What was downloaded is not what its digest says.
    Damaged,
}

/// What a timeout waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// The connection to be made.
    Connect,
    /// The head of the answer, or the first piece of it (the model loads and reads the prompt).
    FirstByte,
    /// The next piece of the answer.
    NextByte,
    /// The whole of an answer that needs no model, such as a list.
    Control,
    /// The whole of an answer that comes in one piece once a model has made it, such as embeddings.
    Answer,
}

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Connect => "the connection",
            Self::FirstByte => "the first piece of the answer",
            Self::NextByte => "the next piece of the answer",
            Self::Control | Self::Answer => "the end of the answer",
        })
    }
}
