//! The queue in front of generation: calls of an owner are admitted in the order in which they began, turns go round the
//! owners, and each waiter is told its position.
//!
//! A model server runs a few requests at a time and queues the rest without reporting it. This queue reports the position,
//! and a caller can leave it. Each process has its own.
//!
//! A call reserves its place when it begins and enters when its request is ready, so a later call that is ready first does
//! not overtake it. Dropping the reservation frees the place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

use crate::error::{ErrorCode, ServiceError};
use crate::hint::Action;
use platform::sync::lock;
use types::Owner;

/// The queue. Clones are the same queue.
#[derive(Debug, Clone)]
pub(crate) struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Requests that run at once.
    concurrent: usize,
    /// Requests that may wait.
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
    /// The last round in which each owner has a place, where that is still to come.
    last_rounds: HashMap<Owner, u64>,
    /// The places of calls that are about to enter: a slot is kept free for each of them.
    expected: BTreeSet<Place>,
    waiters: BTreeMap<Place, watch::Sender<Position>>,
}

/// A place in the order. Turns go round the owners: each has one place in a round. So the calls of one owner keep their
/// order, and an owner with many calls does not keep another waiting for all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    round: u64,
    number: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// A slot is free, and reserved for a call that began earlier.
    Next,
    /// The number of requests ahead, running or waiting.
    Behind(usize),
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
        state.last_rounds.retain(|_, last| *last > now);
        let round = state.last_rounds.get(owner).map_or(now, |last| *last) + 1;
        state.last_rounds.insert(owner.clone(), round);
        let place = Place { round, number };
        state.expected.insert(place);
        drop(state);
        Reservation { queue: self.clone(), place }
    }

    fn take(&self, place: Place) -> Result<Ticket, ServiceError> {
        let mut state = self.lock();
        state.expected.remove(&place);
        let position = watch::Sender::new(Position::Next);
        let receiver = position.subscribe();
        state.waiters.insert(place, position);
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
            let round = first.key().round;
            first.remove().send_replace(Position::Turn);
            state.round = state.round.max(round);
            state.running += 1;
        }
        let (running, free) = (state.running, self.free(state));
        for (index, waiter) in state.waiters.values().enumerate() {
            let position = if free == 0 { Position::Behind(running + index) } else { Position::Next };
            waiter.send_if_modified(|announced| std::mem::replace(announced, position) != position);
        }
    }

    fn free(&self, state: &State) -> usize {
        self.0.concurrent.saturating_sub(state.running)
    }

    fn release(&self) {
        let mut state = self.lock();
        state.running -= 1;
        self.admit(&mut state);
    }

    /// A waiter that is dropped: it leaves, or gives back the slot that was reserved for it.
    fn leave(&self, place: Place) {
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
    place: Place,
}

impl Reservation {
    /// Waits for a slot. `on_position` gets the number of requests ahead, immediately and at each change; it is not called
    /// with 0. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// `overloaded` where too many wait already.
    pub(crate) async fn enter(&self, mut on_position: impl FnMut(usize)) -> Result<Slot, ServiceError> {
        let mut ticket = self.queue.take(self.place)?;
        loop {
            let position = *ticket.position.borrow_and_update();
            match position {
                Position::Turn => return Ok(ticket.into_slot()),
                Position::Behind(ahead) => on_position(ahead),
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
        self.delay();
    }
}

struct Ticket {
    queue: Queue,
    place: Place,
    position: watch::Receiver<Position>,
    claimed: bool,
}

impl Ticket {
    fn into_slot(mut self) -> Slot {
        self.claimed = true;
        Slot(self.queue.clone())
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
pub(crate) struct Slot(Queue);

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.release();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        future.now_or_never()
    }

    /// Enters in the order of the calls.
    async fn enter(queue: &Queue) -> Result<Slot, ServiceError> {
        queue.reserve(&Owner::local()).enter(|_| {}).await
    }

    #[tokio::test]
    async fn waiters_are_served_in_order_and_know_positions() {
        let queue = Queue::new(1, 10);
        let first =
            now(queue.reserve(&Owner::local()).enter(|_| panic!("nobody is ahead"))).unwrap().unwrap();
        let (positions, mut notified) = tokio::sync::mpsc::unbounded_channel();
        let wait = |name: &'static str| {
            let (place, positions) = (queue.reserve(&Owner::local()), positions.clone());
            tokio::spawn(
                async move { place.enter(|ahead| positions.send((name, ahead)).unwrap()).await.unwrap() },
            )
        };
        let second = wait("second");
        assert_eq!(notified.recv().await, Some(("second", 1)));
        let third = wait("third");
        assert_eq!(notified.recv().await, Some(("third", 2)));
        drop(first);
        let second = second.await.unwrap();
        assert_eq!(notified.recv().await, Some(("third", 1)));
        assert!(!third.is_finished());
        drop(second);
        third.await.unwrap();
    }

    #[tokio::test]
    async fn dropping_waiter_releases_position() {
        let queue = Queue::new(1, 10);
        let first = enter(&queue).await.unwrap();
        let mut second = Box::pin(enter(&queue));
        let mut third = Box::pin(enter(&queue));
        assert!(now(&mut second).is_none() && now(&mut third).is_none());
        drop(second);
        drop(first);
        assert!(now(third).is_some());
    }

    #[tokio::test]
    async fn slot_reserved_for_dropped_waiter_goes_to_next() {
        let queue = Queue::new(1, 10);
        let first = enter(&queue).await.unwrap();
        let mut second = Box::pin(enter(&queue));
        let mut third = Box::pin(enter(&queue));
        assert!(now(&mut second).is_none() && now(&mut third).is_none());
        drop(first); // the slot is second's now, which does not look
        drop(second);
        assert!(now(third).is_some());
        assert_eq!(queue.lock().running, 0);
    }

    #[tokio::test]
    async fn too_many_waiters_are_refused() {
        let queue = Queue::new(1, 1);
        let _first = enter(&queue).await.unwrap();
        let mut second = Box::pin(enter(&queue));
        assert!(now(&mut second).is_none());
        let refused = enter(&queue).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Overloaded);
        assert!(refused.text().starts_with("1 completions are running and 1 are waiting"));
    }

    #[tokio::test]
    async fn last_slot_is_reserved_for_earliest_call() {
        let queue = Queue::new(2, 0);
        let (first, second, third) =
            (queue.reserve(&Owner::local()), queue.reserve(&Owner::local()), queue.reserve(&Owner::local()));
        let mut third_entering = Box::pin(third.enter(|_| panic!("nobody runs")));
        assert!(now(&mut third_entering).is_none());
        let first_slot = now(first.enter(|_| {})).unwrap().unwrap();
        let _second_slot = now(second.enter(|_| {})).unwrap().unwrap();
        drop(third_entering);
        drop(first_slot);
        assert!(now(third.enter(|_| {})).unwrap().is_ok());
    }

    #[tokio::test]
    async fn ended_or_delayed_call_blocks_nobody() {
        let queue = Queue::new(1, 10);
        let (gone, delayed, third) =
            (queue.reserve(&Owner::local()), queue.reserve(&Owner::local()), queue.reserve(&Owner::local()));
        let mut entering = Box::pin(third.enter(|_| {}));
        assert!(now(&mut entering).is_none());
        drop(gone);
        assert!(now(&mut entering).is_none());
        delayed.delay();
        let slot = now(&mut entering).unwrap().unwrap();
        // It is still before those that began after it.
        let fourth = queue.reserve(&Owner::local());
        let mut fourth = Box::pin(fourth.enter(|_| {}));
        let mut second = Box::pin(delayed.enter(|_| {}));
        assert!(now(&mut fourth).is_none() && now(&mut second).is_none());
        drop(slot);
        assert!(now(&mut fourth).is_none());
        drop(now(second).unwrap().unwrap());
        assert!(now(fourth).is_some());
    }

    #[tokio::test]
    async fn uncontended_slots_are_granted_immediately() {
        let queue = Queue::new(4, 10);
        let _choosing = [queue.reserve(&Owner::local()), queue.reserve(&Owner::local())];
        let _third = now(enter(&queue)).unwrap().unwrap();
        let _fourth = now(enter(&queue)).unwrap().unwrap();
        assert!(now(enter(&queue)).is_none(), "the last two are kept");
    }

    #[tokio::test]
    async fn turns_go_round_the_owners() {
        let queue = Queue::new(1, 10);
        let [ann, bob] = ["ann", "bob"].map(|name| Owner::new(name).unwrap());
        let running = now(queue.reserve(&ann).enter(|_| {})).unwrap().unwrap();
        let order = std::cell::RefCell::new(Vec::new());
        let places = [("ann 1", &ann), ("ann 2", &ann), ("ann 3", &ann), ("bob 1", &bob), ("bob 2", &bob)];
        let calls = places.map(|(name, owner)| {
            let (place, order) = (queue.reserve(owner), &order);
            async move {
                let _slot = place.enter(|_| {}).await.unwrap();
                order.borrow_mut().push(name);
            }
        });
        let mut all = Box::pin(futures_util::future::join_all(calls));
        assert!(now(&mut all).is_none());
        drop(running);
        all.await;
        assert_eq!(order.into_inner(), ["ann 1", "bob 1", "ann 2", "bob 2", "ann 3"]);
    }
}
