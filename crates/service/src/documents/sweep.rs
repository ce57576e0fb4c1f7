//! What is in the index and is no file any more: it is removed from time to time, also where no call names it.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Documents;
use crate::Caller;
use crate::uploads::is_upload_id;
use platform::sync::lock;
use store::PassageIndex;
use types::Owner;

/// Between two sweeps of a process.
const INTERVAL: Duration = Duration::from_secs(600);

/// When the index was swept last. It is held for a comparison.
#[derive(Debug, Default)]
pub(super) struct Sweeps(Mutex<Option<Instant>>);

impl Documents {
    /// Removes, beside the call, files of this machine that are gone or may not be read any more.
    pub(super) fn sweep_if_due(&self, caller: &Caller, index: &Arc<dyn PassageIndex>) {
        let is_of_host = self.settings.index.as_ref().is_some_and(|own| Arc::ptr_eq(own, index));
        if !is_of_host || caller.owner != Owner::local() || !self.sweeps.is_due() {
            return;
        }
        let (index, caller) = (Arc::clone(index), caller.clone());
        let sandbox = Arc::clone(&self.files.sandbox);
        tokio::spawn(async move {
            let Ok(documents) = index.documents_below(&caller.owner, "").await else { return };
            let checked = tokio::task::spawn_blocking(move || {
                let allowed = sandbox.allowed().iter().filter_map(|path| std::fs::canonicalize(path).ok());
                let allowed: Vec<_> = allowed.collect();
                let keys = documents.into_iter().map(|document| document.key);
                let is_gone =
                    |key: &String| match allowed.iter().any(|folder| Path::new(key).starts_with(folder)) {
                        true => sandbox.open(key).is_err(),
                        // Another process, with other directories, may share the index.
                        false => !is_upload_id(key) && !Path::new(key).exists(),
                    };
                keys.filter(is_gone).collect::<Vec<_>>()
            });
            let gone = checked.await.unwrap_or_default();
            if !gone.is_empty() && index.remove(Some(&caller.owner), gone).await.is_err() {
                tracing::warn!("files that are gone were not removed from the index");
            }
        });
    }
}

impl Sweeps {
    fn is_due(&self) -> bool {
        let mut last = lock(&self.0);
        let is_due = last.is_none_or(|last| last.elapsed() >= INTERVAL);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}
