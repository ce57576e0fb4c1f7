//! Figures of completions that have ended, for a front that counts them.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use crate::ErrorCode;
use types::Usage;

/// A completion that has ended, in figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedCompletion {
    /// Why it failed; `None` where the reply is complete.
    pub error: Option<ErrorCode>,
    /// The server's own counts.
    pub usage: Usage,
    /// The time in the queue.
    pub queued: Duration,
    /// From the start of the call to the first chunk of the reply.
    pub first_chunk: Option<Duration>,
}

/// What is called at each end.
type Observer = Box<dyn Fn(EndedCompletion) + Send + Sync>;

/// The one that is told of each end, if there is one.
#[derive(Default)]
pub(crate) struct EndObserver(OnceLock<Observer>);

impl EndObserver {
    /// Sets the observer; the first one stays.
    pub(crate) fn set(&self, observer: Observer) {
        let _ = self.0.set(observer);
    }

    /// Reports an end. The figures are made only where somebody wants them.
    pub(crate) fn report(&self, figures: impl FnOnce() -> EndedCompletion) {
        if let Some(observer) = self.0.get() {
            observer(figures());
        }
    }
}

impl fmt::Debug for EndObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EndObserver").field(&self.0.get().is_some()).finish()
    }
}
