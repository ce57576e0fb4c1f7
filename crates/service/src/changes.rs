//! Notifications of changes to models and conversations, and of work that begins.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::Caller;
use types::Owner;

/// Changes that are buffered for one follower; one that lags further gets [`Change::Anything`].
pub(crate) const MAX_WAITING: usize = 64;

/// A change. Names are complete, as [`full_name`](crate::models::name::full_name) gives them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A model was installed, replaced or deleted.
    Installed(String),
    /// A model was loaded or unloaded.
    Loaded(String),
    /// The time until which a loaded model stays has changed, or its size.
    KeepAliveChanged(String),
    /// A turn of a stored conversation was written by us, or it was deleted.
    Conversation {
        /// Whose it is; nobody else hears of it.
        owner: Owner,
        id: String,
    },
    /// A turn of a conversation has begun in this process.
    Turn {
        /// Whose it is; nobody else hears of it.
        owner: Owner,
        /// The conversation.
        id: String,
    },
    /// A pull has begun in this process.
    Pull {
        /// Who asked for it; nobody else hears of it.
        owner: Owner,
    },
    /// Unknown changes: a server that was down answers again, or the follower lagged.
    Anything,
}

/// The signal of changes. Nothing is allocated before its first use.
#[derive(Debug, Default)]
pub struct Changes(OnceLock<broadcast::Sender<Change>>);

impl Changes {
    /// Subscribes to changes. Those that others make to models are seen only while there is a
    /// [`poll_changes`](crate::models::Models::poll_changes).
    pub fn follow(&self, caller: &Caller) -> Follower {
        let signal = self.0.get_or_init(|| broadcast::Sender::new(MAX_WAITING));
        Follower { caller: caller.clone(), receiver: signal.subscribe() }
    }

    pub(crate) fn announce(&self, change: Change) {
        if let Some(signal) = self.0.get() {
            // An error means that nobody follows.
            let _ = signal.send(change);
        }
    }
}

/// A subscription to changes.
#[derive(Debug)]
pub struct Follower {
    caller: Caller,
    receiver: broadcast::Receiver<Change>,
}

impl Follower {
    /// All changes since the last call that concern this caller, at least one. `None` when nobody can announce any more.
    pub async fn changed(&mut self) -> Option<BTreeSet<Change>> {
        let mut changes = BTreeSet::new();
        while changes.is_empty() {
            match self.receiver.recv().await {
                Ok(change) => self.add(&mut changes, change),
                Err(RecvError::Lagged(_)) => self.add(&mut changes, Change::Anything),
                Err(RecvError::Closed) => return None,
            }
        }
        loop {
            match self.receiver.try_recv() {
                Ok(change) => self.add(&mut changes, change),
                Err(TryRecvError::Lagged(_)) => self.add(&mut changes, Change::Anything),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return Some(changes),
            }
        }
    }

    fn add(&self, changes: &mut BTreeSet<Change>, change: Change) {
        match &change {
            Change::Conversation { owner, .. } | Change::Turn { owner, .. } | Change::Pull { owner }
                if *owner != self.caller.owner => {}
            Change::Installed(model) | Change::Loaded(model) | Change::KeepAliveChanged(model)
                if !self.caller.may_use(model) => {}
            _ => {
                changes.insert(change);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use types::Limits;

    use super::*;

    #[tokio::test]
    async fn lagging_follower_hears_that_anything_may_have_changed() {
        let changes = Changes::default();
        let mut follower = changes.follow(&Caller::local());
        for n in 0..10 * MAX_WAITING {
            changes.announce(Change::Installed(format!("m:{n}")));
        }
        let heard = follower.changed().await.unwrap();
        assert!(heard.contains(&Change::Anything) && heard.len() <= MAX_WAITING + 1, "{}", heard.len());
    }

    #[tokio::test]
    async fn follower_hears_only_of_own_conversations() {
        let changes = Changes::default();
        let other = Owner::new("other").unwrap();
        let mut follower = changes.follow(&Caller::local());
        let mut others_follower = changes.follow(&Caller::new(other.clone()));
        let of_other = Change::Conversation { owner: other, id: "notes".to_owned() };
        changes.announce(of_other.clone());
        let loaded = Change::Loaded("m:1".to_owned());
        changes.announce(loaded.clone());
        assert_eq!(follower.changed().await.unwrap(), BTreeSet::from([loaded.clone()]));
        assert_eq!(others_follower.changed().await.unwrap(), BTreeSet::from([loaded, of_other.clone()]));
        changes.announce(of_other);
        drop(changes);
        assert_eq!(follower.changed().await, None);
    }

    #[tokio::test]
    async fn follower_hears_only_of_models_that_it_may_use() {
        let changes = Changes::default();
        let limits = Limits { models: Some(vec!["m".to_owned()]), ..Limits::default() };
        let caller = Caller { limits: Arc::new(limits), ..Caller::local() };
        let mut follower = changes.follow(&caller);
        let allowed = Change::Loaded("m:latest".to_owned());
        let all = ["other:1b", "m:1b"].map(|name| Change::Installed(name.to_owned()));
        all.into_iter().chain([allowed.clone()]).for_each(|change| changes.announce(change));
        assert_eq!(follower.changed().await.unwrap(), BTreeSet::from([allowed]));
    }
}
