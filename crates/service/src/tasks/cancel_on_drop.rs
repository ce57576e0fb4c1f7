//! The tie between a call and the completion that it started.

use std::sync::Arc;

use crate::tasks::registry::Task;

/// A call that waits for the completion that it started; unless it lets go, both end together.
#[derive(Debug)]
pub struct CancelOnDrop {
    completion: Arc<Task>,
    detached: bool,
}

impl CancelOnDrop {
    /// Attaches a call to its completion.
    pub fn new(completion: Arc<Task>) -> Self {
        Self { completion, detached: false }
    }

    /// The completion.
    pub fn completion(&self) -> &Arc<Task> {
        &self.completion
    }

    /// The call ends and the completion goes on.
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
