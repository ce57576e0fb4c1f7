//! The queue in front of generation: first come, first served, each waiter told its place.
//!
//! A model server answers a few requests at a time and queues the rest in silence. Here the caller
//! sees the wait, and can leave. One queue a process: two hosts have two.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::error::{ErrorCode, ServiceError};

/// The queue. Clones are the same queue.
#[derive(Debug, Clone)]
pub(super) struct Queue(Arc<Shared>);

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
    next_id: u64,
    waiters: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    id: u64,
    place: watch::Sender<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// So many are before it, running or waiting.
    Behind(usize),
    /// A slot is held for it.
    Turn,
}

impl Queue {
    /// A queue that lets `concurrent` run and `waiting` wait.
    pub(super) fn new(concurrent: usize, waiting: usize) -> Self {
        Self(Arc::new(Shared { concurrent: concurrent.max(1), waiting, state: Mutex::default() }))
    }

    /// Waits for a slot. `on_place` is told at once, and whenever it changes, how many are ahead; it
    /// is not called where nobody is. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// `overloaded` where too many wait already.
    pub(super) async fn enter(&self, mut on_place: impl FnMut(usize)) -> Result<Slot, ServiceError> {
        let mut ticket = match self.take()? {
            Entry::Running(slot) => return Ok(slot),
            Entry::Waiting(ticket) => ticket,
        };
        loop {
            let place = *ticket.place.borrow_and_update();
            match place {
                Place::Turn => return Ok(ticket.into_slot()),
                Place::Behind(ahead) => on_place(ahead),
            }
            // The sender lives in the queue until the turn has come.
            if ticket.place.changed().await.is_err() {
                return Err(ServiceError::internal());
            }
        }
    }

    fn take(&self) -> Result<Entry, ServiceError> {
        let mut state = self.lock();
        if state.running < self.0.concurrent {
            state.running += 1;
            return Ok(Entry::Running(Slot(self.clone())));
        }
        if state.waiters.len() >= self.0.waiting {
            let (running, waiting) = (state.running, state.waiters.len());
            return Err(ServiceError::new(
                ErrorCode::Overloaded,
                format!("{running} completions run and {waiting} wait, as many as may"),
            )
            .with_hint("Try again when some have ended, or raise OLLAMA_MCP_MAX_CONCURRENT."));
        }
        let id = state.next_id;
        state.next_id += 1;
        let place = watch::Sender::new(Place::Behind(state.running + state.waiters.len()));
        let receiver = place.subscribe();
        state.waiters.push_back(Waiter { id, place });
        Ok(Entry::Waiting(Ticket { queue: self.clone(), id, place: receiver, claimed: false }))
    }

    /// Gives a slot that is free to who waits longest.
    fn release(&self) {
        let mut state = self.lock();
        match state.waiters.pop_front() {
            // Its receiver lives until it has left the queue, so this is always received.
            Some(waiter) => {
                waiter.place.send_replace(Place::Turn);
            }
            None => state.running -= 1,
        }
        state.tell_places();
    }

    /// A waiter that is dropped: it leaves, or gives back the slot that was held for it.
    fn leave(&self, id: u64) {
        let mut state = self.lock();
        let before = state.waiters.len();
        state.waiters.retain(|waiter| waiter.id != id);
        if state.waiters.len() < before {
            state.tell_places();
            return;
        }
        drop(state);
        self.release();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn tell_places(&self) {
        for (index, waiter) in self.waiters.iter().enumerate() {
            let place = Place::Behind(self.running + index);
            waiter.place.send_if_modified(|told| std::mem::replace(told, place) != place);
        }
    }
}

enum Entry {
    Running(Slot),
    Waiting(Ticket),
}

struct Ticket {
    queue: Queue,
    id: u64,
    place: watch::Receiver<Place>,
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
            self.queue.leave(self.id);
        }
    }
}

/// The right to generate. Dropping it lets the next one run.
#[derive(Debug)]
pub(super) struct Slot(Queue);

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

    #[tokio::test]
    async fn first_come_first_served_and_places_are_told() {
        let queue = Queue::new(1, 10);
        let first = now(queue.enter(|_| panic!("nobody is ahead"))).unwrap().unwrap();
        let (places, mut told) = tokio::sync::mpsc::unbounded_channel();
        let wait = |name: &'static str| {
            let (queue, places) = (queue.clone(), places.clone());
            tokio::spawn(
                async move { queue.enter(|ahead| places.send((name, ahead)).unwrap()).await.unwrap() },
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
    async fn who_leaves_frees_the_place() {
        let queue = Queue::new(1, 10);
        let first = queue.enter(|_| {}).await.unwrap();
        let mut second = Box::pin(queue.enter(|_| {}));
        let mut third = Box::pin(queue.enter(|_| {}));
        assert!(now(&mut second).is_none() && now(&mut third).is_none());
        drop(second);
        drop(first);
        assert!(now(third).is_some());
    }

    #[tokio::test]
    async fn a_slot_held_for_who_is_gone_goes_to_the_next() {
        let queue = Queue::new(1, 10);
        let first = queue.enter(|_| {}).await.unwrap();
        let mut second = Box::pin(queue.enter(|_| {}));
        let mut third = Box::pin(queue.enter(|_| {}));
        assert!(now(&mut second).is_none() && now(&mut third).is_none());
        drop(first); // the slot is second's now, which does not look
        drop(second);
        assert!(now(third).is_some());
        assert_eq!(queue.lock().running, 0);
    }

    #[tokio::test]
    async fn too_many_waiters_are_refused() {
        let queue = Queue::new(1, 1);
        let _first = queue.enter(|_| {}).await.unwrap();
        let mut second = Box::pin(queue.enter(|_| {}));
        assert!(now(&mut second).is_none());
        let refused = queue.enter(|_| {}).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::Overloaded);
        assert!(refused.text().starts_with("1 completions run and 1 wait"));
    }
}
