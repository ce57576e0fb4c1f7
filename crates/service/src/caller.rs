//! Who calls.

use std::sync::Arc;

use types::{Limits, Owner, Rights};

/// The one on whose behalf a call is made. What it starts belongs to its owner, and it finds nothing of another's.
#[derive(Debug, Clone)]
pub struct Caller {
    pub owner: Owner,
    /// The id of the key that it has shown, by which its usage is counted.
    pub key: Option<Arc<str>>,
    pub limits: Arc<Limits>,
    pub rights: Rights,
}

impl Caller {
    /// A caller without a key and without limits, who may do everything.
    pub fn new(owner: Owner) -> Self {
        Self { owner, key: None, limits: Arc::default(), rights: Rights::All }
    }

    /// The user of this machine.
    pub fn local() -> Self {
        Self::new(Owner::local())
    }

    /// Whether it is the same caller: the same owner by the same key. Its limits and rights may have changed meanwhile.
    pub fn is(&self, other: &Self) -> bool {
        self.owner == other.owner && self.key == other.key
    }
}
