//! A limit on the memory of all calls that wait or run: their prompts, images and files.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{ErrorCode, ServiceError};

/// The limit for all calls together, in bytes. A single call may exceed it, within the other limits.
const MAX_HELD: usize = 256 << 20;

/// The bytes that are held. Clones count together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory(Arc<AtomicUsize>);

/// Bytes that are held until this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    memory: Memory,
    bytes: usize,
}

impl Memory {
    /// Counts bytes in.
    ///
    /// # Errors
    /// `overloaded` where others hold so much that these would be too many.
    pub(crate) fn hold(&self, bytes: usize) -> Result<Held, ServiceError> {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        let held = Held { memory: self.clone(), bytes };
        if before > 0 && before.saturating_add(bytes) > MAX_HELD {
            return Err(ServiceError::new(
                ErrorCode::Overloaded,
                format!(
                    "The calls that wait or run hold {before} bytes of prompts, images and files, and this one has {bytes} more; together they may hold {MAX_HELD}"
                ),
            )
            .with_hint("Try again when some have ended."));
        }
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.memory.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let memory = Memory::default();
        let alone = memory.hold(MAX_HELD + 1).unwrap();
        let refused = memory.hold(1).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Overloaded);
        drop(alone);
        let first = memory.hold(MAX_HELD - 1).unwrap();
        assert!(memory.hold(2).is_err());
        let second = memory.hold(1).unwrap();
        drop((first, second));
        assert_eq!(memory.0.load(Ordering::Relaxed), 0);
    }
}
