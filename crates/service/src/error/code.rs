//! The codes of failures, and what the documents say of each.

/// The machine-readable kind of a failure. `docs/errors.md` is generated from it.
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
        Self::DiskFull,
        Self::RegistryUnreachable,
        Self::RegistryDenied,
        Self::RegistryFailed,
        Self::Timeout,
        Self::Interrupted,
        Self::UpstreamError,
        Self::AttachmentDenied,
        Self::AttachmentUnreadable,
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
            Self::DiskFull => "disk_full",
            Self::RegistryUnreachable => "registry_unreachable",
            Self::RegistryDenied => "registry_denied",
            Self::RegistryFailed => "registry_failed",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
            Self::UpstreamError => "upstream_error",
            Self::AttachmentDenied => "attachment_denied",
            Self::AttachmentUnreadable => "attachment_unreadable",
            Self::CompletionNotFound => "completion_not_found",
            Self::ConversationNotFound => "conversation_not_found",
            Self::ConversationConflict => "conversation_conflict",
            Self::StorageFailed => "storage_failed",
            Self::NotConfirmed => "not_confirmed",
            Self::Cancelled => "cancelled",
            Self::Internal => "internal",
        }
    }

    /// When it occurs, and what helps: the documents' text.
    pub fn explanation(self) -> (&'static str, &'static str) {
        match self {
            Self::InvalidArgument => (
                "An argument is missing, unknown, of the wrong type or out of range.",
                "Correct the argument that the message names.",
            ),
            Self::ContextExceeded => (
                "The prompt does not fit the model's context. `error.prompt_tokens` and `error.context_tokens` have the counts.",
                "Raise `num_ctx`, set `truncation` to `grow` or `auto`, or send less.",
            ),
            Self::ModelNotFound => {
                ("The named model is not installed.", "Use the name that is suggested, or install the model.")
            }
            Self::NoModels => (
                "No model is installed that can answer.",
                "Install one, for example `ollama pull gemma3:4b`.",
            ),
            Self::OllamaUnreachable => (
                "Nothing answers at the address of the model server.",
                "Start it with `ollama serve`, or set `OLLAMA_HOST`.",
            ),
            Self::Unsupported => (
                "The model or the server cannot do what was asked.",
                "Use one of the models that the message names.",
            ),
            Self::Overloaded => {
                ("Too many requests are running, here or at the model server.", "Try again later.")
            }
            Self::DiskFull => (
                "The disk has no room for the model; the pull was stopped.",
                "Free some space, or choose a smaller model.",
            ),
            Self::RegistryUnreachable => (
                "Ollama cannot reach the registry that a model is pulled from or pushed to, or does not trust its certificate.",
                "Check the connection of the machine that Ollama runs on, and its proxy settings.",
            ),
            Self::RegistryDenied => (
                "The registry wants a sign-in, or does not allow what was asked.",
                "Sign Ollama in with `ollama signin`; check the model's name.",
            ),
            Self::RegistryFailed => (
                "The registry answered with a failure of its own, or what came from it is damaged.",
                "Try again later.",
            ),
            Self::Timeout => ("A timeout expired.", "Raise the setting that the message names."),
            Self::Interrupted => (
                "The answer was interrupted. `error.partial` has the text that came before.",
                "Ask again, or use the text.",
            ),
            Self::UpstreamError => (
                "The model server answered with an error of its own.",
                "Read the message; it quotes the server.",
            ),
            Self::AttachmentDenied => (
                "A file lies outside the allowed directories, looks like a secrets file, or would leave the machine.",
                "Allow its directory with `--allow-dir`, or leave the file out.",
            ),
            Self::AttachmentUnreadable => (
                "A file does not exist, is too large, or is not something the model can read.",
                "Correct the path, or give the text of the file instead.",
            ),
            Self::CompletionNotFound => (
                "There is no completion with that id: completions are kept for an hour, and end with the process.",
                "Leave the id out for the newest completion, or ask again.",
            ),
            Self::ConversationNotFound => {
                ("There is no conversation with that id.", "`list_conversations` lists them.")
            }
            Self::ConversationConflict => (
                "Another call continued the conversation while the reply was generated, so the turn was not stored. `error.partial` has the reply.",
                "Read the conversation, then ask again.",
            ),
            Self::StorageFailed => (
                "The file of the conversations, or of the system prompt, cannot be read or written. `error.partial` has a reply that could not be stored.",
                "Fix the file as the message says; `chat_completion` works without conversations.",
            ),
            Self::NotConfirmed => (
                "Deleting, overwriting or publishing was not confirmed: nothing was done.",
                "Ask the user, then call again with `confirm: true` where the settings allow it.",
            ),
            Self::Cancelled => {
                ("The completion was cancelled before its end.", "Start it again if it is needed.")
            }
            Self::Internal => ("A bug in this program.", "Report it with the log."),
        }
    }
}
