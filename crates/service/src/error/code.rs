//! The codes of failures.

/// The machine-readable kind of a failure. `docs/errors.md` explains each (`tests/generated_docs/errors_page.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// An argument is missing, unknown, of the wrong type or out of range.
    InvalidArgument,
    /// The prompt does not fit the model's context.
    ContextExceeded,
    /// The named model is not installed.
    ModelNotFound,
    /// No model is installed that could answer.
    NoModels,
    /// The model server does not answer at all.
    OllamaUnreachable,
    /// The model, or the server, cannot do what was asked.
    Unsupported,
    /// Too many requests are running, here or at the model server.
    Overloaded,
    /// The caller has made all requests, or used all tokens, that its limits allow for now.
    RateLimited,
    /// The disk has no room for the model that is pulled.
    DiskFull,
    /// The registry of a pull or a push cannot be reached.
    RegistryUnreachable,
    /// The registry wants a sign-in, or does not allow what was asked.
    RegistryDenied,
    /// The registry failed, or sent something damaged.
    RegistryFailed,
    /// A timeout of the settings ran out.
    Timeout,
    /// The answer was interrupted; what came of it is kept.
    Interrupted,
    /// The model server answered with an error of its own.
    UpstreamError,
    /// A file may not be read, or may not go where the model runs.
    AttachmentDenied,
    /// A file may be read and cannot be, or is nothing that a model reads.
    AttachmentUnreadable,
    /// There is no uploaded file of that id, or not any longer.
    FileNotFound,
    /// A file is larger than uploads may be.
    FileTooLarge,
    /// The caller's uploaded files would be more than the caller may have.
    QuotaExceeded,
    /// There is no completion of that id, or not any longer.
    CompletionNotFound,
    /// There is no conversation with that id.
    ConversationNotFound,
    /// A conversation went on elsewhere while the reply was made.
    ConversationConflict,
    /// A file of the user's own, such as that of the conversations, cannot be read or written.
    StorageFailed,
    /// Deleting, overwriting or publishing was not confirmed, so nothing was done.
    NotConfirmed,
    /// The completion was cancelled before its end.
    Cancelled,
    /// A bug of this program.
    Internal,
}

impl ErrorCode {
    /// Every code, in the order of the documents.
    pub const ALL: &[Self] = &[
        Self::InvalidArgument,
        Self::ContextExceeded,
        Self::ModelNotFound,
        Self::NoModels,
        Self::OllamaUnreachable,
        Self::Unsupported,
        Self::Overloaded,
        Self::RateLimited,
        Self::DiskFull,
        Self::RegistryUnreachable,
        Self::RegistryDenied,
        Self::RegistryFailed,
        Self::Timeout,
        Self::Interrupted,
        Self::UpstreamError,
        Self::AttachmentDenied,
        Self::AttachmentUnreadable,
        Self::FileNotFound,
        Self::FileTooLarge,
        Self::QuotaExceeded,
        Self::CompletionNotFound,
        Self::ConversationNotFound,
        Self::ConversationConflict,
        Self::StorageFailed,
        Self::NotConfirmed,
        Self::Cancelled,
        Self::Internal,
    ];

    /// The code as callers see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::ContextExceeded => "context_exceeded",
            Self::ModelNotFound => "model_not_found",
            Self::NoModels => "no_models",
            Self::OllamaUnreachable => "ollama_unreachable",
            Self::Unsupported => "unsupported",
            Self::Overloaded => "overloaded",
            Self::RateLimited => "rate_limited",
            Self::DiskFull => "disk_full",
            Self::RegistryUnreachable => "registry_unreachable",
            Self::RegistryDenied => "registry_denied",
            Self::RegistryFailed => "registry_failed",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
            Self::UpstreamError => "upstream_error",
            Self::AttachmentDenied => "attachment_denied",
            Self::AttachmentUnreadable => "attachment_unreadable",
            Self::FileNotFound => "file_not_found",
            Self::FileTooLarge => "file_too_large",
            Self::QuotaExceeded => "quota_exceeded",
            Self::CompletionNotFound => "completion_not_found",
            Self::ConversationNotFound => "conversation_not_found",
            Self::ConversationConflict => "conversation_conflict",
            Self::StorageFailed => "storage_failed",
            Self::NotConfirmed => "not_confirmed",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }
}
