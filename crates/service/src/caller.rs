//! Who calls.

use std::sync::Arc;

use types::{Limits, Owner};

use crate::models::name::full_name;

/// The one on whose behalf a call is made. What it starts belongs to its owner, and it finds nothing of another's.
#[derive(Debug, Clone)]
pub struct Caller {
    pub owner: Owner,
    /// The id of the key that it has shown, by which its usage is counted.
    pub key: Option<Arc<str>>,
    pub limits: Arc<Limits>,
}

/// What a caller's own limits are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Account {
    Key(Arc<str>),
    Owner(Owner),
}

impl Caller {
    /// A caller without a key and without limits.
    pub fn new(owner: Owner) -> Self {
        Self { owner, key: None, limits: Arc::default() }
    }

    /// The user of this machine.
    pub fn local() -> Self {
        Self::new(Owner::local())
    }

    /// Whether errors may tell it addresses, paths, and steps with the server's settings. Callers without a credential may not
    /// learn them.
    pub fn may_see_places(&self) -> bool {
        !self.owner.is_guest()
    }

    /// Whether it is the same caller: the same owner by the same key. Its limits may have changed meanwhile.
    pub fn is(&self, other: &Self) -> bool {
        self.owner == other.owner && self.key == other.key
    }

    /// Whether its limits allow a model. One that they do not allow does not exist for it.
    pub fn may_use(&self, model: &str) -> bool {
        let is_it = |allowed: &String| full_name(allowed) == full_name(model);
        self.limits.models.as_ref().is_none_or(|models| models.iter().any(is_it))
    }

    pub(crate) fn account(&self) -> Account {
        match &self.key {
            Some(key) => Account::Key(Arc::clone(key)),
            None => Account::Owner(self.owner.clone()),
        }
    }
}
