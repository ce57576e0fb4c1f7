//! Figures of completions that have ended, for those that count them.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::{Caller, ErrorCode};
use platform::sync::lock;
use types::Usage;

/// What has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedKind {
    Completion,
    Embeddings,
}

/// A completion that has ended, in figures. Embeddings are one, too.
#[derive(Debug, Clone)]
pub struct EndedCompletion {
    pub kind: EndedKind,
    pub caller: Caller,
    /// The model that was asked; empty where none was chosen.
    pub model: String,
    /// Why it failed; `None` where the reply is complete.
    pub error: Option<ErrorCode>,
    /// The server's own counts; it gives none of a reply that did not reach its end.
    pub usage: Usage,
    /// Chunks of the reply, about one for each token.
    pub chunks: u64,
    /// The time in the queue.
    pub queued: Duration,
    /// From the start of the call to the first chunk of the reply.
    pub first_chunk: Option<Duration>,
    /// How long the model read the prompt and wrote the reply, by the server's own times where it gives them.
    pub generation: Duration,
}

/// What is called at each end.
type Observer = Arc<dyn Fn(&EndedCompletion) + Send + Sync>;

/// Those that are told of each end. The list is copied at each report, and most often empty.
#[derive(Default)]
pub(crate) struct EndObservers(Mutex<Arc<[Observer]>>);

impl EndObservers {
    pub(crate) fn add(&self, observer: Observer) {
        let mut observers = lock(&self.0);
        *observers = observers.iter().cloned().chain([observer]).collect();
    }

    /// Reports an end. The figures are made only where somebody wants them.
    pub(crate) fn report(&self, figures: impl FnOnce() -> EndedCompletion) {
        let observers = Arc::clone(&lock(&self.0));
        if observers.is_empty() {
            return;
        }
        let figures = figures();
        observers.iter().for_each(|observer| observer(&figures));
    }
}

impl fmt::Debug for EndObservers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EndObservers").field(&lock(&self.0).len()).finish()
    }
}
