//! An event that happens once, for any number of waiters.

use tokio_util::sync::CancellationToken;

/// Starts unset, is set once, and stays so. (A cancellation token does just this; the name says what is meant.)
#[derive(Debug, Default)]
pub(super) struct Latch(CancellationToken);

impl Latch {
    pub(super) fn set(&self) {
        self.0.cancel();
    }

    /// Returns at once where it is set already.
    pub(super) async fn wait(&self) {
        self.0.cancelled().await;
    }
}
