//! The order of calls on a connection, for calls that must begin in the order of their lines.
//!
//! rmcp runs each request in a task of its own, and the tasks are first polled in any order. Each call gets its turn when
//! its line is read; a call that needs the order waits until every call before it has begun, failed or was dropped.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use platform::sync::lock;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// Maximum number of calls that were read and have not begun. Beginning takes no time, so reading waits for it; this
/// bounds the memory under a flood.
const MAX_OPEN: usize = 64;

/// The turns of one connection. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct LineOrder {
    /// A standard mutex: held for one change of the table, never across an await.
    open: Arc<Mutex<Open>>,
    room: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    /// The turns that have not passed, and the waker of each for when it is the first.
    turns: BTreeMap<u64, (Arc<Notify>, Option<OwnedSemaphorePermit>)>,
}

impl LineOrder {
    /// The order of a new connection.
    pub(crate) fn new() -> Self {
        Self { open: Arc::default(), room: Arc::new(Semaphore::new(MAX_OPEN)) }
    }

    /// The turn of the next line, once there is room for it.
    pub(crate) async fn next(&self) -> LineTurn {
        // The semaphore is never closed.
        let room = Arc::clone(&self.room).acquire_owned().await.ok();
        let first = Arc::new(Notify::new());
        let mut open = self.lock();
        let number = open.next;
        open.next += 1;
        open.turns.insert(number, (Arc::clone(&first), room));
        drop(open);
        LineTurn(Arc::new(Turn { order: self.clone(), number, first }))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        lock(&self.open)
    }
}

/// A call's turn to begin. It passes when the call has begun, or when its last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct LineTurn(Arc<Turn>);

#[derive(Debug)]
struct Turn {
    order: LineOrder,
    number: u64,
    first: Arc<Notify>,
}

impl LineTurn {
    /// Waits until the turns of all lines before this one have passed.
    pub(crate) async fn come(&self) {
        let turn = &self.0;
        while turn.order.lock().turns.first_key_value().is_some_and(|(first, _)| *first < turn.number) {
            // A notification between the check and the wait is stored.
            turn.first.notified().await;
        }
    }

    /// Lets the next one begin.
    pub(crate) fn pass(&self) {
        self.0.pass();
    }
}

impl Turn {
    fn pass(&self) {
        let mut open = self.order.lock();
        if open.turns.remove(&self.number).is_some()
            && let Some((_, (first, _))) = open.turns.first_key_value()
        {
            first.notify_one();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.pass();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn turn_comes_after_earlier_ones_have_passed_or_ended() {
        let order = LineOrder::new();
        let (first, second) = (order.next().await, order.next().await);
        let (third, fourth) = (order.next().await, order.next().await);
        assert!(first.come().now_or_never().is_some());
        let mut third_comes = Box::pin(third.come());
        let mut fourth_comes = Box::pin(fourth.come());
        assert!((&mut third_comes).now_or_never().is_none());
        assert!((&mut fourth_comes).now_or_never().is_none());
        drop(second);
        assert!((&mut third_comes).now_or_never().is_none(), "the first has not passed");
        first.pass();
        assert!((&mut third_comes).now_or_never().is_some());
        assert!((&mut fourth_comes).now_or_never().is_none());
        third.pass();
        assert!((&mut fourth_comes).now_or_never().is_some());
    }

    #[tokio::test]
    async fn reading_waits_until_calls_begin() {
        let order = LineOrder::new();
        let mut turns = Vec::new();
        for _ in 0..MAX_OPEN {
            turns.push(order.next().await);
        }
        let mut next = Box::pin(order.next());
        assert!((&mut next).now_or_never().is_none());
        turns[7].pass();
        let next = (&mut next).now_or_never().unwrap();
        turns.push(next.clone());
        drop((turns, next));
        assert!(order.lock().turns.is_empty(), "what has passed is forgotten");
        assert_eq!(order.room.available_permits(), MAX_OPEN);
    }
}
