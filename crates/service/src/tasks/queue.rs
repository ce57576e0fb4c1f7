//! The queue in front of generation: calls of an owner are admitted in the order in which they began, turns go round the
//! owners, and each waiter is notified of its position.
//!
//! A model server runs a few requests at a time and queues the rest without reporting it. This queue reports the position,
//! and a caller can leave it. Each process has its own.
//!
//! A call reserves its place when it begins and enters when its request is ready, so a later call that is ready first does
//! not overtake it. Dropping the reservation frees the place. `order` says who is next. A caller that runs as many calls as
//! it may does not hold up others: its further calls are skipped until one of its own has ended.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::Caller;
use crate::caller::Account;
use crate::error::{ErrorCode, ServiceError};
use crate::hint::Action;
use order::{Lines, Next, Number};
use platform::sync::lock;
use types::Owner;

mod order;
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
    /// Maximum number of requests that wait. Half as many more may wait of owners with few of them.
    waiting: usize,
    /// One state, as admission looks at all of it; held for a walk over the waiters, never across an await.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    next_number: Number,
    lines: Lines,
    /// The calls that wait, and those that are about to enter: a slot is kept free for each of these.
    calls: BTreeMap<Number, Call>,
    /// How many of the calls wait.
    waiting: usize,
    /// The running requests of callers that have such a limit.
    running_of: HashMap<Account, usize>,
    /// The moving mean of how long slots were held.
    mean_run: Option<Duration>,
}

/// Whose call it is, and what its caller may do.
#[derive(Debug, Clone)]
struct Standing {
    owner: Owner,
    priority: i32,
    /// Requests of the caller that may run concurrently.
    limit: Option<(Account, usize)>,
}

#[derive(Debug)]
struct Call {
    standing: Standing,
    /// `None` while it is about to enter.
    waiter: Option<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    label: QueueLabel,
    since: Instant,
    position: watch::Sender<Position>,
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

impl State {
    fn insert(&mut self, number: Number, standing: &Standing, waiter: Option<Waiter>) {
        self.lines.insert(standing.priority, &standing.owner, number, waiter.is_some());
        self.waiting += usize::from(waiter.is_some());
        let call = Call { standing: standing.clone(), waiter };
        if let Some(before) = self.calls.insert(number, call) {
            self.waiting -= usize::from(before.waiter.is_some());
        }
    }

    fn remove(&mut self, number: Number) -> Option<Call> {
        let call = self.calls.remove(&number)?;
        self.waiting -= usize::from(call.waiter.is_some());
        self.lines.remove(call.standing.priority, &call.standing.owner, number);
        Some(call)
    }

    fn is_waiting(&self, number: Number) -> bool {
        self.calls.get(&number).is_some_and(|call| call.waiter.is_some())
    }

    /// Whether the caller of a call may run it now: it may not where those before take all that its limit allows.
    fn readiness(&self) -> impl FnMut(Number) -> bool {
        let mut ahead: HashMap<&Account, usize> = HashMap::new();
        move |number| {
            let Some((account, limit)) =
                self.calls.get(&number).and_then(|call| call.standing.limit.as_ref())
            else {
                return true;
            };
            let ahead = ahead.entry(account).or_default();
            *ahead += 1;
            self.running_of.get(account).copied().unwrap_or_default() + *ahead <= *limit
        }
    }

    /// Gives a slot to a waiter.
    fn start(&mut self, next: &Next) {
        let Some(call) = self.calls.get(&next.number) else { return };
        self.lines.admitted(call.standing.priority, &call.standing.owner, next);
        let Some(call) = self.remove(next.number) else { return };
        if let Some((account, _)) = call.standing.limit {
            *self.running_of.entry(account).or_default() += 1;
        }
        self.running += 1;
        // Its receiver lives until it has left the queue, so this is always received.
        if let Some(waiter) = call.waiter {
            waiter.position.send_replace(Position::Turn);
        }
    }

    /// Takes a slot back.
    fn end(&mut self, standing: &Standing) {
        self.running -= 1;
        self.lines.ended(standing.priority, &standing.owner);
        if let Some((account, _)) = &standing.limit
            && let Some(running) = self.running_of.get_mut(account)
        {
            *running -= 1;
            if *running == 0 {
                self.running_of.remove(account);
            }
        }
    }
}

impl Queue {
    /// A queue that lets `concurrent` run and `waiting` wait.
    pub(crate) fn new(concurrent: usize, waiting: usize) -> Self {
        Self(Arc::new(Shared { concurrent: concurrent.max(1), waiting, state: Mutex::default() }))
    }

    /// Reserves the caller's next place in the order. Until it is entered, delayed or dropped, no later call takes the last slot.
    pub(crate) fn reserve(&self, caller: &Caller) -> Reservation {
        let limits = &caller.limits;
        let limit = limits
            .concurrency
            .map(|limit| (caller.account(), usize::try_from(limit).unwrap_or(usize::MAX).max(1)));
        let standing = Standing { owner: caller.owner.clone(), priority: limits.priority, limit };
        let mut state = self.lock();
        let number = state.next_number;
        state.next_number += 1;
        state.insert(number, &standing, None);
        drop(state);
        Reservation { queue: self.clone(), number, standing }
    }

    fn take(
        &self,
        number: Number,
        standing: &Standing,
        label: impl FnOnce() -> QueueLabel,
    ) -> Result<Ticket, ServiceError> {
        let mut state = self.lock();
        if self.free(&state) == 0 {
            self.check_room(&mut state, number, &standing.owner)?;
        }
        let position = watch::Sender::new(Position::Next);
        let receiver = position.subscribe();
        let waiter = Waiter { label: QueueLabel::default(), since: Instant::now(), position };
        state.insert(number, standing, Some(waiter));
        self.admit(&mut state);
        if state.is_waiting(number) {
            self.check_room(&mut state, number, &standing.owner)?;
        }
        // Most calls do not wait, and need no label.
        if let Some(waiter) = state.calls.get_mut(&number).and_then(|call| call.waiter.as_mut()) {
            waiter.label = label();
        }
        drop(state);
        let standing = standing.clone();
        Ok(Ticket { queue: self.clone(), number, standing, position: receiver, claimed: false })
    }

    /// Refuses a call where too many wait. An owner with few of them is refused last, so no other one can keep it out.
    fn check_room(&self, state: &mut State, number: Number, owner: &Owner) -> Result<(), ServiceError> {
        let itself = usize::from(state.is_waiting(number));
        // Those for whom a slot is kept do not count as waiting.
        if state.waiting - itself < self.0.waiting.saturating_add(self.free(state)) {
            return Ok(());
        }
        let (running, waiting) = state.lines.counts_of(owner);
        let waiting = waiting - itself;
        let owners = state.lines.owners_that_wait() + usize::from(waiting + itself == 0);
        if owners > 1 && waiting < self.0.waiting / (2 * owners) {
            return Ok(());
        }
        self.give_up(state, number);
        Err(ServiceError::new(
            ErrorCode::Overloaded,
            format!(
                "{running} of your completions are running and {waiting} are waiting, which is the limit"
            ),
        )
        .with_hint(Action::WaitOrRaiseConcurrency))
    }

    /// Removes a call for which a slot may be kept.
    fn give_up(&self, state: &mut State, number: Number) {
        // Without a free slot nobody waits for this one.
        if state.remove(number).is_some() && self.free(state) > 0 {
            self.admit(state);
        }
    }

    /// Gives free slots to those who wait, in their order, and announces the positions of the others.
    fn admit(&self, state: &mut State) {
        if state.waiting == 0 {
            return;
        }
        // A slot is kept for each one that is about to enter.
        let ready = state.lines.order(state.readiness()).filter(|next| next.is_ready);
        let turns: Vec<_> = ready.take(self.free(state)).collect();
        for next in &turns {
            if state.is_waiting(next.number) {
                state.start(next);
            }
        }
        for (_, waiter, position) in self.positions(state) {
            waiter.position.send_if_modified(|announced| std::mem::replace(announced, position) != position);
        }
    }

    fn free(&self, state: &State) -> usize {
        self.0.concurrent.saturating_sub(state.running)
    }

    fn release(&self, standing: &Standing, ran: Duration) {
        let mut state = self.lock();
        state.end(standing);
        state.record_run(ran);
        self.admit(&mut state);
    }

    /// A waiter that is dropped: it leaves, or gives back the slot that was reserved for it.
    fn leave(&self, number: Number, standing: &Standing) {
        let mut state = self.lock();
        if state.remove(number).is_none() {
            state.end(standing);
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
    number: Number,
    standing: Standing,
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
        let mut ticket = self.queue.take(self.number, &self.standing, label)?;
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
        if !state.is_waiting(self.number) {
            self.queue.give_up(&mut state, self.number);
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.delay();
    }
}

struct Ticket {
    queue: Queue,
    number: Number,
    standing: Standing,
    position: watch::Receiver<Position>,
    claimed: bool,
}

impl Ticket {
    fn into_slot(mut self) -> Slot {
        self.claimed = true;
        Slot { queue: self.queue.clone(), standing: self.standing.clone(), since: Instant::now() }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.claimed {
            self.queue.leave(self.number, &self.standing);
        }
    }
}

/// The right to generate. Dropping it admits the next waiter.
#[derive(Debug)]
pub(crate) struct Slot {
    queue: Queue,
    standing: Standing,
    since: Instant,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.queue.release(&self.standing, self.since.elapsed());
    }
}

#[cfg(test)]
mod tests;
