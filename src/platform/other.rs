//! Windows, and whatever else is no Unix.

use std::path::Path;

/// Resolves when the process is asked to end: by Ctrl-C.
pub(crate) async fn stop_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        tracing::warn!("signals cannot be caught");
        std::future::pending().await
    }
}

/// Resolves when the reader of stdout has closed its end: not told by this system.
pub(crate) async fn stdout_hung_up() {
    std::future::pending().await
}

/// Whether anyone but the owner has rights on a file: the user's directory is closed to others by itself.
pub(crate) fn is_open_to_others(_path: &Path) -> bool {
    false
}
