//! What a model server failed with, where that takes more than a line: timeouts, transfers, capabilities.

use std::time::Duration;

use super::{ErrorCode as Code, ServiceError, capitalized};
use crate::hint::{Action, Hint, LimitSetting};
use providers::{ProviderError, RegistryFault, Wait};

/// A timeout that ran out, with the setting that would give it longer.
pub(super) fn timeout(noun: &str, address: &str, waiting_for: Wait, after: Duration) -> ServiceError {
    let raise = |setting| Hint::from(Action::RaiseTimeout(setting));
    let (what, hint) = match waiting_for {
        Wait::Connect => ("did not accept a connection", raise(LimitSetting::ConnectTimeout)),
        Wait::FirstByte => ("did not begin its answer", raise(LimitSetting::FirstByteTimeout)),
        Wait::NextByte => ("sent nothing more", raise(LimitSetting::IdleTimeout)),
        Wait::Answer => ("did not end its answer", raise(LimitSetting::FirstByteTimeout)),
        Wait::Control => (
            "did not end an answer that needs no model",
            format!("It hangs, or has too much to do: look at its log, or restart {noun}.").into(),
        ),
    };
    ServiceError::new(Code::Timeout, format!("{} at {address} {what} for {after:?}", capitalized(noun)))
        .with_hint(hint)
}

/// The server has too much to do.
pub(super) fn busy(noun: &str, status: u16, message: &str, retry_after: Option<Duration>) -> ServiceError {
    let error =
        ServiceError::new(Code::Overloaded, format!("{} is busy ({status}): {message}", capitalized(noun)))
            .with_hint(match retry_after {
                Some(wait) => format!("It asks to be tried again in {} s.", wait.as_secs()),
                None => "Try again in a moment.".to_owned(),
            });
    ServiceError { retry_after, ..error }
}

/// This process has too many files and connections open.
pub(super) fn no_descriptor(noun: &str, address: &str) -> ServiceError {
    ServiceError::new(
        Code::Overloaded,
        format!("This process has no file descriptors left, so it cannot connect to {noun} at {address}"),
    )
    .with_hint("Try again when other calls have ended, or start it with a higher limit (ulimit -n).")
}

/// A pull, a push or a create that failed on the server.
pub(super) fn transfer(noun: &str, error: ProviderError) -> ServiceError {
    match error {
        ProviderError::Registry { host, fault, message } => registry(host, fault, &message),
        ProviderError::DiskFull { message } => ServiceError::new(
            Code::DiskFull,
            format!("The disk that {noun} keeps its models on is full: {message}"),
        )
        .with_hint("Free some space there, or choose a smaller model."),
        ProviderError::AlreadyQuantized { message } => ServiceError::new(
            Code::Unsupported,
            format!("quantize: the weights to start from are quantized already ({message})"),
        )
        .with_hint("Start from weights in F16, BF16 or F32, or leave quantize out."),
        ProviderError::GaveUp { message } => {
            ServiceError::new(Code::UpstreamError, format!("{} gave up: {message}", capitalized(noun)))
                .with_hint(format!("The log of {noun} may say more."))
        }
        other => ServiceError::new(Code::UpstreamError, other.to_string()),
    }
}

/// A registry that failed, by its name and with the next step.
fn registry(host: Option<String>, fault: RegistryFault, message: &str) -> ServiceError {
    let registry = host.map_or_else(|| "the registry".to_owned(), |host| format!("the registry {host}"));
    let detail = if message.is_empty() { String::new() } else { format!(": {message}") };
    let (code, text, hint) = match fault {
        RegistryFault::Unreachable => (
            Code::RegistryUnreachable,
            format!("Ollama cannot reach {registry}{detail}"),
            "Check the internet connection of the machine that Ollama runs on, and HTTPS_PROXY in Ollama's own environment.",
        ),
        RegistryFault::Insecure => (
            Code::RegistryUnreachable,
            format!("Ollama has no secure connection to {registry}{detail}"),
            "If a proxy inspects TLS, add its certificate on the machine that Ollama runs on.",
        ),
        RegistryFault::Denied => (
            Code::RegistryDenied,
            format!("{} refuses access{detail}", capitalized(&registry)),
            "Check the model's name. Sign in with \"ollama signin\" on the machine that Ollama runs on; a push needs a name that begins with your own user name.",
        ),
        RegistryFault::Status(status) => (
            Code::RegistryFailed,
            format!("{} answered {status}{detail}", capitalized(&registry)),
            match status {
                412 => "Update Ollama on the machine that it runs on, then pull again.",
                _ => "Try again later; what has come so far is kept.",
            },
        ),
        RegistryFault::Damaged => (
            Code::RegistryFailed,
            format!("What came from {registry} is damaged{detail}"),
            "Pull it again; the damaged part is removed.",
        ),
    };
    let error = ServiceError::new(code, text).with_hint(hint);
    if fault == RegistryFault::Insecure { error.and_hint(Action::AllowInsecureRegistry) } else { error }
}

/// What a model cannot do.
pub(super) fn unsupported(model: &str, capability: &str, message: &str) -> String {
    let cannot = match capability {
        "tools" => "call tools",
        "vision" => "read images",
        "thinking" => "think before it answers",
        "insert" => "fill in text before a suffix",
        "embedding" => "make embeddings",
        "completion" => "chat (it makes embeddings)",
        _ => return format!("Model {model:?}: {message}"),
    };
    format!("Model {model:?} cannot {cannot}")
}
