//! Takes the place of the PDF reader in a build without the feature `pdf`.

use std::io::{self, Write};

/// The subcommand under which a build with the feature reads a PDF.
pub const SUBCOMMAND: &str = "read-pdf";

pub(super) fn read(_file: Vec<u8>, _stopped: &dyn Fn() -> bool) -> Result<Vec<Option<String>>, String> {
    Err("is a PDF; this build of ollama-mcp reads none, as its feature `pdf` is off".to_owned())
}

/// # Errors
/// Always.
pub fn serve(_output: impl Write) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
