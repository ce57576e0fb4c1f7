//! The queue in front of generation: calls of an owner are admitted in the order in which they began, turns go round the
//! owners, and each waiter is notified of its position.
//!
//! A model server runs a few requests at a time and queues the rest without reporting it. This queue reports the position,
//! and a caller can leave it. Each process has its own.
//!
//! A call reserves its place when it begins and enters when its request is ready, so a later call that is ready first does
//! not overtake it. Dropping the reservation frees the place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::error::{ErrorCode, ServiceError};
use crate::hint::Action;
use platform::sync::lock;
use types::Owner;

mod view;

pub(crate) use view::QueueLabel;
pub use view::{QueueView, QueuedCall};

/// The queue. Clones are the same queue.
#[derive(Debug, Clone)]
pub(crate) struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Maximum number of requests that run concurrently.
    concurrent: usize,
    /// Maximum number of requests that wait.
    waiting: usize,
    /// One state, as admission looks at all of it; held for a walk over the waiters, never across an await.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    next_number: u64,
    /// The round of the newest call that was admitted.
    round: u64,
    /// Each owner's places that were not admitted yet. One that is dropped costs its owner no turn.
    pending: HashMap<Owner, BTreeSet<QueueKey>>,
    /// The places of calls that are about to enter: a slot is kept free for each of them.
    expected: BTreeSet<QueueKey>,
    waiters: BTreeMap<QueueKey, Waiter>,
    /// The moving mean of how long slots were held.
    mean_run: Option<Duration>,
}

#[derive(Debug)]
struct Waiter {
    owner: Owner,
    label: QueueLabel,
    since: Instant,
    position: watch::Sender<Position>,
}

impl State {
    fn forget(&mut self, owner: &Owner, place: QueueKey) {
        if let Some(places) = self.pending.get_mut(owner) {
            places.remove(&place);
            if places.is_empty() {
                self.pending.remove(owner);
            }
        }
    }
}

/// A place in the order. Turns go round the owners: each has one place in a round. So the calls of one owner keep their
/// order, and an owner with many calls does not keep another waiting for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct QueueKey {
    round: u64,
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// A slot is free, and reserved for a call that began earlier.
    Next,
    /// The number of requests ahead, running or waiting, and an estimate of the wait.
    Behind { ahead: usize, estimate: Option<Duration> },
    /// Its slot is reserved.
    Turn,
}

impl Queue {
    /// A queue that lets `concurrent` run and `waiting` wait.
    pub(crate) fn new(concurrent: usize, waiting: usize) -> Self {
        Self(Arc::new(Shared { concurrent: concurrent.max(1), waiting, state: Mutex::default() }))
    }

    /// Reserves the owner's next place in the order. Until it is entered, delayed or dropped, no later call takes the last slot.
    pub(crate) fn reserve(&self, owner: &Owner) -> Reservation {
        let mut state = self.lock();
        let number = state.next_number;
        state.next_number += 1;
        let now = state.round;
        let places = state.pending.entry(owner.clone()).or_default();
        let round = places.last().map_or(now, |last| last.round.max(now)) + 1;
        let place = QueueKey { round, number };
        places.insert(place);
        state.expected.insert(place);
        drop(state);
        Reservation { queue: self.clone(), place, owner: owner.clone() }
    }

    fn take(
        &self,
        place: QueueKey,
        owner: &Owner,
        label: impl FnOnce() -> QueueLabel,
    ) -> Result<Ticket, ServiceError> {
        let mut state = self.lock();
        state.expected.remove(&place);
        let position = watch::Sender::new(Position::Next);
        let receiver = position.subscribe();
        let since = Instant::now();
        state
            .waiters
            .insert(place, Waiter { owner: owner.clone(), label: QueueLabel::default(), since, position });
        self.admit(&mut state);
        let free = self.free(&state);
        // Those for whom a slot is kept do not count as waiting.
        if state.waiters.contains_key(&place) && state.waiters.len() > self.0.waiting + free {
            state.waiters.remove(&place);
            let (running, waiting) = (state.running, state.waiters.len());
            return Err(ServiceError::new(
                ErrorCode::Overloaded,
                format!("{running} completions are running and {waiting} are waiting, which is the limit"),
            )
            .with_hint(Action::WaitOrRaiseConcurrency));
        }
        // Most calls do not wait, and need no label.
        if let Some(waiter) = state.waiters.get_mut(&place) {
            waiter.label = label();
        }
        drop(state);
        Ok(Ticket { queue: self.clone(), place, position: receiver, claimed: false })
    }

    /// Gives free slots to those who wait, in their order, and announces the positions of the others.
    fn admit(&self, state: &mut State) {
        loop {
            let free = self.free(state);
            let Some(first) = state.waiters.first_entry() else { break };
            if state.expected.range(..*first.key()).take(free).count() >= free {
                break;
            }
            // Its receiver lives until it has left the queue, so this is always received.
            let (place, waiter) = first.remove_entry();
            waiter.position.send_replace(Position::Turn);
            state.forget(&waiter.owner, place);
            state.round = state.round.max(place.round);
            state.running += 1;
        }
        for (index, waiter) in state.waiters.values().enumerate() {
            let position = self.position(state, index);
            waiter.position.send_if_modified(|announced| std::mem::replace(announced, position) != position);
        }
    }

    fn free(&self, state: &State) -> usize {
        self.0.concurrent.saturating_sub(state.running)
    }

    fn release(&self, ran: Duration) {
        let mut state = self.lock();
        state.running -= 1;
        state.record_run(ran);
        self.admit(&mut state);
    }

    /// A waiter that is dropped: it leaves, or gives back the slot that was reserved for it.
    fn leave(&self, place: QueueKey) {
        let mut state = self.lock();
        if state.waiters.remove(&place).is_none() {
            state.running -= 1;
        }
        self.admit(&mut state);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }
}

/// A call's place in the order. It stays the call's own when that enters again.
#[derive(Debug)]
pub(crate) struct Reservation {
    queue: Queue,
    place: QueueKey,
    owner: Owner,
}

impl Reservation {
    /// Waits for a slot. `on_position` gets the number of requests ahead and an estimate of the wait, immediately and at each
    /// change; the number is not 0. `label` is made where it has to wait. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// `overloaded` where too many wait already.
    pub(crate) async fn enter(
        &self,
        label: impl FnOnce() -> QueueLabel,
        mut on_position: impl FnMut(usize, Option<Duration>),
    ) -> Result<Slot, ServiceError> {
        let mut ticket = self.queue.take(self.place, &self.owner, label)?;
        loop {
            let position = *ticket.position.borrow_and_update();
            match position {
                Position::Turn => return Ok(ticket.into_slot()),
                Position::Behind { ahead, estimate } => on_position(ahead, estimate),
                Position::Next => {}
            }
            // The sender lives in the queue until the turn has come.
            if ticket.position.changed().await.is_err() {
                return Err(ServiceError::internal());
            }
        }
    }

    /// Releases the slot that is kept for this call, because it enters later (it reads files, or waits for another turn).
    pub(crate) fn delay(&self) {
        let mut state = self.queue.lock();
        if state.expected.remove(&self.place) {
            self.queue.admit(&mut state);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.queue.lock().forget(&self.owner, self.place);
        self.delay();
    }
}

struct Ticket {
    queue: Queue,
    place: QueueKey,
    position: watch::Receiver<Position>,
    claimed: bool,
}

impl Ticket {
    fn into_slot(mut self) -> Slot {
        self.claimed = true;
        Slot { queue: self.queue.clone(), since: Instant::now() }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.claimed {
            self.queue.leave(self.place);
        }
    }
}

/// The right to generate. Dropping it admits the next waiter.
#[derive(Debug)]
pub(crate) struct Slot {
    queue: Queue,
    since: Instant,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.queue.release(self.since.elapsed());
    }
}

#[cfg(test)]
mod tests;
