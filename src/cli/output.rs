//! What people read: stdout for what was asked for, stderr for what went wrong.
//!
//! A reader that has gone away is no failure of ours, so writing never panics.

use std::io::Write as _;

/// Writes text to stdout and shows it at once.
pub(super) fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes a line to stdout.
pub(super) fn line(text: &str) {
    print(&format!("{text}\n"));
}

/// Writes an error to stderr.
pub(super) fn error(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "ollama-mcp: {text}");
}
