//! Locks of short sections.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex, also after a panic of an earlier holder: what our mutexes guard is changed in whole steps, so it is
/// valid then, and one call that panicked must not end all others.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutex_is_usable_after_a_panic_of_its_holder() {
        let mutex = Mutex::new(1);
        let panicked = std::panic::catch_unwind(|| {
            let _guard = lock(&mutex);
            panic!("while it is held");
        });
        assert!(panicked.is_err());
        *lock(&mutex) += 1;
        assert_eq!(*lock(&mutex), 2);
    }
}
