//! Work that runs on its own: it is queued, followed, fetched by its id, and cancelled. Nothing here knows of models.

pub mod cancel_on_drop;
pub mod documents_report;
pub mod handle;
pub mod id;
pub mod job;
mod latch;
pub mod memory;
pub mod observer;
pub mod queue;
pub mod registry;
pub mod reply;

use std::sync::Arc;

use crate::{Caller, ServiceError};
use memory::Memory;
use observer::EndedCompletion;
use queue::{Queue, QueueView};
use registry::{Registry, Task};
use settings::ChatSettings;

/// How much may run.
#[derive(Debug, Clone, Copy)]
pub struct TaskSettings {
    /// Completions that run at the same time; more wait for their turn.
    pub max_concurrent: usize,
    /// Completions that may wait.
    pub max_waiting: usize,
}

impl Default for TaskSettings {
    fn default() -> Self {
        Self { max_concurrent: ChatSettings::default().max_concurrent, max_waiting: 1024 }
    }
}

/// The work of this process.
#[derive(Debug)]
pub struct Tasks {
    pub(crate) registry: Arc<Registry>,
    pub(crate) queue: Queue,
    pub(crate) memory: Memory,
}

impl Tasks {
    pub(crate) fn new(settings: TaskSettings) -> Arc<Self> {
        Arc::new(Self {
            registry: Arc::default(),
            queue: Queue::new(settings.max_concurrent, settings.max_waiting),
            memory: Memory::default(),
        })
    }

    /// The caller's completion of an id, or without one the caller's newest whose end nobody has seen.
    ///
    /// # Errors
    /// `completion_not_found`.
    pub fn find(&self, caller: &Caller, id: Option<&str>) -> Result<Arc<Task>, ServiceError> {
        self.registry.find(&caller.owner, id)
    }

    /// The caller's turns of a conversation in this process, oldest first: those that run, and those that have ended.
    pub fn turns(&self, caller: &Caller, conversation: &str) -> Vec<Arc<Task>> {
        self.registry.turns(&caller.owner, conversation)
    }

    /// The caller's pulls and other transfers of models, oldest first.
    pub fn transfers(&self, caller: &Caller) -> Vec<Arc<Task>> {
        self.registry.transfers(&caller.owner)
    }

    /// Drops the caller's completion of an id, which is deleted. It is not cancelled.
    pub fn forget(&self, caller: &Caller, id: &str) {
        self.registry.forget(&caller.owner, id);
    }

    /// The queue, with the places of the caller's own requests.
    pub fn queue(&self, caller: &Caller) -> QueueView {
        self.queue.view(&caller.owner)
    }

    /// Has `observer` called at the end of each completion, before its callers learn of the end.
    pub fn observe_ends(&self, observer: impl Fn(&EndedCompletion) + Send + Sync + 'static) {
        self.registry.observers.add(Arc::new(observer));
    }

    /// Makes sure that one more completion of the caller may run with no call attached.
    ///
    /// # Errors
    /// `overloaded`.
    pub fn allow_background(&self, caller: &Caller) -> Result<(), ServiceError> {
        self.registry.allow_background(&caller.owner)
    }
}
