//! Names of models while a file goes to one: what a name stands for does not change under a call that relies on it.
//!
//! Only this process is bound by it. Another client of the model server can still exchange a model between the check
//! and the request; `docs/security.md` says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::models::name::full_name;
use crate::{ErrorCode, ServiceError};

/// The names in use. Clones are the same set.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Arc<Mutex<HashMap<String, Uses>>>);

#[derive(Debug, Default, Clone, Copy)]
struct Uses {
    /// Calls that send a file to the model.
    relying: usize,
    /// Jobs that may put another model under the name.
    changing: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Relying,
    Changing,
}

/// A use of a name, until it is dropped.
#[derive(Debug)]
pub(crate) struct InUse {
    names: Names,
    name: String,
    kind: Kind,
}

impl Names {
    /// Keeps the name as it is until a file has been sent.
    ///
    /// # Errors
    /// `overloaded` while the model is being replaced.
    pub(crate) fn rely_on(&self, model: &str) -> Result<InUse, ServiceError> {
        self.take(model, Kind::Relying)
    }

    /// Announces that the name will stand for another model.
    ///
    /// # Errors
    /// `overloaded` while a file is being sent to the model.
    pub(crate) fn change(&self, model: &str) -> Result<InUse, ServiceError> {
        self.take(model, Kind::Changing)
    }

    fn take(&self, model: &str, kind: Kind) -> Result<InUse, ServiceError> {
        let name = full_name(model);
        let mut names = self.lock();
        let uses = names.get(&name).copied().unwrap_or_default();
        let busy = |what: &str, next_step: &str| {
            let message = format!("Model {model:?} {what}");
            Err(ServiceError::new(ErrorCode::Overloaded, message).with_hint(next_step))
        };
        match kind {
            Kind::Relying if uses.changing > 0 => busy(
                "is being replaced by a pull, copy or create, and files are not sent to it meanwhile",
                "Try again when that has ended.",
            ),
            Kind::Changing if uses.relying > 0 => busy(
                "is in use by a call that sends files to it, so its name cannot be given to another model now",
                "Try again when that call has its answer, or stop it. cancel_completion stops it.",
            ),
            kind => {
                uses_of(names.entry(name.clone()).or_default(), kind, |count| count + 1);
                Ok(InUse { names: self.clone(), name, kind })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Uses>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn uses_of(uses: &mut Uses, kind: Kind, change: impl FnOnce(usize) -> usize) {
    let count = match kind {
        Kind::Relying => &mut uses.relying,
        Kind::Changing => &mut uses.changing,
    };
    *count = change(*count);
}

impl Drop for InUse {
    fn drop(&mut self) {
        let mut names = self.names.lock();
        if let Some(uses) = names.get_mut(&self.name) {
            uses_of(uses, self.kind, |count| count.saturating_sub(1));
            if uses.relying == 0 && uses.changing == 0 {
                names.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_either_relied_on_or_changed() {
        let names = Names::default();
        let first = names.rely_on("gemma3").unwrap();
        let second = names.rely_on("Gemma3:latest").unwrap();
        for spelling in ["gemma3", "GEMMA3:latest", "registry.ollama.ai/library/gemma3"] {
            assert_eq!(names.change(spelling).unwrap_err().code, ErrorCode::Overloaded, "{spelling}");
        }
        assert!(names.change("gemma3:4b").is_ok());
        drop((first, second));
        let changing = names.change("gemma3").unwrap();
        assert!(names.change("gemma3").is_ok(), "two pulls of one model are no conflict");
        assert_eq!(names.rely_on("gemma3").unwrap_err().code, ErrorCode::Overloaded);
        drop(changing);
        assert!(names.rely_on("gemma3").is_ok());
        assert!(names.lock().is_empty());
    }
}
