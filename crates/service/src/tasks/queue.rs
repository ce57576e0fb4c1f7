//! The queue in front of generation: calls are admitted in the order in which they began, each waiter told its position.
//!
//! A model server answers a few requests at a time and queues the rest in silence. Here the caller
//! sees the wait, and can leave. One queue a process: two hosts have two.
//!
//! A call reserves its place when it begins and enters when it has what it needs, so a later call that is ready a
//! moment sooner does not overtake it. A reservation ends with the call, however that ends.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::error::{ErrorCode, ServiceError};
use crate::hint::Action;

/// The queue. Clones are the same queue.
#[derive(Debug, Clone)]
pub(crate) struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Requests that run at once.
    concurrent: usize,
    /// Requests that may wait.
    waiting: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    next_number: u64,
    /// The numbers of calls that are about to enter: a slot is kept free for each of them.
    expected: BTreeSet<u64>,
    /// By their numbers.
    waiters: BTreeMap<u64, watch::Sender<Position>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Position {
    /// A slot is free, and kept for a call that began before.
    Next,
    /// So many are before it, running or waiting.
    Behind(usize),
    /// Its slot is reserved.
    Turn,
}

impl Queue {
    /// A queue that lets `concurrent` run and `waiting` wait.
    pub(crate) fn new(concurrent: usize, waiting: usize) -> Self {
        Self(Arc::new(Shared { concurrent: concurrent.max(1), waiting, state: Mutex::default() }))
    }

    /// Reserves the next place in the order. Until it is entered, delayed or dropped, no later call takes the last slot.
    pub(crate) fn reserve(&self) -> Reservation {
        let mut state = self.lock();
        let number = state.next_number;
        state.next_number += 1;
        state.expected.insert(number);
        drop(state);
        Reservation { queue: self.clone(), number }
    }

    fn take(&self, number: u64) -> Result<Ticket, ServiceError> {
        let mut state = self.lock();
        state.expected.remove(&number);
        let position = watch::Sender::new(Position::Next);
        let receiver = position.subscribe();
        state.waiters.insert(number, position);
        self.admit(&mut state);
        let free = self.free(&state);
        // Those for whom a slot is kept do not count as waiting.
        if state.waiters.contains_key(&number) && state.waiters.len() > self.0.waiting + free {
            state.waiters.remove(&number);
            let (running, waiting) = (state.running, state.waiters.len());
            return Err(ServiceError::new(
                ErrorCode::Overloaded,
                format!("{running} completions are running and {waiting} are waiting, which is the limit"),
            )
            .with_hint(Action::WaitOrRaiseConcurrency));
        }
        drop(state);
        Ok(Ticket { queue: self.clone(), number, position: receiver, claimed: false })
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
            first.remove().send_replace(Position::Turn);
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
    fn leave(&self, number: u64) {
        let mut state = self.lock();
        if state.waiters.remove(&number).is_none() {
            state.running -= 1;
        }
        self.admit(&mut state);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's place in the order. It stays the call's own when that enters again.
#[derive(Debug)]
pub(crate) struct Reservation {
    queue: Queue,
    number: u64,
}

impl Reservation {
    /// Waits for a slot. `on_position` is told at once, and whenever it changes, how many are ahead; it
    /// is not called where nobody is. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// `overloaded` where too many wait already.
    pub(crate) async fn enter(&self, mut on_position: impl FnMut(usize)) -> Result<Slot, ServiceError> {
        let mut ticket = self.queue.take(self.number)?;
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

    /// It will be a while before the call enters (it reads files, it waits for another turn): others need not wait for it.
    pub(crate) fn delay(&self) {
        let mut state = self.queue.lock();
        if state.expected.remove(&self.number) {
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
    number: u64,
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
            self.queue.leave(self.number);
        }
    }
}

/// The right to generate. Dropping it lets the next one run.
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
        queue.reserve().enter(|_| {}).await
    }

    #[tokio::test]
    async fn waiters_are_served_in_order_and_know_positions() {
        let queue = Queue::new(1, 10);
        let first = now(queue.reserve().enter(|_| panic!("nobody is ahead"))).unwrap().unwrap();
        let (positions, mut told) = tokio::sync::mpsc::unbounded_channel();
        let wait = |name: &'static str| {
            let (place, positions) = (queue.reserve(), positions.clone());
            tokio::spawn(
                async move { place.enter(|ahead| positions.send((name, ahead)).unwrap()).await.unwrap() },
            )
        };
        let second = wait("second");
        assert_eq!(told.recv().await, Some(("second", 1)));
        let third = wait("third");
        assert_eq!(told.recv().await, Some(("third", 2)));
        drop(first);
        let second = second.await.unwrap();
        assert_eq!(told.recv().await, Some(("third", 1)));
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
        let (first, second, third) = (queue.reserve(), queue.reserve(), queue.reserve());
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
        let (gone, delayed, third) = (queue.reserve(), queue.reserve(), queue.reserve());
        let mut entering = Box::pin(third.enter(|_| {}));
        assert!(now(&mut entering).is_none());
        drop(gone);
        assert!(now(&mut entering).is_none());
        delayed.delay();
        let slot = now(&mut entering).unwrap().unwrap();
        // It is still before those that began after it.
        let fourth = queue.reserve();
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
        let _choosing = [queue.reserve(), queue.reserve()];
        let _third = now(enter(&queue)).unwrap().unwrap();
        let _fourth = now(enter(&queue)).unwrap().unwrap();
        assert!(now(enter(&queue)).is_none(), "the last two are kept");
    }
}
