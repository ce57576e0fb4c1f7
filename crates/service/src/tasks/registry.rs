//! The completions of this process: those that run, and for a while those that have ended.
//!
//! A host that stopped waiting comes back for the text. Ids are random and are never listed: who
//! has one was given it. They end with the process, a known gap.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::error::{ErrorCode, ServiceError};
use crate::tasks::handle::{Control, caught};
use crate::tasks::job::{Job, Report};
use crate::tasks::reply::{Ending, Live};
use types::Owner;

/// How long a completion is kept after its end.
const KEPT: Duration = Duration::from_secs(3600);
/// How many that have ended are kept, of each owner and [`Claim`].
const MOST_KEPT: usize = 100;
/// How much text of them is kept, in bytes.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Ids that are remembered as gone.
const MOST_GONE: usize = 1000;
/// Completions of an owner that may run with no call attached.
const MOST_BACKGROUND: usize = 32;

/// A completion with its id.
#[derive(Debug)]
pub struct Registered {
    /// The id that callers know it by.
    pub id: String,
    /// Who may find it.
    pub owner: Owner,
    /// When it began, in seconds of Unix time.
    pub created: u64,
    /// What runs, or ran.
    pub work: Work,
}

/// The kinds of work.
#[derive(Debug, Clone)]
pub enum Work {
    /// A reply of a model.
    Reply(Arc<Live>),
    /// A transfer, a batch or a comparison.
    Job(Arc<Job>),
}

impl Registered {
    /// Stops it; its connections to the model server are closed.
    pub fn cancel(&self) {
        self.control().cancel();
    }

    /// Waits for its end.
    pub async fn ended(&self) {
        self.control().ended().await;
    }

    /// How long it runs, or ran until now.
    pub fn elapsed(&self) -> Duration {
        self.control().started().elapsed()
    }

    /// A caller was given its end.
    pub fn mark_seen(&self) {
        self.control().mark_seen();
    }

    pub(crate) fn control(&self) -> &Control {
        match &self.work {
            Work::Reply(live) => &live.control,
            Work::Job(job) => &job.control,
        }
    }

    fn size(&self) -> usize {
        match &self.work {
            Work::Reply(live) => live.size(),
            Work::Job(job) => job.size(),
        }
    }
}

/// Who may come for a completion that has ended. Under pressure those with the weaker claim go first:
/// a hundred quick calls must not cost the caller of a slow one its answer.
#[derive(Clone, Copy, PartialEq)]
enum Claim {
    /// A caller was told to come back for it.
    Promised,
    /// Nobody has seen its end: its call was cancelled.
    Unseen,
    /// A caller was given it.
    Seen,
}

impl Claim {
    const STRONGEST_FIRST: [Self; 3] = [Self::Promised, Self::Unseen, Self::Seen];

    fn of(control: &Control) -> Self {
        match (control.is_seen(), control.is_detached()) {
            (true, _) => Self::Seen,
            (false, true) => Self::Promised,
            (false, false) => Self::Unseen,
        }
    }
}

/// The table.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    /// Oldest first.
    entries: VecDeque<Arc<Registered>>,
    gone: VecDeque<(Owner, String)>,
}

impl Registry {
    /// Takes a completion in.
    pub(crate) fn add(&self, owner: &Owner, work: Work) -> Arc<Registered> {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let id = format!("chatcmpl-{}", uuid::Uuid::new_v4().simple());
        let entry = Arc::new(Registered { id, owner: owner.clone(), created, work });
        let mut table = self.lock();
        table.sweep();
        table.entries.push_back(Arc::clone(&entry));
        entry
    }

    /// Runs `work`, which makes the reply. A panic and a cancellation are outcomes as well.
    pub(crate) fn spawn<W>(self: &Arc<Self>, live: &Arc<Live>, work: W)
    where
        W: Future<Output = Result<Ending, ServiceError>> + Send + 'static,
    {
        self.spawn_then(live, work, |ending| async { Ok(ending) });
    }

    /// The same, with a last step that no cancellation stops: the reply is complete by then.
    pub(crate) fn spawn_then<T, W, F>(
        self: &Arc<Self>,
        live: &Arc<Live>,
        work: W,
        finish: impl FnOnce(T) -> F + Send + 'static,
    ) where
        T: Send + 'static,
        W: Future<Output = Result<T, ServiceError>> + Send + 'static,
        F: Future<Output = Result<Ending, ServiceError>> + Send + 'static,
    {
        let (live, registry) = (Arc::clone(live), Arc::clone(self));
        tokio::spawn(async move {
            let ending = match live.control.run(work).await {
                Ok(made) => caught(finish(made)).await,
                Err(error) => Err(error),
            };
            let ending = ending.map_err(|error| error.with_partial(live.partial()));
            live.end(ending);
            registry.sweep();
        });
    }

    /// Runs `work` as a job of its own. A panic and a cancellation are outcomes as well.
    pub(crate) fn start_job<W, F>(
        self: &Arc<Self>,
        owner: &Owner,
        status: &str,
        report: Report,
        work: W,
    ) -> Arc<Registered>
    where
        W: FnOnce(Arc<Job>) -> F,
        F: Future<Output = Result<(), ServiceError>> + Send + 'static,
    {
        let job = Job::new(status, report);
        let registered = self.add(owner, Work::Job(Arc::clone(&job)));
        let work = work(Arc::clone(&job));
        let registry = Arc::clone(self);
        tokio::spawn(async move {
            job.conclude(work).await;
            registry.sweep();
        });
        registered
    }

    /// An owner's completion of an id, or without one the owner's newest whose end nobody has seen.
    ///
    /// # Errors
    /// `completion_not_found`, which tells one that was kept too long from one that never was.
    pub(crate) fn find(&self, owner: &Owner, id: Option<&str>) -> Result<Arc<Registered>, ServiceError> {
        let mut table = self.lock();
        table.sweep();
        let mut own = table.entries.iter().filter(|entry| entry.owner == *owner);
        let found = match id {
            Some(id) => own.find(|entry| entry.id == id),
            None => own.rfind(|entry| !entry.control().is_seen()),
        };
        found.cloned().ok_or_else(|| not_found(owner, id, &table.gone))
    }

    /// Drops what need not be kept any longer.
    pub(crate) fn sweep(&self) {
        self.lock().sweep();
    }

    /// Makes sure that one more of an owner may run in the background.
    ///
    /// # Errors
    /// `overloaded`.
    pub(crate) fn allow_background(&self, owner: &Owner) -> Result<(), ServiceError> {
        let table = self.lock();
        let running = table
            .entries
            .iter()
            .filter(|entry| entry.owner == *owner)
            .filter(|entry| entry.control().is_detached() && entry.control().ended_at().is_none());
        if running.count() < MOST_BACKGROUND {
            return Ok(());
        }
        Err(ServiceError::new(
            ErrorCode::Overloaded,
            format!("{MOST_BACKGROUND} completions are running in the background, which is the limit"),
        )
        .with_hint("Wait for one with get_completion, or stop one with cancel_completion."))
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn sweep(&mut self) {
        self.sweep_at(Instant::now(), MOST_BYTES);
    }

    fn sweep_at(&mut self, now: Instant, most_bytes: usize) {
        // Newest first: the oldest of those that have ended go.
        let ended: Vec<_> =
            self.entries.iter().rev().filter(|entry| entry.control().ended_at().is_some()).collect();
        let mut bytes = 0;
        let mut gone = Vec::new();
        for claim in Claim::STRONGEST_FIRST {
            let mut kept: HashMap<&Owner, usize> = HashMap::new();
            for entry in ended.iter().filter(|entry| Claim::of(entry.control()) == claim) {
                let age = entry.control().ended_at().map(|ended_at| now.duration_since(ended_at));
                let kept = kept.entry(&entry.owner).or_default();
                *kept += 1;
                bytes += entry.size();
                if *kept > MOST_KEPT || bytes > most_bytes || age > Some(KEPT) {
                    gone.push((entry.owner.clone(), entry.id.clone()));
                }
            }
        }
        if gone.is_empty() {
            return;
        }
        self.entries.retain(|entry| !gone.iter().any(|(_, id)| *id == entry.id));
        self.gone.extend(gone);
        while self.gone.len() > MOST_GONE {
            self.gone.pop_front();
        }
    }
}

fn not_found(owner: &Owner, id: Option<&str>, gone: &VecDeque<(Owner, String)>) -> ServiceError {
    let error = |message: String| ServiceError::new(ErrorCode::CompletionNotFound, message);
    match id {
        None => error("No completion is in progress or waiting to be fetched".to_owned())
            .with_hint("Start one with chat_completion."),
        Some(id) if gone.iter().any(|(of, gone)| of == owner && gone == id) => {
            error(format!("Completion {id:?} is no longer available"))
                .with_hint("Ask again with chat_completion.")
        }
        Some(id) => error(format!("There is no completion {id:?}")).with_hint(
            "Ids end with the server's process; in get_completion, leave the id out for the newest completion.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::reply::testing::ended_with;

    fn local() -> Owner {
        Owner::local()
    }

    fn ended(text: &str) -> Work {
        Work::Reply(ended_with(text))
    }

    #[test]
    fn the_newest_that_nobody_has_seen_is_found_without_an_id() {
        let registry = Registry::default();
        let first = registry.add(&local(), ended("first"));
        let second = registry.add(&local(), ended("second"));
        assert_eq!(registry.find(&local(), None).unwrap().id, second.id);
        second.mark_seen();
        assert_eq!(registry.find(&local(), None).unwrap().id, first.id);
        first.mark_seen();
        assert_eq!(registry.find(&local(), None).unwrap_err().code, ErrorCode::CompletionNotFound);
        assert_eq!(registry.find(&local(), Some(&first.id)).unwrap().id, first.id);
    }

    #[test]
    fn what_is_old_many_or_large_goes_and_is_said_to_be_gone() {
        let registry = Registry::default();
        let first = registry.add(&local(), ended("x"));
        for _ in 0..MOST_KEPT {
            registry.add(&local(), ended("x"));
        }
        registry.sweep();
        let gone = registry.find(&local(), Some(&first.id)).unwrap_err();
        assert!(gone.text().contains("no longer available"), "{}", gone.text());
        assert!(
            registry
                .find(&local(), Some("chatcmpl-other"))
                .unwrap_err()
                .text()
                .starts_with("There is no completion")
        );

        let mut table = registry.lock();
        let size = ended_with("x").size();
        table.sweep_at(Instant::now(), size * 10);
        assert_eq!(table.entries.len(), 10);
        table.sweep_at(Instant::now() + KEPT + Duration::from_secs(1), MOST_BYTES);
        assert_eq!(table.entries.len(), 0);
    }

    #[test]
    fn what_somebody_was_promised_outlives_what_everybody_has_seen() {
        let registry = Registry::default();
        let promised = registry.add(&local(), ended("promised"));
        promised.control().detach();
        let cancelled = registry.add(&local(), ended("cancelled"));
        for _ in 0..3 * MOST_KEPT {
            registry.add(&local(), ended("quick")).mark_seen();
        }
        assert!(registry.find(&local(), Some(&cancelled.id)).is_ok());
        for _ in 0..3 * MOST_KEPT {
            registry.add(&local(), ended("cancelled too"));
        }
        assert!(registry.find(&local(), Some(&promised.id)).is_ok());
        assert!(registry.find(&local(), Some(&cancelled.id)).is_err());
        promised.mark_seen();
        let mut table = registry.lock();
        table.sweep_at(Instant::now(), MOST_BYTES);
        assert_eq!(table.entries.len(), 2 * MOST_KEPT);
    }

    #[test]
    fn what_runs_is_never_swept() {
        let registry = Registry::default();
        let running = registry.add(&local(), Work::Reply(Live::new()));
        for _ in 0..2 * MOST_KEPT {
            registry.add(&local(), ended("x"));
        }
        registry.sweep();
        assert!(registry.find(&local(), Some(&running.id)).is_ok());
    }

    #[test]
    fn nothing_of_another_owner_is_found_by_id_or_as_the_newest() {
        let registry = Registry::default();
        let other = Owner::new("other").unwrap();
        let of_other = registry.add(&other, ended("theirs"));
        for id in [Some(of_other.id.as_str()), None] {
            assert_eq!(registry.find(&local(), id).unwrap_err().code, ErrorCode::CompletionNotFound);
            assert_eq!(registry.find(&other, id).unwrap().id, of_other.id);
        }
        let own = registry.add(&local(), ended("ours"));
        registry.add(&other, ended("theirs too"));
        assert_eq!(registry.find(&local(), None).unwrap().id, own.id);
        registry.lock().sweep_at(Instant::now() + KEPT + Duration::from_secs(1), MOST_BYTES);
        let text = |owner: &Owner| registry.find(owner, Some(&of_other.id)).unwrap_err().text();
        assert!(text(&other).contains("no longer available"), "{}", text(&other));
        let own = local();
        assert!(text(&own).starts_with("There is no completion"), "{}", text(&own));
    }

    #[test]
    fn limits_count_for_each_owner() {
        let registry = Registry::default();
        let other = Owner::new("other").unwrap();
        let own = registry.add(&local(), ended("ours"));
        for _ in 0..2 * MOST_KEPT {
            registry.add(&other, ended("theirs"));
        }
        assert!(registry.find(&local(), Some(&own.id)).is_ok());
        for _ in 0..MOST_BACKGROUND {
            registry.add(&other, Work::Reply(Live::new())).control().detach();
        }
        assert_eq!(registry.allow_background(&other).unwrap_err().code, ErrorCode::Overloaded);
        assert_eq!(registry.allow_background(&local()), Ok(()));
    }
}
