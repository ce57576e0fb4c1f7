//! Who calls.

use types::Owner;

/// The one on whose behalf a call is made. What it starts belongs to its owner, and it finds nothing of another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    pub owner: Owner,
}

impl Caller {
    /// The user of this machine.
    pub fn local() -> Self {
        Self { owner: Owner::local() }
    }
}
