//! No text of an error names a tool, a flag or a variable of a front: only its actions lead to such names.

use std::time::Duration;

use providers::{ProviderError, RegistryFault, Wait};

use super::{ServiceError, Upstream};
use crate::hint::Server;

/// Names that only one front has. The tools' names are checked where they are known, in the crate of that front.
const OF_A_FRONT: [&str; 9] = [
    "OLLAMA_MCP_",
    "OLLAMA_HOST",
    "OLLAMA_API_KEY",
    "--",
    "_completion",
    "_model",
    "_conversation",
    "num_ctx",
    "truncation",
];

pub(crate) fn assert_names_no_front(error: &ServiceError) {
    for name in OF_A_FRONT {
        assert!(!error.text().contains(name), "{name}: {}", error.text());
    }
}

fn failures() -> Vec<ProviderError> {
    let text = || "reason".to_owned();
    let after = Duration::from_secs(1);
    let mut failures = vec![
        ProviderError::Unreachable { address: text(), reason: text() },
        ProviderError::ModelNotFound { model: text() },
        ProviderError::NotInRegistry { model: text() },
        ProviderError::DiskFull { message: text() },
        ProviderError::AlreadyQuantized { message: text() },
        ProviderError::GaveUp { message: text() },
        ProviderError::OutOfDescriptors { address: text() },
        ProviderError::ContextExceeded { prompt_tokens: Some(2), context_tokens: Some(1), message: text() },
        ProviderError::ContextExceeded { prompt_tokens: None, context_tokens: None, message: text() },
        ProviderError::Overloaded { status: 503, message: text(), retry_after: Some(after) },
        ProviderError::Overloaded { status: 503, message: text(), retry_after: None },
        ProviderError::Failed { message: text() },
        ProviderError::Failed { message: "llama-server process no longer running".to_owned() },
        ProviderError::Interrupted { reason: text() },
        ProviderError::Malformed { reason: text() },
        ProviderError::InvalidRequest { argument: text(), reason: text() },
    ];
    failures.extend(
        [Wait::Connect, Wait::FirstByte, Wait::NextByte, Wait::Control, Wait::Answer]
            .map(|waiting_for| ProviderError::Timeout { waiting_for, after }),
    );
    failures.extend(
        [
            RegistryFault::Unreachable,
            RegistryFault::Insecure,
            RegistryFault::Denied,
            RegistryFault::Status(412),
            RegistryFault::Status(500),
            RegistryFault::Damaged,
        ]
        .map(|fault| ProviderError::Registry { host: None, fault, message: text() }),
    );
    failures.extend(["tools", "vision", "thinking", "insert", "embedding", "completion", "other"].map(
        |capability| ProviderError::Unsupported {
            model: text(),
            capability: capability.to_owned(),
            message: text(),
        },
    ));
    failures.extend(
        [301, 401, 403, 404, 405, 418, 500].map(|status| ProviderError::Status { status, message: text() }),
    );
    failures
}

#[test]
fn errors_of_providers_name_no_front() {
    for server in [Server::Ollama, Server::OpenAiCompatible] {
        for failure in failures() {
            assert_names_no_front(&Upstream { server, address: "http://127.0.0.1:1" }.error(failure));
        }
    }
}

#[test]
fn wrong_argument_is_named_apart_from_text() {
    let upstream = Upstream { server: Server::Ollama, address: "http://127.0.0.1:1" };
    let reason = || "is wrong".to_owned();
    for error in [
        ServiceError::invalid("messages[0].role", "is wrong"),
        openai::InvalidArgument::new("messages[0].role", reason()).into(),
        upstream.error(ProviderError::InvalidRequest {
            argument: "messages[0].role".to_owned(),
            reason: reason(),
        }),
    ] {
        assert_eq!(error.argument.as_deref(), Some("messages[0].role"));
        assert_eq!(error.sanitized().argument, error.argument);
    }
    assert_eq!(ServiceError::internal().argument, None);
}

#[test]
fn wait_that_server_asks_for_is_kept() {
    let upstream = Upstream { server: Server::Ollama, address: "http://127.0.0.1:1" };
    let busy = |retry_after| {
        let message = String::new();
        upstream.error(ProviderError::Overloaded { status: 503, message, retry_after }).retry_after
    };
    assert_eq!(busy(Some(Duration::from_secs(7))), Some(Duration::from_secs(7)));
    assert_eq!(busy(None), None);
}

#[test]
fn sanitizing_keeps_actions_and_puts_hints_on_one_line() {
    let error = ServiceError::new(super::ErrorCode::ModelNotFound, "a\nb")
        .with_hint("c\nd".to_owned())
        .and_hint(crate::Action::ListInstalled);
    let clean = error.sanitized();
    assert!(!clean.text().contains('\n'), "{}", clean.text());
    assert_eq!(clean.hints.last().and_then(|hint| hint.action.clone()), Some(crate::Action::ListInstalled));
}
