//! Automatic pulls of missing models that calls name. All calls that wait for a model share one pull.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};

use super::Transfers;
use crate::models::name::{check_model_name, full_name, is_cloud};
use crate::tasks::job::{Job, JobOutput};
use crate::{Caller, ErrorCode, ServiceError};
use platform::sync::lock;

/// The pulls that calls wait for, by the model's full name. The mutex is held from the search to the insertion, so that two
/// calls start one pull.
#[derive(Debug, Default)]
pub(crate) struct AutoPulls(Mutex<HashMap<String, Weak<SharedPull>>>);

/// A pull that is cancelled when the last call that waits for it drops it.
#[derive(Debug)]
struct SharedPull(Arc<Job>);

impl Drop for SharedPull {
    fn drop(&mut self) {
        self.0.task_state.cancel();
    }
}

impl Transfers {
    /// Whether a model that a call names is pulled where it is not installed.
    pub fn pulls_missing(&self) -> bool {
        self.settings.auto_pull && self.models.provider().ollama().is_some()
    }

    /// Whether a failure is for want of a model that the settings allow to be pulled.
    pub(crate) fn may_pull(&self, error: &ServiceError, model: &str) -> bool {
        self.pulls_missing()
            && error.code == ErrorCode::ModelNotFound
            && check_model_name("model", model).is_ok()
            && !is_cloud(model)
    }

    /// Pulls a model, or waits for the pull that another call has begun. `notify` gets the
    /// transferred and the total bytes. Dropping the last future that waits cancels the pull.
    ///
    /// # Errors
    /// As a pull: `model_not_found` where no registry has it, `disk_full`, and those of the provider.
    pub(crate) async fn ensure_installed(
        self: &Arc<Self>,
        caller: &Caller,
        model: &str,
        mut notify: impl FnMut(u64, Option<u64>) + Send,
    ) -> Result<(), ServiceError> {
        let shared_pull = self.shared_pull(caller, model)?;
        let mut changes = shared_pull.0.watch();
        loop {
            let (bytes, outcome) = {
                let state = changes.borrow_and_update();
                let bytes = match &state.report {
                    JobOutput::Transfer(transfer) => {
                        (transfer.completed_bytes.unwrap_or(0), transfer.total_bytes)
                    }
                    _ => (0, None),
                };
                (bytes, state.outcome.clone())
            };
            if let Some(outcome) = outcome {
                return outcome;
            }
            notify(bytes.0, bytes.1);
            if changes.changed().await.is_err() {
                return Err(ServiceError::internal());
            }
        }
    }

    fn shared_pull(self: &Arc<Self>, caller: &Caller, model: &str) -> Result<Arc<SharedPull>, ServiceError> {
        let mut auto_pulls = lock(&self.auto_pulls.0);
        auto_pulls.retain(|_, shared_pull| shared_pull.strong_count() > 0);
        let name = full_name(model);
        let running = auto_pulls
            .get(&name)
            .and_then(Weak::upgrade)
            .filter(|shared_pull| shared_pull.0.outcome().is_none());
        if let Some(shared_pull) = running {
            return Ok(shared_pull);
        }
        let reserved = self.models.reserve_pull(model)?;
        tracing::info!(model, "a call names a model that is not installed; pulling it");
        let job = Job::new("pulling", crate::transfers::pull::report("pull", model));
        let shared_pull = Arc::new(SharedPull(Arc::clone(&job)));
        auto_pulls.insert(name, Arc::downgrade(&shared_pull));
        let (transfers, caller, model) = (Arc::clone(self), caller.clone(), model.to_owned());
        tokio::spawn(async move {
            let _reserved = reserved;
            job.conclude(async { transfers.pull(&caller, &job, &model, false).await }).await;
        });
        Ok(shared_pull)
    }
}
