//! Failures in the words of the domain: a code for programs, a text and a next step for people.
//!
//! Which failure of a provider becomes which error is said here and nowhere else.

use crate::providers::ProviderError;
use crate::sanitize;

use super::completions::Partial;
use super::retry::runner_ended;

mod upstream;

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
    /// Too much is going on, here or at the model server.
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
    /// The answer broke off; what came of it is kept.
    Interrupted,
    /// The model server answered with a failure of its own.
    UpstreamError,
    /// A file may not be read, or may not go where the model runs.
    AttachmentDenied,
    /// A file may be read and cannot be, or is nothing that a model reads.
    AttachmentUnreadable,
    /// There is no completion of that id, or not any longer.
    CompletionNotFound,
    /// There is no conversation of that id.
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
            Self::Overloaded => ("Too much is going on, here or at the model server.", "Try again later."),
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
            Self::Timeout => {
                ("A timeout of the settings ran out.", "Raise the setting that the message names.")
            }
            Self::Interrupted => (
                "The answer broke off. `error.partial` has the text that came before.",
                "Ask again, or use the text.",
            ),
            Self::UpstreamError => {
                ("The model server answered with a failure of its own.", "Read its words in the message.")
            }
            Self::AttachmentDenied => (
                "A file lies outside the allowed directories, holds secrets by its name, or would leave the machine.",
                "Allow its directory with `--allow-dir`, or leave the file out.",
            ),
            Self::AttachmentUnreadable => (
                "A file does not exist, is too large, or is nothing that the model can read.",
                "Correct the path, or give the text of the file instead.",
            ),
            Self::CompletionNotFound => (
                "There is no completion of that id: it was kept for an hour, or ended with an earlier process.",
                "Leave the id out for the newest completion, or ask again.",
            ),
            Self::ConversationNotFound => {
                ("There is no conversation of that id.", "`list_conversations` tells which there are.")
            }
            Self::ConversationConflict => (
                "Another call went on with the conversation while the reply was made; the turn was not stored. `error.partial` has the reply.",
                "Read the conversation, then ask again.",
            ),
            Self::StorageFailed => (
                "The file of the conversations, or of the system prompt, cannot be read or written. `error.partial` has a reply that could not be stored.",
                "Do what the message says of the file that it names; `chat_completion` works without conversations.",
            ),
            Self::NotConfirmed => (
                "Deleting, overwriting or publishing was not confirmed: nothing was done.",
                "Ask the user, then call again with `confirm: true` where the settings allow it.",
            ),
            Self::Cancelled => {
                ("The completion was cancelled before its end.", "Start it again where it is wanted.")
            }
            Self::Internal => ("A bug of this program.", "Report it with the log."),
        }
    }
}

/// A failure.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ServiceError {
    /// What kind it is.
    pub code: ErrorCode,
    /// What happened, naming the argument, model or address.
    pub message: String,
    /// The next step.
    pub hint: Option<String>,
    /// What had been generated before the failure.
    pub partial: Option<Box<Partial>>,
    /// The counts of a prompt that does not fit the context.
    pub tokens: Option<TokenCounts>,
}

/// The tokens of a prompt, and of the context that it does not fit, as the server counted them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenCounts {
    /// Tokens of the prompt.
    pub prompt: u64,
    /// Tokens of the context.
    pub context: u64,
}

impl ServiceError {
    /// An error with no next step.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, partial: None, tokens: None }
    }

    /// An argument that is wrong. `reason` follows the argument's name in the text.
    pub fn invalid(argument: &str, reason: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::InvalidArgument, format!("{argument} {reason}"))
    }

    /// A bug, told without its details; the log has them.
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "The call failed by a bug of ollama-mcp")
            .with_hint("The log tells where; please report it.")
    }

    /// Adds the next step.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds what had been generated, where there is any.
    pub fn with_partial(mut self, partial: Partial) -> Self {
        if !partial.is_empty() {
            self.partial = Some(Box::new(partial));
        }
        self
    }

    /// The same with each text on one line: names and messages of others stand in them.
    pub fn sanitized(&self) -> Self {
        let hint = self.hint.as_deref().map(sanitize::line);
        Self { message: sanitize::line(&self.message), hint, ..self.clone() }
    }

    /// The text for people: what happened and the next step.
    pub fn text(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{} {hint}", sentence(&self.message)),
            None => self.message.clone(),
        }
    }
}

fn sentence(message: &str) -> String {
    if message.ends_with(['.', '!', '?']) { message.to_owned() } else { format!("{message}.") }
}

/// The model server that a failure came from, as texts name it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upstream<'a> {
    pub(crate) provider: &'static str,
    pub(crate) address: &'a str,
}

impl Upstream<'_> {
    fn noun(self) -> &'static str {
        if self.provider == "ollama" { "Ollama" } else { "the model server" }
    }

    fn address_setting(self) -> &'static str {
        if self.provider == "ollama" { "OLLAMA_HOST" } else { "OLLAMA_MCP_BASE_URL" }
    }

    fn start_hint(self) -> String {
        if self.provider == "ollama" {
            "Start it with \"ollama serve\", or set OLLAMA_HOST.".to_owned()
        } else {
            "Start it, or set OLLAMA_MCP_BASE_URL.".to_owned()
        }
    }

    /// The error that a provider's failure is.
    pub(crate) fn error(self, error: ProviderError) -> ServiceError {
        use ErrorCode as Code;
        let noun = self.noun();
        match error {
            ProviderError::Unreachable { address, reason } => ServiceError::new(
                Code::OllamaUnreachable,
                format!("Cannot reach {noun} at {address} ({reason})"),
            )
            .with_hint(self.start_hint()),
            ProviderError::Timeout { waiting_for, after } => {
                upstream::timeout(noun, self.address, waiting_for, after)
            }
            ProviderError::ModelNotFound { model } => {
                ServiceError::new(Code::ModelNotFound, format!("Model {model:?} is not installed"))
            }
            ProviderError::NotInRegistry { model } => {
                ServiceError::new(Code::ModelNotFound, format!("No registry has a model {model:?}"))
                    .with_hint("Check the name and the tag; ollama.com/library lists what can be pulled.")
            }
            error @ (ProviderError::Registry { .. }
            | ProviderError::DiskFull { .. }
            | ProviderError::AlreadyQuantized { .. }
            | ProviderError::GaveUp { .. }) => upstream::transfer(noun, error),
            ProviderError::OutOfDescriptors { address } => upstream::no_descriptor(noun, &address),
            ProviderError::Unsupported { model, capability, message } => {
                ServiceError::new(Code::Unsupported, upstream::unsupported(&model, &capability, &message))
            }
            ProviderError::ContextExceeded { prompt_tokens, context_tokens, message } => {
                let tokens = prompt_tokens.zip(context_tokens);
                let tokens = tokens.map(|(prompt, context)| TokenCounts { prompt, context });
                let text = match tokens {
                    Some(TokenCounts { prompt, context }) => {
                        format!("The prompt has {prompt} tokens; the model's context here has {context}")
                    }
                    None => format!("The prompt does not fit the model's context: {message}"),
                };
                let error = ServiceError::new(Code::ContextExceeded, text).with_hint("Send less.");
                ServiceError { tokens, ..error }
            }
            ProviderError::Overloaded { status, message, retry_after } => {
                upstream::busy(noun, status, &message, retry_after)
            }
            ProviderError::Status { status, message } => {
                let error = ServiceError::new(
                    Code::UpstreamError,
                    format!("{} answered {status}: {message}", capitalized(noun)),
                );
                match status {
                    301..=308 | 404 | 405 => error.with_hint(format!(
                        "Check that {} is the address of {noun}.",
                        self.address_setting()
                    )),
                    401 | 403 => error.with_hint(self.credentials_hint()),
                    500 if runner_ended(&message) => error.with_hint(RUNNER_ENDED_HINT),
                    _ => error,
                }
            }
            ProviderError::Failed { message } => ServiceError::new(
                Code::Interrupted,
                format!("{} failed in mid-answer: {message}", capitalized(noun)),
            )
            .with_hint(if runner_ended(&message) { RUNNER_ENDED_HINT } else { INTERRUPTED_HINT }),
            ProviderError::Interrupted { reason } => {
                ServiceError::new(Code::Interrupted, format!("The answer broke off: {reason}"))
                    .with_hint(INTERRUPTED_HINT)
            }
            ProviderError::Malformed { reason } => ServiceError::new(
                Code::UpstreamError,
                format!("The answer of {noun} cannot be read: {reason}"),
            )
            .with_hint(format!("Check that {} is the address of {noun}.", self.address_setting())),
            ProviderError::InvalidRequest { argument, reason } => ServiceError::invalid(&argument, reason),
        }
    }

    fn credentials_hint(self) -> String {
        if self.provider == "ollama" {
            "If the server wants a token, set OLLAMA_MCP_AUTH_TOKEN; it may also refuse this host name (OLLAMA_ORIGINS)."
        } else {
            "Set OLLAMA_MCP_API_KEY."
        }
        .to_owned()
    }
}

const INTERRUPTED_HINT: &str = "Ask again.";

const RUNNER_ENDED_HINT: &str = "The process that runs the model has ended, often for want of memory: Ollama's log tells why. Ask again; \
if it happens again, use a smaller model or a smaller num_ctx.";

fn capitalized(noun: &str) -> String {
    let mut chars = noun.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
