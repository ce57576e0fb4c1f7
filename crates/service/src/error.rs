//! Failures in the words of the domain: a code for programs, a text and a next step for people.
//!
//! Which failure of a provider becomes which error is said here and nowhere else.

use std::time::Duration;

use providers::ProviderError;
use text::sanitize;

use crate::hint::{Action, Hint, Server};
mod code;
mod places;
mod storage;
#[cfg(test)]
pub(crate) mod tests;
mod upstream;

pub use code::ErrorCode;
pub use storage::storage_failed;

/// A failure.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ServiceError {
    /// What kind it is.
    pub code: ErrorCode,
    /// What happened, naming the argument, model or address.
    pub message: String,
    /// The next steps, in the order in which they are to be read.
    pub hints: Vec<Hint>,
    /// What had been generated before the failure.
    pub partial: Option<Box<Partial>>,
    /// The counts of a prompt that does not fit the context.
    pub tokens: Option<TokenCounts>,
    /// The path of the argument that is wrong, such as `messages[0].content`.
    pub argument: Option<Box<str>>,
    /// How long the model server asks callers to wait before the next attempt.
    pub retry_after: Option<Duration>,
}

/// What had been generated of a completion that did not reach its end.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Partial {
    /// Text of the answer.
    pub content: String,
    /// Text of the thinking.
    pub thinking: String,
}

impl Partial {
    /// Whether nothing was generated.
    pub fn is_empty(&self) -> bool {
        self.content.is_empty() && self.thinking.is_empty()
    }
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
        Self {
            code,
            message: message.into(),
            hints: Vec::new(),
            partial: None,
            tokens: None,
            argument: None,
            retry_after: None,
        }
    }

    /// An argument that is wrong. `reason` follows the argument's name in the text.
    pub fn invalid(argument: &str, reason: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::InvalidArgument, format!("{argument} {reason}")).about_argument(argument)
    }

    /// A bug; the details are only in the log.
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "The call failed because of a bug in ollama-mcp")
            .with_hint("The log has the details; please report it.")
    }

    /// Sets the next step, in the place of those that it has.
    pub fn with_hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints = vec![hint.into()];
        self
    }

    /// Adds a next step after those that it has.
    pub fn and_hint(mut self, hint: impl Into<Hint>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Names the argument that is wrong.
    pub fn about_argument(mut self, path: impl Into<Box<str>>) -> Self {
        self.argument = Some(path.into());
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
        let clean =
            |hint: &Hint| Hint { text: sanitize::line(&hint.text).into(), action: hint.action.clone() };
        let hints = self.hints.iter().map(clean).collect();
        Self { message: sanitize::line(&self.message), hints, ..self.clone() }
    }

    /// The texts of the next steps.
    pub fn hint(&self) -> Option<String> {
        Hint::join(&self.hints)
    }

    /// The text for people: what happened and the next steps.
    pub fn text(&self) -> String {
        match self.hint() {
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
    pub(crate) server: Server,
    pub(crate) address: &'a str,
}

impl Upstream<'_> {
    fn noun(self) -> &'static str {
        match self.server {
            Server::Ollama => "Ollama",
            Server::OpenAiCompatible => "the model server",
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
            .with_hint(Action::StartServer(self.server)),
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
                    301..=308 | 404 | 405 => error.with_hint(Action::CheckAddress(self.server)),
                    401 | 403 => error.with_hint(Action::SetCredentials(self.server)),
                    500 if runner_ended(&message) => with_runner_hint(error),
                    _ => error,
                }
            }
            ProviderError::Failed { message } => {
                let text = format!("{} failed during the answer: {message}", capitalized(noun));
                let error = ServiceError::new(Code::Interrupted, text);
                if runner_ended(&message) {
                    with_runner_hint(error)
                } else {
                    error.with_hint(INTERRUPTED_HINT)
                }
            }
            ProviderError::Interrupted { reason } => {
                ServiceError::new(Code::Interrupted, format!("The answer was interrupted: {reason}"))
                    .with_hint(INTERRUPTED_HINT)
            }
            ProviderError::Malformed { reason } => ServiceError::new(
                Code::UpstreamError,
                format!("The answer of {noun} cannot be read: {reason}"),
            )
            .with_hint(Action::CheckAddress(self.server)),
            ProviderError::InvalidRequest { argument, reason } => ServiceError::invalid(&argument, reason),
            ProviderError::SourceFile { reason } => {
                ServiceError::new(Code::InvalidArgument, capitalized(&reason))
            }
        }
    }
}

const INTERRUPTED_HINT: &str = "Ask again.";

fn with_runner_hint(error: ServiceError) -> ServiceError {
    error
        .with_hint(
            "The process that runs the model has ended, often for want of memory: Ollama's log tells why.",
        )
        .and_hint(Action::RetrySmaller)
}

fn capitalized(noun: &str) -> String {
    let mut chars = noun.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Whether Ollama says that the process that runs the model has ended.
pub(crate) fn runner_ended(message: &str) -> bool {
    const TEXTS: [&str; 4] = [
        "process no longer running",
        "process has terminated",
        "running the model: unexpected EOF",
        "forcibly closed",
    ];
    TEXTS.iter().any(|text| message.contains(text))
}

impl From<openai::InvalidArgument> for ServiceError {
    fn from(invalid: openai::InvalidArgument) -> Self {
        Self::invalid(&invalid.path, invalid.reason)
    }
}
