//! What changes among the models: told by our own work at once, and of anyone else's by a poll that runs only
//! while somebody watches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Core;
use super::manage::full_name;

/// Changes that wait for one follower; one that lags further is told that everything may have changed.
const WAITING: usize = 64;
/// A look that takes longer has failed: a server that hangs must not end the looking.
const LONGEST_LOOK: Duration = Duration::from_secs(30);

/// Something that is not as it was. Names are complete, as [`full_name`] gives them.
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

/// The signal of changes, and the poll behind it. Nothing is allocated before its first use.
#[derive(Debug, Default)]
pub(super) struct Changes {
    signal: OnceLock<broadcast::Sender<Change>>,
    polling: Mutex<Polling>,
    /// Wakes the poll after a change of our own.
    own: Notify,
}

#[derive(Debug, Default)]
struct Polling {
    running: Weak<Poll>,
    /// What our own work has changed since the last look, so that the poll does not tell it again.
    told: BTreeSet<Change>,
}

/// Keeps the poll going; it ends with the last of its holders.
#[derive(Debug)]
pub struct Poll(#[allow(dead_code, reason = "it is there to be dropped")] DropGuard);

/// One that is told of changes.
#[derive(Debug)]
pub struct Follower(broadcast::Receiver<Change>);

impl Follower {
    /// All changes since the last call, at least one. `None` when the core is gone.
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

impl Changes {
    fn signal(&self) -> &broadcast::Sender<Change> {
        self.signal.get_or_init(|| broadcast::Sender::new(WAITING))
    }

    pub(super) fn tell(&self, change: Change) {
        if let Some(signal) = self.signal.get() {
            // Nobody may be listening.
            let _ = signal.send(change);
        }
    }

    /// Tells of our own work.
    fn tell_own(&self, change: Change) {
        let mut polling = self.lock();
        let polled = polling.running.strong_count() > 0;
        if polled {
            polling.told.insert(change.clone());
        }
        drop(polling);
        self.tell(change);
        if polled {
            // It is looked at once, so that a later change by others is not taken for this one.
            self.own.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Polling> {
        self.polling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Tells of changes from now on. Those by others are seen only while there is a [`Core::poll_changes`].
    pub fn follow_changes(&self) -> Follower {
        Follower(self.changes.signal().subscribe())
    }

    /// Looks for what others change, so often that it is told within the poll interval, as long as the answer, or one
    /// given to another caller, is held.
    pub fn poll_changes(self: &Arc<Self>) -> Arc<Poll> {
        let mut polling = self.changes.lock();
        if let Some(poll) = polling.running.upgrade() {
            return poll;
        }
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let poll = Arc::new(Poll(stop.drop_guard()));
        polling.running = Arc::downgrade(&poll);
        polling.told.clear();
        drop(polling);
        let core = Arc::downgrade(self);
        let within = self.poll_interval;
        tokio::spawn(async move { stopped.run_until_cancelled(look_around(core, within)).await });
        poll
    }

    /// Whether somebody holds a poll.
    pub fn is_polling(&self) -> bool {
        self.changes.lock().running.strong_count() > 0
    }

    /// A model was installed, replaced or deleted by us.
    pub(super) fn installed_changed(&self, model: &str) {
        self.capabilities.forget(model);
        self.changes.tell_own(Change::Installed(full_name(model)));
    }

    /// A model was loaded or unloaded by us.
    pub(super) fn loaded_changed(&self, model: &str) {
        self.changes.tell_own(Change::Loaded(full_name(model)));
    }
}

/// What a look saw: each model's name, and what tells one state of it from another.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    installed: BTreeMap<String, String>,
    loaded: BTreeMap<String, String>,
}

async fn look_around(core: Weak<Core>, within: Duration) {
    let mut last: Option<Seen> = None;
    let mut was_down = false;
    loop {
        let Some(core) = core.upgrade() else { return };
        let began = Instant::now();
        // What we did before the look began is in what it sees.
        let told = std::mem::take(&mut core.changes.lock().told);
        let seen = tokio::time::timeout(LONGEST_LOOK, look(&core)).await.ok().flatten();
        // A failure may be of the moment, and what it has missed is late by now.
        let again = seen.is_none() && !was_down;
        match seen {
            None => {
                // Not seen, so not to be passed over when it is.
                core.changes.lock().told.extend(told);
                was_down = true;
            }
            Some(seen) => {
                match &last {
                    Some(last) => {
                        for change in differences(last, &seen).difference(&told) {
                            if let Change::Installed(model) = change {
                                core.capabilities.forget(model);
                            }
                            core.changes.tell(change.clone());
                        }
                    }
                    None if was_down => core.changes.tell(Change::Anything),
                    None => {}
                }
                was_down = false;
                last = Some(seen);
            }
        }
        let pause = if again { shortest_pause(within) } else { pause_after(began.elapsed(), within) };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // The core is held meanwhile: dropping the last holder of the poll ends this.
            () = core.changes.own.notified() => tokio::time::sleep(shortest_pause(within) / 5).await,
        }
    }
}

/// How long to wait after a look that took so long, that the next one, should it take as long, ends within `within`
/// of this one's beginning: what changes just after the server has answered is told in time. A tenth is kept as margin.
fn pause_after(look: Duration, within: Duration) -> Duration {
    (within - within / 10).saturating_sub(look * 2).max(shortest_pause(within))
}

/// A slow server is not asked without a pause.
fn shortest_pause(within: Duration) -> Duration {
    within / 10
}

/// `None` while the server does not answer, which is no news to anybody here.
async fn look(core: &Core) -> Option<Seen> {
    let (installed, loaded) =
        futures_util::join!(core.provider.list_models(), core.provider.running_models());
    let installed = installed
        .inspect_err(|error| tracing::debug!(error = error.logged(), "polling for changes failed"))
        .ok()?
        .into_iter()
        .map(|model| (full_name(&model.name), format!("{:?} {:?}", model.digest, model.modified_at)));
    // An older or another server may not tell what is loaded.
    let loaded = loaded.unwrap_or_default().into_iter().map(|model| {
        let state = (model.size, model.size_vram, model.context_length, model.expires_at);
        (full_name(&model.name), format!("{state:?}"))
    });
    Some(Seen { installed: installed.collect(), loaded: loaded.collect() })
}

fn differences(before: &Seen, now: &Seen) -> BTreeSet<Change> {
    let mut changes = BTreeSet::new();
    for name in before.installed.keys().chain(now.installed.keys()) {
        if before.installed.get(name) != now.installed.get(name) {
            changes.insert(Change::Installed(name.clone()));
        }
    }
    for name in before.loaded.keys().chain(now.loaded.keys()) {
        match (before.loaded.get(name), now.loaded.get(name)) {
            (Some(before), Some(now)) if before == now => {}
            (Some(_), Some(_)) => {
                changes.insert(Change::Kept(name.clone()));
            }
            _ => {
                changes.insert(Change::Loaded(name.clone()));
            }
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(installed: &[(&str, &str)], loaded: &[(&str, &str)]) -> Seen {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()
        };
        Seen { installed: map(installed), loaded: map(loaded) }
    }

    #[test]
    fn differences_are_reported_by_name() {
        let before = seen(&[("a:1", "x"), ("b:1", "x"), ("c:1", "x")], &[("a:1", "t1"), ("b:1", "t1")]);
        let now = seen(&[("a:1", "x"), ("b:1", "y"), ("d:1", "x")], &[("a:1", "t2"), ("d:1", "t1")]);
        let name = |name: &str| name.to_owned();
        let expected = BTreeSet::from([
            Change::Installed(name("b:1")),
            Change::Installed(name("c:1")),
            Change::Installed(name("d:1")),
            Change::Kept(name("a:1")),
            Change::Loaded(name("b:1")),
            Change::Loaded(name("d:1")),
        ]);
        assert_eq!(differences(&before, &now), expected);
        assert_eq!(differences(&now, &now), BTreeSet::new());
    }

    #[test]
    fn change_right_after_poll_is_reported_in_time() {
        let within = Duration::from_secs(5);
        for took in [0, 20, 500, 1000, 2000, 2200] {
            let took = Duration::from_millis(took);
            // From the beginning of one look to the end of the next.
            let told_after = took + pause_after(took, within) + took;
            assert!(told_after < within, "{took:?}: {told_after:?}");
        }
        assert_eq!(pause_after(Duration::from_secs(60), within), Duration::from_millis(500));
    }

    #[tokio::test]
    async fn lagging_follower_gets_anything_once() {
        let changes = Changes::default();
        let mut follower = Follower(changes.signal().subscribe());
        for n in 0..10 * WAITING {
            changes.tell_own(Change::Installed(format!("m:{n}")));
        }
        let told = follower.changed().await.unwrap();
        assert!(told.contains(&Change::Anything) && told.len() <= WAITING + 1, "{}", told.len());
        assert!(changes.lock().told.is_empty(), "nothing is kept where nobody polls");
    }
}
