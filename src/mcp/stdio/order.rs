//! The order of the lines, for calls that have to begin in it.
//!
//! rmcp runs each request in a task of its own, and these are first polled in any order. A call's line gets its turn
//! here when it is read; a call that generates waits until every call before it has begun, was refused or is gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Turns that may be open. A call's own work before its turn passes is short, so the reader seldom waits; without a bound
/// a flood of lines is read faster than its calls begin, and fills the table of requests in flight.
const MAX_OPEN: usize = 512;

/// The turns of one connection. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct LineOrder(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    open: Mutex<Open>,
    /// Wakes the reader when a turn has passed.
    passed: Notify,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    /// The turns that have not passed, and what wakes each when it comes first.
    turns: BTreeMap<u64, Arc<Notify>>,
}

impl LineOrder {
    /// Waits until one more turn may be open. Only the reader waits here.
    pub(super) async fn room(&self) {
        while self.lock().turns.len() >= MAX_OPEN {
            // The permit is stored where it comes between the look and the wait.
            self.0.passed.notified().await;
        }
    }

    /// The turn of the line that is read now.
    pub(super) fn next(&self) -> LineTurn {
        let first = Arc::new(Notify::new());
        let mut open = self.lock();
        let number = open.next;
        open.next += 1;
        open.turns.insert(number, Arc::clone(&first));
        drop(open);
        LineTurn(Arc::new(Turn { order: self.clone(), number, first }))
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's turn to begin. It passes when the call says so, or with its last clone: nobody waits for one that is gone.
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
            // The permit is stored where it comes between the look and the wait.
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
        if open.turns.remove(&self.number).is_none() {
            return;
        }
        if let Some((_, first)) = open.turns.first_key_value() {
            first.notify_one();
        }
        drop(open);
        self.order.0.passed.notify_one();
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
    async fn a_turn_comes_when_those_before_it_have_passed_or_are_gone() {
        let order = LineOrder::default();
        let (first, second, third, fourth) = (order.next(), order.next(), order.next(), order.next());
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
    async fn the_reader_waits_while_too_many_turns_are_open() {
        let order = LineOrder::default();
        let mut turns: Vec<_> = (0..MAX_OPEN).map(|_| order.next()).collect();
        let mut room = Box::pin(order.room());
        assert!((&mut room).now_or_never().is_none());
        turns.pop();
        assert!(room.now_or_never().is_some());
    }

    #[test]
    fn a_turn_that_has_passed_is_forgotten() {
        let order = LineOrder::default();
        let turns: Vec<_> = (0..10).map(|_| order.next()).collect();
        turns.iter().for_each(LineTurn::pass);
        assert!(order.lock().turns.is_empty());
        drop((order.next(), order.next().clone()));
        assert!(order.lock().turns.is_empty());
    }
}
