//! Failures in the words of the domain: a code for programs, a text and a next step for people.
//!
//! Which failure of a provider becomes which error is said here and nowhere else.

use providers::ProviderError;
use text::sanitize;

use super::completions::Partial;
use super::retry::runner_ended;

mod code;
mod upstream;

pub use code::ErrorCode;

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
        Self::new(ErrorCode::Internal, "The call failed because of a bug in ollama-mcp")
            .with_hint("The log has the details; please report it.")
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
                format!("{} failed during the answer: {message}", capitalized(noun)),
            )
            .with_hint(if runner_ended(&message) { RUNNER_ENDED_HINT } else { INTERRUPTED_HINT }),
            ProviderError::Interrupted { reason } => {
                ServiceError::new(Code::Interrupted, format!("The answer was interrupted: {reason}"))
                    .with_hint(INTERRUPTED_HINT)
            }
            ProviderError::Malformed { reason } => ServiceError::new(
                Code::UpstreamError,
                format!("The answer of {noun} cannot be read: {reason}"),
            )
            .with_hint(format!("Check that {} is the address of {noun}.", self.address_setting())),
            ProviderError::InvalidRequest { argument, reason } => ServiceError::invalid(&argument, reason),
            ProviderError::SourceFile { reason } => ServiceError::new(Code::InvalidArgument, capitalized(&reason)),
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

impl From<openai::InvalidArgument> for ServiceError {
    fn from(invalid: openai::InvalidArgument) -> Self {
        Self::invalid(&invalid.path, invalid.reason)
    }
}
