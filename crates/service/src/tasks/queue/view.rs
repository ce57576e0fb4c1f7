//! The queue as its callers see it: counts for all, and the places of their own calls.

use std::time::Duration;

use super::{Position, Queue, QueueKey, State, Waiter};
use types::Owner;

/// The queue as one owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueView {
    /// Requests that run, of all owners.
    pub running: usize,
    /// Requests that wait, of all owners.
    pub waiting: usize,
    /// How many may run concurrently.
    pub max_concurrent: usize,
    /// The owner's requests that wait, the next one first. A job has one for each of its replies.
    pub own: Vec<QueuedCall>,
}

/// A request that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedCall {
    /// The id of its completion or job.
    pub id: String,
    pub model: String,
    /// The number of requests ahead, running or waiting.
    pub place: usize,
    /// How long it has waited.
    pub waiting: Duration,
    /// How long it will wait, by how long recent requests ran; absent until one has ended.
    pub estimate: Option<Duration>,
}

/// What a request that waits is known by.
#[derive(Debug, Clone, Default)]
pub(crate) struct QueueLabel {
    pub(crate) id: String,
    pub(crate) model: String,
}

impl Queue {
    pub(crate) fn view(&self, owner: &Owner) -> QueueView {
        let state = self.lock();
        let own = state.waiters.iter().enumerate().filter(|(_, (_, waiter))| waiter.owner == *owner);
        QueueView {
            running: state.running,
            waiting: state.waiters.len(),
            max_concurrent: self.0.concurrent,
            own: own.map(|(index, entry)| self.queued_call(&state, index, entry)).collect(),
        }
    }

    fn queued_call(&self, state: &State, index: usize, (_, waiter): (&QueueKey, &Waiter)) -> QueuedCall {
        let (place, estimate) = match self.position(state, index) {
            Position::Behind { ahead, estimate } => (ahead, estimate),
            Position::Next | Position::Turn => (0, state.mean_run.map(|_| Duration::ZERO)),
        };
        let QueueLabel { id, model } = waiter.label.clone();
        QueuedCall { id, model, place, waiting: waiter.since.elapsed(), estimate }
    }

    /// The position of the waiter with this index.
    pub(super) fn position(&self, state: &State, index: usize) -> Position {
        if self.free(state) > 0 {
            return Position::Next;
        }
        // So many requests must end before its turn, and as many run concurrently.
        let ends = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let concurrent = u32::try_from(self.0.concurrent).unwrap_or(u32::MAX).max(1);
        let estimate = state.mean_run.map(|mean| mean.saturating_mul(ends) / concurrent);
        Position::Behind { ahead: state.running + index, estimate }
    }
}

impl State {
    /// Counts a request that has ended into the moving mean.
    pub(super) fn record_run(&mut self, ran: Duration) {
        self.mean_run = Some(match self.mean_run {
            None => ran,
            // The newest counts a quarter, so the mean follows a change of the model within a few requests.
            Some(mean) => (mean * 3 + ran) / 4,
        });
    }
}
