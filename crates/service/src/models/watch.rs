//! Changes of models: our own are announced immediately, those of others are found by polling, which runs only while
//! somebody follows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Models;
use crate::Caller;
use crate::changes::Change;
use crate::models::name::full_name;
use platform::sync::lock;

/// A poll that takes longer has failed: a server that hangs must not stop the polling.
const MAX_POLL_TIME: Duration = Duration::from_secs(30);

/// The poll for changes by others.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// A plain mutex: it is held for a few instructions, and never across an await.
    polling: Mutex<Polling>,
    /// Wakes the poll after a change of our own.
    own: Notify,
}

#[derive(Debug, Default)]
struct Polling {
    running: Weak<Poll>,
    /// Our own changes since the last poll, which must not be announced again.
    announced: BTreeSet<Change>,
}

/// Keeps the polling alive; it stops when the last holder drops it.
#[derive(Debug)]
pub struct Poll(#[allow(dead_code, reason = "it is there to be dropped")] DropGuard);

impl Watch {
    fn lock(&self) -> MutexGuard<'_, Polling> {
        lock(&self.polling)
    }
}

impl Models {
    /// Polls for changes by others, often enough to announce each within the poll interval, as long as any caller holds
    /// the result.
    pub fn poll_changes(self: &Arc<Self>) -> Arc<Poll> {
        let mut polling = self.watch.lock();
        if let Some(poll) = polling.running.upgrade() {
            return poll;
        }
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let poll = Arc::new(Poll(stop.drop_guard()));
        polling.running = Arc::downgrade(&poll);
        polling.announced.clear();
        drop(polling);
        let models = Arc::downgrade(self);
        let within = self.settings.poll_interval;
        tokio::spawn(async move { stopped.run_until_cancelled(poll_loop(models, within)).await });
        poll
    }

    /// Whether somebody holds a poll.
    pub fn is_polling(&self) -> bool {
        self.watch.lock().running.strong_count() > 0
    }

    /// Announces our own work.
    fn announce_own(&self, change: Change) {
        let mut polling = self.watch.lock();
        let polled = polling.running.strong_count() > 0;
        if polled {
            polling.announced.insert(change.clone());
        }
        drop(polling);
        self.changes.announce(change);
        if polled {
            // The next poll comes soon, so that a later change by others is not taken for this one.
            self.watch.own.notify_one();
        }
    }

    /// A model was installed, replaced or deleted by us.
    pub(crate) fn installed_changed(&self, model: &str) {
        self.capabilities.forget(model);
        self.announce_own(Change::Installed(full_name(model)));
    }

    /// A model was loaded or unloaded by us.
    pub(crate) fn loaded_changed(&self, model: &str) {
        self.announce_own(Change::Loaded(full_name(model)));
    }

    /// A pull of the caller has begun.
    pub(crate) fn pull_began(&self, caller: &Caller) {
        self.changes.announce(Change::Pull { owner: caller.owner.clone() });
    }
}

/// The result of a poll: each model's name, and a text that differs between its states.
#[derive(Debug, Default, PartialEq)]
struct Snapshot {
    installed: BTreeMap<String, String>,
    loaded: BTreeMap<String, String>,
}

async fn poll_loop(models: Weak<Models>, within: Duration) {
    let mut last: Option<Snapshot> = None;
    let mut was_down = false;
    loop {
        let Some(models) = models.upgrade() else { return };
        let began = Instant::now();
        // The snapshot includes our own changes before this point.
        let announced = std::mem::take(&mut models.watch.lock().announced);
        let seen = tokio::time::timeout(MAX_POLL_TIME, snapshot(&models)).await.ok().flatten();
        // The failure may be momentary: poll again soon, since the changes that it missed are late.
        let again = seen.is_none() && !was_down;
        match seen {
            None => {
                // The poll failed: keep suppressing our own changes until one succeeds.
                models.watch.lock().announced.extend(announced);
                was_down = true;
            }
            Some(seen) => {
                match &last {
                    Some(last) => {
                        for change in differences(last, &seen).difference(&announced) {
                            if let Change::Installed(model) = change {
                                models.capabilities.forget(model);
                            }
                            models.changes.announce(change.clone());
                        }
                    }
                    None if was_down => models.changes.announce(Change::Anything),
                    None => {}
                }
                was_down = false;
                last = Some(seen);
            }
        }
        let pause = if again { shortest_pause(within) } else { pause_after(began.elapsed(), within) };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            // `models` is held during the wait; dropping the last `Poll` ends the task.
            () = models.watch.own.notified() => tokio::time::sleep(shortest_pause(within) / 5).await,
        }
    }
}

/// How long to wait after a poll that took so long, that the next one, should it take as long, ends within `within`
/// of this one's beginning: what changes just after the server has answered is told in time. A tenth is kept as margin.
fn pause_after(poll: Duration, within: Duration) -> Duration {
    (within - within / 10).saturating_sub(poll * 2).max(shortest_pause(within))
}

/// The shortest pause, so that a slow server is not polled continuously.
fn shortest_pause(within: Duration) -> Duration {
    within / 10
}

/// `None` while the server does not answer.
async fn snapshot(models: &Models) -> Option<Snapshot> {
    let (installed, loaded) =
        futures_util::join!(models.provider.list_models(), models.provider.running_models());
    let installed = installed
        .inspect_err(|error| tracing::debug!(error = error.logged(), "polling for changes failed"))
        .ok()?
        .into_iter()
        .map(|model| (full_name(&model.name), format!("{:?} {:?}", model.digest, model.modified_at)));
    // An older or another server may not report what is loaded.
    let loaded = loaded.unwrap_or_default().into_iter().map(|model| {
        let state = (model.size, model.size_vram, model.context_length, model.expires_at);
        (full_name(&model.name), format!("{state:?}"))
    });
    Some(Snapshot { installed: installed.collect(), loaded: loaded.collect() })
}

fn differences(before: &Snapshot, now: &Snapshot) -> BTreeSet<Change> {
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
                changes.insert(Change::KeepAliveChanged(name.clone()));
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

    fn seen(installed: &[(&str, &str)], loaded: &[(&str, &str)]) -> Snapshot {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()
        };
        Snapshot { installed: map(installed), loaded: map(loaded) }
    }

    #[test]
    fn differences_are_named() {
        let before = seen(&[("a:1", "x"), ("b:1", "x"), ("c:1", "x")], &[("a:1", "t1"), ("b:1", "t1")]);
        let now = seen(&[("a:1", "x"), ("b:1", "y"), ("d:1", "x")], &[("a:1", "t2"), ("d:1", "t1")]);
        let name = |name: &str| name.to_owned();
        let expected = BTreeSet::from([
            Change::Installed(name("b:1")),
            Change::Installed(name("c:1")),
            Change::Installed(name("d:1")),
            Change::KeepAliveChanged(name("a:1")),
            Change::Loaded(name("b:1")),
            Change::Loaded(name("d:1")),
        ]);
        assert_eq!(differences(&before, &now), expected);
        assert_eq!(differences(&now, &now), BTreeSet::new());
    }

    #[test]
    fn change_after_poll_is_announced_within_interval() {
        let within = Duration::from_secs(5);
        for took in [0, 20, 500, 1000, 2000, 2200] {
            let took = Duration::from_millis(took);
            // From the beginning of one poll to the end of the next.
            let told_after = took + pause_after(took, within) + took;
            assert!(told_after < within, "{took:?}: {told_after:?}");
        }
        assert_eq!(pause_after(Duration::from_secs(60), within), Duration::from_millis(500));
    }
}
