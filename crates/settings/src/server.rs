//! The MCP side of the process.

use std::time::Duration;

use super::parse::{self, Problem};
use super::registry;
use super::setting::group;

group! {
    /// Limits of messages and calls.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ServerSettings {
        /// The longest message accepted on stdin, in bytes.
        pub max_message_bytes: usize = registry::MAX_MESSAGE_BYTES,
        pub call_deadline: CallDeadline = registry::CALL_DEADLINE,
    }
}

/// When a call returns the text so far while its completion continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallDeadline {
    /// Shortly before the calling host stops waiting.
    Auto,
    Never,
    /// This long after the start of the call.
    After(Duration),
}

pub(super) fn call_deadline(text: &str) -> Result<CallDeadline, Problem> {
    match text.trim() {
        "auto" => Ok(CallDeadline::Auto),
        "never" => Ok(CallDeadline::Never),
        other => parse::timeout(other)
            .map(CallDeadline::After)
            .map_err(|problem| Problem::new(format!("{}, auto or never", problem.text))),
    }
}
