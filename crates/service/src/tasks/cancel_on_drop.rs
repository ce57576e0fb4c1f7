//! Cancels a completion when the call that started it ends.

use std::sync::Arc;

use crate::tasks::registry::Task;

/// Cancels its completion when it is dropped, unless it was detached.
#[derive(Debug)]
pub struct CancelOnDrop {
    completion: Arc<Task>,
    detached: bool,
}

impl CancelOnDrop {
    pub fn new(completion: Arc<Task>) -> Self {
        Self { completion, detached: false }
    }

    pub fn completion(&self) -> &Arc<Task> {
        &self.completion
    }

    /// Lets the completion continue after the call.
    pub fn detach(mut self) {
        self.detached = true;
        self.completion.state().detach();
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if !self.detached {
            self.completion.cancel();
        }
    }
}
