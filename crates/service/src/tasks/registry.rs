//! The completions and jobs of this process: those that run, and for a limited time those that have ended.
//!
//! A host that stopped waiting can fetch the result later. Ids are random and are never listed. The table is in memory
//! only, so ids end with the process.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::error::{ErrorCode, ServiceError};
use crate::hint::Action;
use crate::tasks::handle::{TaskState, caught};
use crate::tasks::id;
use crate::tasks::job::{Job, JobOutput};
use crate::tasks::observer::EndObservers;
use crate::tasks::reply::{CompletionSummary, ReplyBuffer};
use platform::sync::lock;
use types::Owner;

/// How long a completion is kept after its end.
const RETENTION_TIME: Duration = Duration::from_secs(3600);
/// How many that have ended are kept, of each owner and [`Retention`].
const MAX_RETAINED: usize = 100;
/// How much text of them is kept, in bytes. Half as much more may be kept of owners with little.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// So many more may have ended before the next sweep: a sweep looks at every entry.
const SWEEP_AFTER: usize = MAX_RETAINED / 4;
/// So many bytes of ended tasks are swept without waiting for the next call.
const SWEEP_AFTER_BYTES: usize = MAX_BYTES / 8;
/// Dropped ids that are remembered, to tell an expired id from an unknown one.
const MAX_EXPIRED_IDS: usize = 1000;
/// Completions of an owner that may run with no call attached.
const MAX_BACKGROUND: usize = 32;

/// A completion with its id.
#[derive(Debug)]
pub struct Task {
    /// The id that callers know it by.
    pub id: String,
    /// Who may find it.
    pub owner: Owner,
    /// When it began, in seconds of Unix time.
    pub created: u64,
    /// What runs, or ran.
    pub kind: TaskKind,
}

/// The kinds of work.
#[derive(Debug, Clone)]
pub enum TaskKind {
    /// A reply of a model.
    Reply(Arc<ReplyBuffer>),
    /// A transfer, a batch or a comparison.
    Job(Arc<Job>),
}

impl Task {
    /// Stops it; its connections to the model server are closed.
    pub fn cancel(&self) {
        self.state().cancel();
    }

    /// Waits for its end.
    pub async fn ended(&self) {
        self.state().ended().await;
    }

    /// How long it runs, or ran until now.
    pub fn elapsed(&self) -> Duration {
        self.state().started().elapsed()
    }

    /// Marks the result as delivered.
    pub fn mark_seen(&self) {
        self.state().mark_seen();
    }

    pub(crate) fn state(&self) -> &TaskState {
        self.kind.state()
    }

    fn size(&self) -> usize {
        match &self.kind {
            TaskKind::Reply(reply) => reply.size(),
            TaskKind::Job(job) => job.size(),
        }
    }
}

impl TaskKind {
    fn state(&self) -> &TaskState {
        match self {
            Self::Reply(reply) => &reply.task_state,
            Self::Job(job) => &job.task_state,
        }
    }
}

/// How strongly a completion that has ended is retained. The weakest go first, so that a hundred quick calls do not
/// evict the answer of a slow one.
#[derive(Clone, Copy, PartialEq)]
enum Retention {
    /// The caller was given the id, to fetch the result later.
    Promised,
    /// The result was never delivered, because the call was cancelled.
    Unseen,
    /// The result was delivered.
    Seen,
}

impl Retention {
    const STRONGEST_FIRST: [Self; 3] = [Self::Promised, Self::Unseen, Self::Seen];

    fn of(state: &TaskState) -> Self {
        match (state.is_seen(), state.is_detached()) {
            (true, _) => Self::Seen,
            (false, true) => Self::Promised,
            (false, false) => Self::Unseen,
        }
    }
}

/// The table. It is under one mutex since a search and a sweep see all of it; both are short and never await.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    table: Mutex<Table>,
    pub(crate) observers: EndObservers,
}

#[derive(Debug, Default)]
struct Table {
    /// Oldest first.
    entries: VecDeque<Arc<Task>>,
    gone: VecDeque<(Owner, String)>,
    /// How many of the entries have ended.
    ended: usize,
    /// How many of them since the last sweep, and what these hold in bytes.
    unswept: usize,
    unswept_bytes: usize,
    /// When the next ended task expires.
    next_expiry: Option<Instant>,
}

impl Registry {
    pub(crate) fn add(&self, owner: &Owner, kind: TaskKind) -> Arc<Task> {
        let created = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let id = id::new();
        kind.state().set_id(&id);
        let entry = Arc::new(Task { id, owner: owner.clone(), created, kind });
        let mut table = self.lock();
        table.sweep_if_due();
        table.entries.push_back(Arc::clone(&entry));
        entry
    }

    /// Runs `work`, which makes the reply. A panic and a cancellation are outcomes as well.
    pub(crate) fn spawn<W>(self: &Arc<Self>, reply: &Arc<ReplyBuffer>, work: W)
    where
        W: Future<Output = Result<CompletionSummary, ServiceError>> + Send + 'static,
    {
        self.spawn_then(reply, work, |summary| async { (Ok(summary), ()) });
    }

    /// The same, with a last step that no cancellation stops: the reply is complete by then. What that step returns beside the
    /// outcome is dropped after the end is announced, so a task that waits for it does not end first.
    pub(crate) fn spawn_then<T, R, W, F>(
        self: &Arc<Self>,
        reply: &Arc<ReplyBuffer>,
        work: W,
        finish: impl FnOnce(T) -> F + Send + 'static,
    ) where
        T: Send + 'static,
        R: Send + 'static,
        W: Future<Output = Result<T, ServiceError>> + Send + 'static,
        F: Future<Output = (Result<CompletionSummary, ServiceError>, R)> + Send + 'static,
    {
        let (reply, registry) = (Arc::clone(reply), Arc::clone(self));
        // Boxed: each generic future that takes it by value would have room for it once more, and thousands may run.
        let work = Box::pin(work);
        tokio::spawn(async move {
            let summary = match reply.task_state.run(work).await {
                Ok(made) => caught(async { Ok(finish(made).await) }).await,
                Err(error) => Err(error),
            };
            let (summary, held) = match summary {
                Ok((summary, held)) => (summary, Some(held)),
                Err(error) => (Err(error), None),
            };
            let summary = summary.map_err(|error| error.with_partial(reply.partial()));
            registry.observers.report(|| reply.figures(&summary));
            reply.end(summary);
            drop(held);
            registry.lock().ended(reply.size());
        });
    }

    /// Runs `work` as a job of its own. A panic and a cancellation are outcomes as well.
    pub(crate) fn start_job<W, F>(
        self: &Arc<Self>,
        owner: &Owner,
        status: &str,
        report: JobOutput,
        work: W,
    ) -> Arc<Task>
    where
        W: FnOnce(Arc<Job>) -> F,
        F: Future<Output = Result<(), ServiceError>> + Send + 'static,
    {
        let job = Job::new(status, report);
        let task = self.add(owner, TaskKind::Job(Arc::clone(&job)));
        let work = Box::pin(work(Arc::clone(&job)));
        let registry = Arc::clone(self);
        tokio::spawn(async move {
            job.conclude(work).await;
            registry.lock().ended(job.size());
        });
        task
    }

    /// An owner's completion of an id, in the form of any API, or without one the owner's newest whose end nobody has seen.
    ///
    /// # Errors
    /// `completion_not_found`, which tells one that was kept too long from one that never was.
    pub(crate) fn find(&self, owner: &Owner, id: Option<&str>) -> Result<Arc<Task>, ServiceError> {
        let mut table = self.lock();
        table.sweep_if_due();
        let mut own = table.entries.iter().filter(|entry| entry.owner == *owner);
        let found = match id {
            Some(id) => own.find(|entry| id::is_same(&entry.id, id)),
            None => own.rfind(|entry| !entry.state().is_seen()),
        };
        found.cloned().ok_or_else(|| not_found(owner, id, &table.gone))
    }

    /// The owner's turns of a conversation, oldest first.
    pub(crate) fn turns(&self, owner: &Owner, conversation: &str) -> Vec<Arc<Task>> {
        let table = self.lock();
        let is_turn = |entry: &&Arc<Task>| {
            let TaskKind::Reply(reply) = &entry.kind else { return false };
            entry.owner == *owner && reply.conversation() == Some(conversation)
        };
        table.entries.iter().filter(is_turn).cloned().collect()
    }

    /// The owner's transfers of models, oldest first.
    pub(crate) fn transfers(&self, owner: &Owner) -> Vec<Arc<Task>> {
        let table = self.lock();
        let is_transfer = |entry: &&Arc<Task>| {
            let TaskKind::Job(job) = &entry.kind else { return false };
            entry.owner == *owner && matches!(job.watch().borrow().report, JobOutput::Transfer(_))
        };
        table.entries.iter().filter(is_transfer).cloned().collect()
    }

    /// Drops an owner's completion of an id. It is not found any more, as if it had been retained too long.
    pub(crate) fn forget(&self, owner: &Owner, id: &str) {
        let mut table = self.lock();
        let is_it = |entry: &Arc<Task>| entry.owner == *owner && id::is_same(&entry.id, id);
        let Some(entry) = table.entries.iter().position(is_it).and_then(|at| table.entries.remove(at)) else {
            return;
        };
        if entry.state().ended_at().is_some() {
            table.ended = table.ended.saturating_sub(1);
        }
        table.gone.push_back((entry.owner.clone(), entry.id.clone()));
        forget(&mut table.gone);
    }

    /// Checks that the owner may start one more background task.
    ///
    /// # Errors
    /// `overloaded`.
    pub(crate) fn allow_background(&self, owner: &Owner) -> Result<(), ServiceError> {
        let table = self.lock();
        let running = table
            .entries
            .iter()
            .filter(|entry| entry.owner == *owner)
            .filter(|entry| entry.state().is_detached() && entry.state().ended_at().is_none());
        if running.count() < MAX_BACKGROUND {
            return Ok(());
        }
        Err(ServiceError::new(
            ErrorCode::Overloaded,
            format!("{MAX_BACKGROUND} completions are running in the background, which is the limit"),
        )
        .with_hint(Action::FreeBackground))
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

impl Table {
    /// Records the end of a task that holds this many bytes.
    fn ended(&mut self, bytes: usize) {
        self.ended += 1;
        self.unswept += 1;
        self.unswept_bytes += bytes;
        self.next_expiry.get_or_insert_with(|| Instant::now() + RETENTION_TIME);
        if self.unswept_bytes >= SWEEP_AFTER_BYTES {
            self.sweep_if_due();
        }
    }

    /// A sweep looks at every entry, and most calls need none.
    fn sweep_if_due(&mut self) {
        let now = Instant::now();
        let is_due = (self.unswept >= SWEEP_AFTER && self.ended > MAX_RETAINED)
            || self.unswept_bytes >= SWEEP_AFTER_BYTES
            || self.next_expiry.is_some_and(|expiry| expiry <= now);
        if is_due {
            self.sweep_at(now, MAX_BYTES);
        }
    }

    fn sweep_at(&mut self, now: Instant, max_bytes: usize) {
        (self.unswept, self.unswept_bytes) = (0, 0);
        let mut oldest: Option<Instant> = None;
        // Newest first: the oldest of those that have ended go.
        let ended: Vec<_> =
            self.entries.iter().rev().filter(|entry| entry.state().ended_at().is_some()).collect();
        let owners: HashSet<&Owner> = ended.iter().map(|entry| &entry.owner).collect();
        // No owner loses its own to make room for those of another one, as long as it has few.
        let share = max_bytes / (2 * owners.len().max(1));
        let mut bytes = 0;
        let mut bytes_of: HashMap<&Owner, usize> = HashMap::new();
        let mut gone = HashSet::new();
        for claim in Retention::STRONGEST_FIRST {
            let mut kept: HashMap<&Owner, usize> = HashMap::new();
            for entry in ended.iter().filter(|entry| Retention::of(entry.state()) == claim) {
                let age = entry.state().ended_at().map(|ended_at| now.duration_since(ended_at));
                let kept = kept.entry(&entry.owner).or_default();
                *kept += 1;
                let size = entry.size();
                bytes += size;
                let own_bytes = bytes_of.entry(&entry.owner).or_default();
                *own_bytes += size;
                let is_too_much = bytes > max_bytes && (owners.len() == 1 || *own_bytes > share);
                if *kept > MAX_RETAINED || is_too_much || age > Some(RETENTION_TIME) {
                    gone.insert(Arc::as_ptr(entry));
                } else {
                    oldest = oldest.into_iter().chain(entry.state().ended_at()).min();
                }
            }
        }
        self.ended = ended.len() - gone.len();
        self.next_expiry = oldest.map(|ended_at| ended_at + RETENTION_TIME);
        if gone.is_empty() {
            return;
        }
        self.entries.retain(|entry| {
            let stays = !gone.contains(&Arc::as_ptr(entry));
            if !stays {
                self.gone.push_back((entry.owner.clone(), entry.id.clone()));
            }
            stays
        });
        forget(&mut self.gone);
    }
}

/// Drops what is too much of the expired ids: the oldest one of the owner that has the most.
fn forget(gone: &mut VecDeque<(Owner, String)>) {
    let mut counts: HashMap<Owner, usize> = HashMap::new();
    if gone.len() > MAX_EXPIRED_IDS {
        gone.iter().for_each(|(owner, _)| *counts.entry(owner.clone()).or_default() += 1);
    }
    while gone.len() > MAX_EXPIRED_IDS {
        let Some((most, count)) = counts.iter_mut().max_by_key(|(_, count)| **count) else { break };
        *count -= 1;
        let oldest = gone.iter().position(|(owner, _)| owner == most);
        oldest.and_then(|oldest| gone.remove(oldest));
    }
}

fn not_found(owner: &Owner, id: Option<&str>, gone: &VecDeque<(Owner, String)>) -> ServiceError {
    let error = |message: String| ServiceError::new(ErrorCode::CompletionNotFound, message);
    match id {
        None => error("No completion is in progress or waiting to be fetched".to_owned())
            .with_hint(Action::StartCompletion),
        Some(id) if gone.iter().any(|(of, gone)| of == owner && id::is_same(gone, id)) => {
            error(format!("Completion {id:?} is no longer available")).with_hint(Action::RestartCompletion)
        }
        Some(id) => error(format!("There is no completion {id:?}")).with_hint(Action::FetchNewest),
    }
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
