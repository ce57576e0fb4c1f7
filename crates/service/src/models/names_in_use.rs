//! Names of models in use: what a name stands for does not change under a call that relies on it, and one call at a time
//! installs a model under it.
//!
//! Only this process is bound by it. Another client of the model server can still exchange a model between the check
//! and the request, and Ollama cannot be told to create a model unless there is one; `docs/security.md` says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use platform::sync::lock;

use super::Models;
use super::name::full_name;
use crate::hint::{Action, Hint};
use crate::{ErrorCode, ServiceError};

/// The names in use, by their full names. Clones are the same table. It is under one mutex since a use is admitted by
/// what all other uses of the name are; it is held for one look-up.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(Arc<Mutex<HashMap<String, Uses>>>);

/// How many calls use a name, for each [`Use`].
#[derive(Debug, Default, Clone, Copy)]
struct Uses {
    creating: usize,
    pulling: usize,
    changing: usize,
    relying: usize,
}

/// What a name is used for. Reserved by the first two, it is in change at the end of either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// A model is created or copied under it: it was free, and is to be so until then.
    Creating,
    /// It is pulled. All pulls of it fetch the same model, so they do not exclude each other.
    Pulling,
    /// What it stands for is being replaced.
    Changing,
    /// A call sends a file to the model that it stands for.
    Relying,
}

/// A use of a name, until it is dropped.
#[derive(Debug)]
pub struct NameUse {
    names: Names,
    name: String,
    kind: Use,
}

impl Models {
    /// Reserves a name for a model that is created or copied. Reserve it before looking whether it is installed.
    ///
    /// # Errors
    /// `overloaded` while another call installs a model of this name.
    pub fn reserve_name(&self, model: &str) -> Result<NameUse, ServiceError> {
        self.names.take(model, Use::Creating)
    }

    /// Reserves a name for a pull; other pulls of it may run beside.
    ///
    /// # Errors
    /// `overloaded` while another call creates or copies a model of this name.
    pub fn reserve_pull(&self, model: &str) -> Result<NameUse, ServiceError> {
        self.names.take(model, Use::Pulling)
    }
}

impl Names {
    /// Keeps the name as it is until a file has been sent.
    ///
    /// # Errors
    /// `overloaded` while the model is being replaced.
    pub(crate) fn rely_on(&self, model: &str) -> Result<NameUse, ServiceError> {
        self.take(model, Use::Relying)
    }

    /// Announces that the name will stand for another model.
    ///
    /// # Errors
    /// `overloaded` while a file is being sent to the model.
    pub(crate) fn change(&self, model: &str) -> Result<NameUse, ServiceError> {
        self.take(model, Use::Changing)
    }

    fn take(&self, model: &str, kind: Use) -> Result<NameUse, ServiceError> {
        let name = full_name(model);
        let mut names = lock(&self.0);
        let uses = names.get(&name).copied().unwrap_or_default();
        let busy = |message: String, next_step: Hint| {
            Err(ServiceError::new(ErrorCode::Overloaded, message).with_hint(next_step))
        };
        match kind {
            Use::Creating | Use::Pulling
                if uses.creating > 0 || (kind == Use::Creating && uses.pulling > 0) =>
            {
                busy(
                    format!("Another call is installing a model named {model:?}, so nothing was done"),
                    "Wait until it has ended, or choose another name.".into(),
                )
            }
            Use::Relying if uses.changing > 0 => busy(
                format!(
                    "Model {model:?} is being replaced by a pull, copy or create, and files are not sent to it meanwhile"
                ),
                "Try again when that has ended.".into(),
            ),
            Use::Changing if uses.relying > 0 => busy(
                format!(
                    "Model {model:?} is in use by a call that sends files to it, so its name cannot be given to another model now"
                ),
                Action::StopCall.into(),
            ),
            kind => {
                *names.entry(name.clone()).or_default().count(kind) += 1;
                Ok(NameUse { names: self.clone(), name, kind })
            }
        }
    }
}

impl Uses {
    fn count(&mut self, kind: Use) -> &mut usize {
        match kind {
            Use::Creating => &mut self.creating,
            Use::Pulling => &mut self.pulling,
            Use::Changing => &mut self.changing,
            Use::Relying => &mut self.relying,
        }
    }

    fn is_unused(&self) -> bool {
        self.creating + self.pulling + self.changing + self.relying == 0
    }
}

impl Drop for NameUse {
    fn drop(&mut self) {
        let mut names = lock(&self.names.0);
        if let Some(uses) = names.get_mut(&self.name) {
            let count = uses.count(self.kind);
            *count = count.saturating_sub(1);
            if uses.is_unused() {
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
        assert!(lock(&names.0).is_empty());
    }

    #[test]
    fn name_is_installed_by_one_call_and_shared_by_pulls() {
        let table = Names::default();
        let one = table.take("mine", Use::Creating).unwrap();
        for name in ["mine:latest", "Library/Mine", "https://registry.ollama.ai/library/mine"] {
            for holder in [Use::Creating, Use::Pulling] {
                assert_eq!(table.take(name, holder).unwrap_err().code, ErrorCode::Overloaded, "{name}");
            }
        }
        drop(one);
        let pulls = [(); 2].map(|()| table.take("mine", Use::Pulling).unwrap());
        let [first, second] = pulls;
        drop(first);
        assert!(table.take("mine", Use::Creating).is_err(), "the second pull still runs");
        drop(second);
        assert!(table.take("mine", Use::Creating).is_ok());
        assert!(lock(&table.0).is_empty(), "nothing is left behind");
    }
}
