//! A limit on the memory of all calls that wait or run: their prompts, images and files.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::{ErrorCode, ServiceError};
use platform::sync::lock;
use types::Owner;

/// The limit for all calls together, in bytes. A single call may exceed it, within the other limits. Half as much more may be
/// held for owners that hold little, so that one owner cannot keep the others out.
const MAX_HELD: usize = 256 << 20;

/// The bytes that are held. Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Counts>>);

/// Read and written together, for a few instructions.
#[derive(Debug, Default)]
struct Counts {
    total: usize,
    of_owners: HashMap<Owner, usize>,
}

/// Bytes that are held until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    memory: Memory,
    owner: Owner,
    bytes: usize,
}

impl Memory {
    /// Counts bytes in.
    ///
    /// # Errors
    /// `overloaded` where so much is held, and by this owner, that these would be too many.
    pub(crate) fn hold(&self, owner: &Owner, bytes: usize) -> Result<Held, ServiceError> {
        let mut counts = lock(&self.0);
        let own = counts.of_owners.get(owner).copied().unwrap_or_default();
        let owners = counts.of_owners.len() + usize::from(own == 0);
        let is_full = counts.total > 0 && counts.total.saturating_add(bytes) > MAX_HELD;
        let is_small = owners > 1 && own.saturating_add(bytes) <= MAX_HELD / (2 * owners);
        if is_full && !is_small {
            return Err(ServiceError::new(
                ErrorCode::Overloaded,
                format!(
                    "Your calls that wait or run hold {own} bytes of prompts, images and files, and this one has {bytes} more; the \
                     calls of all together may hold {MAX_HELD}"
                ),
            )
            .with_hint("Try again when some have ended."));
        }
        if bytes > 0 {
            counts.total += bytes;
            *counts.of_owners.entry(owner.clone()).or_default() += bytes;
        }
        Ok(Held { memory: self.clone(), owner: owner.clone(), bytes })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.bytes == 0 {
            return;
        }
        let mut counts = lock(&self.memory.0);
        counts.total -= self.bytes;
        if let Some(own) = counts.of_owners.get_mut(&self.owner) {
            *own -= self.bytes;
            if *own == 0 {
                counts.of_owners.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let (memory, owner) = (Memory::default(), Owner::local());
        let alone = memory.hold(&owner, MAX_HELD + 1).unwrap();
        let refused = memory.hold(&owner, 1).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Overloaded);
        drop(alone);
        let first = memory.hold(&owner, MAX_HELD - 1).unwrap();
        assert!(memory.hold(&owner, 2).is_err());
        let second = memory.hold(&owner, 1).unwrap();
        drop((first, second));
        let counts = lock(&memory.0);
        assert_eq!((counts.total, counts.of_owners.len()), (0, 0));
    }

    #[test]
    fn owner_that_holds_all_keeps_nobody_out_and_nobody_learns_of_it() {
        let memory = Memory::default();
        let [ann, bob] = ["ann", "bob"].map(|name| Owner::new(name).unwrap());
        let _of_ann = memory.hold(&ann, MAX_HELD).unwrap();
        assert!(memory.hold(&ann, 1).is_err());
        let of_bob = memory.hold(&bob, 1 << 20).unwrap();
        let refused = memory.hold(&bob, MAX_HELD / 4).unwrap_err().text();
        assert!(refused.contains("hold 1048576 bytes"), "{refused}");
        drop(of_bob);
        assert!(memory.hold(&bob, MAX_HELD / 4).is_ok());
    }
}
