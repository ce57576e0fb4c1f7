//! The order of turns in each conversation.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::OwnedMutexGuard;

use platform::sync::lock;
use types::Owner;

/// The turns of each conversation in this process: one after another, in the order in which they were queued. The map
/// is under a plain mutex, held to look one up; a turn itself is long, so its own lock is an async one.
#[derive(Debug, Default)]
pub(crate) struct TurnLocks(Mutex<HashMap<(Owner, String), Weak<TurnLock>>>);

type TurnLock = tokio::sync::Mutex<()>;

/// A turn that is queued behind earlier ones.
pub struct QueuedTurn {
    ahead: usize,
    acquired: Option<OwnedMutexGuard<()>>,
    acquiring: BoxFuture<'static, OwnedMutexGuard<()>>,
}

impl TurnLocks {
    /// Queues a turn behind the present ones.
    pub(super) fn queue(&self, owner: &Owner, id: &str) -> QueuedTurn {
        let lock = self.lock_of(owner, id);
        let ahead = Arc::strong_count(&lock) - 1;
        let mut acquiring = lock.lock_owned().boxed();
        // The lock is fair: polling its future once queues it.
        let acquired = (&mut acquiring).now_or_never();
        QueuedTurn { ahead, acquired, acquiring }
    }

    fn lock_of(&self, owner: &Owner, id: &str) -> Arc<TurnLock> {
        let mut locks = lock(&self.0);
        locks.retain(|_, lock| lock.strong_count() > 0);
        let key = (owner.clone(), id.to_owned());
        if let Some(lock) = locks.get(&key).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::default();
        locks.insert(key, Arc::downgrade(&lock));
        lock
    }
}

impl QueuedTurn {
    /// Waits for the turns before this one; `waits` gets how many there are.
    pub async fn acquire(self, waits: impl FnOnce(usize)) -> OwnedMutexGuard<()> {
        match self.acquired {
            Some(first) => first,
            None => {
                waits(self.ahead);
                self.acquiring.await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn conversations_of_one_id_and_two_owners_do_not_wait_for_each_other() {
        let locks = TurnLocks::default();
        let other = Owner::new("other").unwrap();
        let _turn = locks.queue(&Owner::local(), "notes").acquire(|_| panic!("nobody is ahead")).await;
        let _others = locks.queue(&other, "notes").acquire(|_| panic!("nobody is ahead")).await;
        assert_eq!(locks.queue(&Owner::local(), "notes").ahead, 1);
    }
}
