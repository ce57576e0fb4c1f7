//! What people read: stdout for what was asked for, stderr for what went wrong.
//!
//! A reader that has gone away is no failure of ours, so writing never panics. Text is written without what a terminal
//! would obey, whoever wrote it.

use std::io::Write as _;

use text::sanitize;

/// Writes text to stdout and shows it at once.
pub(super) fn print(text: &str) {
    raw(&sanitize::lines(text));
}

/// Writes exactly this text to stdout: what a program reads, and our own colours.
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

/// Writes text to stderr, beside what was asked for.
pub(super) fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(sanitize::lines(text).as_bytes());
}

/// Writes an error to stderr.
pub(super) fn error(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "ollama-mcp: {}", sanitize::lines(text));
}
