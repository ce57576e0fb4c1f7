//! The MCP side of the process.

use std::time::Duration;

use super::error::SettingsError;
use super::parse::{self, Problem};
use super::registry;
use super::resolver::Resolver;

/// When a call returns with what there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallDeadline {
    /// As the host that calls needs it.
    Auto,
    /// At the end of the completion.
    Never,
    /// So long after its start.
    After(Duration),
}

/// How the server treats its clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// `OLLAMA_MCP_MAX_MESSAGE_BYTES`: the longest message accepted on stdin, in bytes.
    pub max_message_bytes: usize,
    /// `OLLAMA_MCP_CALL_DEADLINE`.
    pub call_deadline: CallDeadline,
}

impl ServerSettings {
    pub(super) fn load(resolver: &mut Resolver<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            max_message_bytes: resolver.required(&registry::MAX_MESSAGE_BYTES, parse::size)?,
            call_deadline: resolver.required(&registry::CALL_DEADLINE, call_deadline)?,
        })
    }
}

fn call_deadline(text: &str) -> Result<CallDeadline, Problem> {
    match text.trim() {
        "auto" => Ok(CallDeadline::Auto),
        "never" => Ok(CallDeadline::Never),
        other => parse::timeout(other)
            .map(CallDeadline::After)
            .map_err(|problem| Problem::new(format!("{}, auto or never", problem.text))),
    }
}
