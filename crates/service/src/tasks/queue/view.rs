//! The queue as its callers see it: counts for all, and the places of their own calls.

use std::collections::HashMap;
use std::time::Duration;

use super::order::{Next, Number};
use super::{Position, Queue, Standing, State, Waiter};
use crate::caller::Account;
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

/// How many waiting calls of one caller come before another of its calls.
#[derive(Debug, Clone, Copy, Default)]
struct OwnAhead {
    ready: usize,
    limited: usize,
}

impl Queue {
    pub(crate) fn view(&self, owner: &Owner) -> QueueView {
        let state = self.lock();
        let own = self.positions(&state).into_iter();
        let own = own.filter(|(standing, ..)| standing.owner == *owner);
        QueueView {
            running: state.running,
            waiting: state.waiting,
            max_concurrent: self.0.concurrent,
            own: own.map(|(_, waiter, position)| queued_call(&state, waiter, position)).collect(),
        }
    }

    /// The position of each waiter, in the order of their turns.
    pub(super) fn positions<'a>(&self, state: &'a State) -> Vec<(&'a Standing, &'a Waiter, Position)> {
        let mut ready_ahead = 0;
        let mut own: HashMap<&Account, OwnAhead> = HashMap::new();
        let mut positions = Vec::with_capacity(state.waiting);
        for Next { number, is_ready, .. } in state.lines.order_of_waiting(state.readiness()) {
            let Some((standing, waiter)) = waiting(state, number) else { continue };
            let own_ahead = standing.limit.as_ref().map(|(account, _)| own.entry(account).or_default());
            let position = match (is_ready, own_ahead, &standing.limit) {
                (false, Some(own_ahead), Some((account, limit))) => {
                    own_ahead.limited += 1;
                    let running = state.running_of.get(account).copied().unwrap_or_default();
                    self.limited_position(state, ready_ahead, *own_ahead, running, *limit)
                }
                (_, own_ahead, _) => {
                    own_ahead.into_iter().for_each(|own_ahead| own_ahead.ready += 1);
                    ready_ahead += 1;
                    self.position(state, ready_ahead - 1)
                }
            };
            positions.push((standing, waiter, position));
        }
        positions
    }

    /// The position of a waiter behind so many others.
    fn position(&self, state: &State, ready_ahead: usize) -> Position {
        if self.free(state) > 0 {
            return Position::Next;
        }
        // So many requests must end before its turn, and as many run concurrently.
        let estimate = state.time_of(ready_ahead + 1, self.0.concurrent);
        Position::Behind { ahead: state.running + ready_ahead, estimate }
    }

    /// The position of a waiter whose caller runs as many as it may. `own_ahead` counts the waiter itself.
    fn limited_position(
        &self,
        state: &State,
        ready_ahead: usize,
        own_ahead: OwnAhead,
        own_running: usize,
        limit: usize,
    ) -> Position {
        let own = own_running + own_ahead.ready + own_ahead.limited;
        let estimate = state.time_of(own.saturating_sub(limit), limit);
        if self.free(state) > 0 {
            return Position::Behind { ahead: own - 1, estimate };
        }
        let ahead = ready_ahead + own_ahead.limited - 1;
        let estimate = estimate.max(state.time_of(ahead + 1, self.0.concurrent));
        Position::Behind { ahead: state.running + ahead, estimate }
    }
}

fn waiting(state: &State, number: Number) -> Option<(&Standing, &Waiter)> {
    let call = state.calls.get(&number)?;
    Some((&call.standing, call.waiter.as_ref()?))
}

fn queued_call(state: &State, waiter: &Waiter, position: Position) -> QueuedCall {
    let (place, estimate) = match position {
        Position::Behind { ahead, estimate } => (ahead, estimate),
        Position::Next | Position::Turn => (0, state.mean_run.map(|_| Duration::ZERO)),
    };
    let QueueLabel { id, model } = waiter.label.clone();
    QueuedCall { id, model, place, waiting: waiter.since.elapsed(), estimate }
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

    /// How long it takes until so many have ended, of which so many run concurrently.
    fn time_of(&self, ends: usize, concurrent: usize) -> Option<Duration> {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.mean_run.map(|mean| mean.saturating_mul(number(ends)) / number(concurrent).max(1))
    }
}
