//! The tie between a call and the completion that it started.

use std::sync::Arc;

use crate::tasks::registry::Registered;

/// A call that waits for the completion that it started; unless it lets go, both end together.
#[derive(Debug)]
pub struct Tie {
    completion: Arc<Registered>,
    let_go: bool,
}

impl Tie {
    /// Attaches a call to its completion.
    pub fn new(completion: Arc<Registered>) -> Self {
        Self { completion, let_go: false }
    }

    /// The completion.
    pub fn completion(&self) -> &Arc<Registered> {
        &self.completion
    }

    /// The call ends and the completion goes on.
    pub fn let_go(mut self) {
        self.let_go = true;
        self.completion.control().detach();
    }
}

impl Drop for Tie {
    fn drop(&mut self) {
        if !self.let_go {
            self.completion.cancel();
        }
    }
}
