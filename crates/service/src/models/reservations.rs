//! One writer for a model's name at a time: what is installed under a new name must not overwrite what another call is
//! installing there, unconfirmed, since both saw that the name was free.
//!
//! In this process only: Ollama cannot be told to create a model unless there is one.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Models;
use crate::models::name::full_name;
use crate::{ErrorCode, ServiceError};

/// The reserved names, by their full names.
#[derive(Debug, Default)]
pub(crate) struct Reservations(Arc<Mutex<HashMap<String, Holder>>>);

#[derive(Debug, Clone, Copy)]
enum Holder {
    /// A model that is created or copied.
    One,
    /// Pulls, which all fetch the same model.
    Pulls(usize),
}

/// A name that is reserved until this is dropped.
#[derive(Debug)]
pub struct Reservation {
    table: Arc<Mutex<HashMap<String, Holder>>>,
    name: String,
}

impl Models {
    /// Reserves a name for a model that is created or copied. Reserve it before looking whether it is installed.
    ///
    /// # Errors
    /// `overloaded` while another call installs a model of this name.
    pub fn reserve_name(&self, model: &str) -> Result<Reservation, ServiceError> {
        self.reservations.reserve(model, Holder::One)
    }

    /// Reserves a name for a pull; other pulls of it may run beside.
    ///
    /// # Errors
    /// `overloaded` while another call creates or copies a model of this name.
    pub fn reserve_pull(&self, model: &str) -> Result<Reservation, ServiceError> {
        self.reservations.reserve(model, Holder::Pulls(1))
    }
}

impl Reservations {
    fn reserve(&self, model: &str, holder: Holder) -> Result<Reservation, ServiceError> {
        let name = full_name(model);
        match lock(&self.0).entry(name.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(holder);
            }
            Entry::Occupied(mut entry) => match (entry.get_mut(), holder) {
                (Holder::Pulls(count), Holder::Pulls(_)) => *count += 1,
                _ => {
                    return Err(ServiceError::new(
                        ErrorCode::Overloaded,
                        format!("Another call is installing a model named {model:?}, so nothing was done"),
                    )
                    .with_hint("Wait until it has ended, or choose another name."));
                }
            },
        }
        Ok(Reservation { table: Arc::clone(&self.0), name })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut table = lock(&self.table);
        match table.get_mut(&self.name) {
            Some(Holder::Pulls(count)) if *count > 1 => *count -= 1,
            _ => {
                table.remove(&self.name);
            }
        }
    }
}

fn lock(table: &Mutex<HashMap<String, Holder>>) -> MutexGuard<'_, HashMap<String, Holder>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_writer_however_it_is_written_and_pulls_share_it() {
        let table = Reservations::default();
        let one = table.reserve("mine", Holder::One).unwrap();
        for name in ["mine:latest", "Library/Mine", "https://registry.ollama.ai/library/mine"] {
            for holder in [Holder::One, Holder::Pulls(1)] {
                assert_eq!(table.reserve(name, holder).unwrap_err().code, ErrorCode::Overloaded, "{name}");
            }
        }
        drop(one);
        let pulls = [(); 2].map(|()| table.reserve("mine", Holder::Pulls(1)).unwrap());
        let [first, second] = pulls;
        drop(first);
        assert!(table.reserve("mine", Holder::One).is_err(), "the second pull still runs");
        drop(second);
        assert!(table.reserve("mine", Holder::One).is_ok());
        assert!(lock(&table.0).is_empty(), "nothing is left behind");
    }
}
