//! Notices that nobody reads stdout any more.
//!
//! A write would tell, but nothing may be written for minutes while a model works, and the model
//! should stop when its reader has gone. So the descriptor is watched for its other end.

/// Resolves when the reader of stdout has closed its end. Never for a file, a terminal, or where
/// the system cannot tell.
#[cfg(unix)]
pub(crate) async fn stdout_hung_up() {
    use std::os::fd::AsFd as _;

    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    let Ok(descriptor) = std::io::stdout().as_fd().try_clone_to_owned() else {
        return std::future::pending().await;
    };
    // Regular files cannot be watched; they have no reader to lose either.
    let Ok(watched) = AsyncFd::with_interest(descriptor, Interest::WRITABLE | Interest::ERROR) else {
        return std::future::pending().await;
    };
    loop {
        let Ok(mut guard) = watched.ready(Interest::WRITABLE | Interest::ERROR).await else {
            return std::future::pending().await;
        };
        let ready = guard.ready();
        if ready.is_write_closed() || ready.is_error() {
            return;
        }
        guard.clear_ready();
    }
}

/// Resolves when the reader of stdout has closed its end: not told by this system.
#[cfg(not(unix))]
pub(crate) async fn stdout_hung_up() {
    std::future::pending().await
}
