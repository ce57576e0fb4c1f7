//! Files that a model of this machine reads: which may go where, and how much of them.

use std::sync::Arc;

use super::{Core, ErrorCode, ServiceError};
use crate::files::{FenceError, Opened};

impl Core {
    /// Opens a file below the allowed directories, whatever its size. `argument` names the path's place in errors.
    ///
    /// # Errors
    /// `attachment_denied` and `attachment_unreadable`.
    pub async fn open_allowed(&self, argument: &str, path: &str) -> Result<Opened, ServiceError> {
        let fence = Arc::clone(&self.fence);
        let text = path.to_owned();
        match tokio::task::spawn_blocking(move || fence.open(&text)).await {
            Ok(opened) => opened.map_err(|error| refused(argument, &error)),
            Err(_) => Err(ServiceError::internal()),
        }
    }
}

fn refused(argument: &str, error: &FenceError) -> ServiceError {
    let code = match error {
        FenceError::NothingAllowed | FenceError::Denied { .. } => ErrorCode::AttachmentDenied,
        FenceError::Unreadable { .. } => ErrorCode::AttachmentUnreadable,
    };
    let text = format!("{argument}: {error}");
    match error {
        FenceError::NothingAllowed => ServiceError::new(code, text)
            .with_hint("The user allows one with --allow-dir DIR or OLLAMA_MCP_ALLOWED_DIRS in the host's configuration."),
        _ => ServiceError::new(code, text),
    }
}
