//! Output for users: results on stdout, errors and status on stderr.
//!
//! Writing never fails: a reader that has closed its end is not an error. Terminal escapes are removed from all text.

use std::io::Write as _;
use std::process::ExitCode;

use super::USAGE;
use service::{ErrorCode, ServiceError};
use text::sanitize;

/// Writes text to stdout and flushes it.
pub(super) fn print(text: &str) {
    raw(&sanitize::lines(text));
}

/// Writes this text to stdout unchanged: for programs, and for our own colours.
pub(super) fn raw(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes a value as JSON to stdout.
pub(super) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    raw(&format!("{}\n", sanitize::json(text)));
    Ok(())
}

/// Writes a line to stdout.
pub(super) fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// Writes status to stderr.
pub(super) fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(sanitize::lines(text).as_bytes());
}

/// Writes an error to stderr.
pub(super) fn error(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "ollama-mcp: {}", sanitize::lines(text));
}

/// Shows an error of the services, with the next steps; the exit code for it.
pub(super) fn failed(failure: &ServiceError) -> ExitCode {
    error(&failure.text());
    match failure.code {
        ErrorCode::InvalidArgument => ExitCode::from(USAGE),
        _ => ExitCode::FAILURE,
    }
}
