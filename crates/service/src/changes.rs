//! What changes: announced by whoever changes it, and heard by those who follow.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use tokio::sync::broadcast::{self, error::RecvError};

/// Changes that wait for one follower; one that lags further hears that anything may have changed.
pub(crate) const MAX_WAITING: usize = 64;

/// Something that is not as it was. Names are complete, as [`full_name`](crate::models::lifecycle::full_name) gives them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A model was installed, replaced or deleted.
    Installed(String),
    /// A model was loaded or unloaded.
    Loaded(String),
    /// A loaded model stays for another time, or in another size.
    Kept(String),
    /// A turn of a stored conversation was written by us, or it was deleted. The one change that is not of models.
    Conversation(String),
    /// Which ones is not known: a server that was down answers again, or too much changed at once.
    Anything,
}

/// The signal of changes. Nothing is allocated before its first use.
#[derive(Debug, Default)]
pub struct Changes(OnceLock<broadcast::Sender<Change>>);

impl Changes {
    /// Hears of changes from now on. Those that others make to models are seen only while there is a
    /// [`poll_changes`](crate::models::Models::poll_changes).
    pub fn follow(&self) -> Follower {
        Follower(self.0.get_or_init(|| broadcast::Sender::new(MAX_WAITING)).subscribe())
    }

    pub(crate) fn announce(&self, change: Change) {
        if let Some(signal) = self.0.get() {
            // Nobody may be listening.
            let _ = signal.send(change);
        }
    }
}

/// Hears of changes.
#[derive(Debug)]
pub struct Follower(broadcast::Receiver<Change>);

impl Follower {
    /// All changes since the last call, at least one. `None` when the models are gone.
    pub async fn changed(&mut self) -> Option<BTreeSet<Change>> {
        let mut changes = BTreeSet::new();
        match self.0.recv().await {
            Ok(change) => changes.insert(change),
            Err(RecvError::Lagged(_)) => changes.insert(Change::Anything),
            Err(RecvError::Closed) => return None,
        };
        loop {
            match self.0.try_recv() {
                Ok(change) => changes.insert(change),
                Err(broadcast::error::TryRecvError::Lagged(_)) => changes.insert(Change::Anything),
                Err(_) => return Some(changes),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lagging_follower_hears_that_anything_may_have_changed() {
        let changes = Changes::default();
        let mut follower = changes.follow();
        for n in 0..10 * MAX_WAITING {
            changes.announce(Change::Installed(format!("m:{n}")));
        }
        let heard = follower.changed().await.unwrap();
        assert!(heard.contains(&Change::Anything) && heard.len() <= MAX_WAITING + 1, "{}", heard.len());
    }
}
