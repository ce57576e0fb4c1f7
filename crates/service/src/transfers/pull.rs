//! Pulls and pushes, as jobs that report bytes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;

use super::Transfers;
use crate::models::name::ModelName;
use crate::models::names_in_use::NameUse;
use crate::tasks::job::{Job, JobOutput, TransferReport};
use crate::tasks::registry::Task;
use crate::{Caller, ErrorCode, ServiceError};
use providers::{ProviderError, TransferStream};
use types::TransferEvent;

/// Consecutive attempts to resume a pull that transfer nothing.
const MAX_STALLED_ATTEMPTS: u32 = 5;
/// The pause before an interrupted pull is resumed.
const RESUME_WAIT: Duration = Duration::from_secs(1);

impl Transfers {
    /// Pulls a model. A connection that drops resumes: Ollama keeps what it has of each layer.
    ///
    /// # Errors
    /// `unsupported`. What goes wrong later is the job's outcome.
    pub fn start_pull(
        self: &Arc<Self>,
        caller: &Caller,
        model: &ModelName,
        insecure: bool,
        reserved: NameUse,
    ) -> Result<Arc<Task>, ServiceError> {
        self.models.ollama_api()?;
        self.models.check_may_install(caller, model)?;
        let model = model.clone();
        let report = report("pull", &model);
        let (transfers, asking) = (Arc::clone(self), caller.clone());
        let task = self.tasks.registry.start_job(&caller.owner, "pulling", report, move |job| async move {
            let _reserved = reserved;
            transfers.pull(&asking, &job, &model, insecure).await
        });
        self.models.pull_began(caller);
        Ok(task)
    }

    /// Publishes a model in a registry.
    ///
    /// # Errors
    /// As [`Transfers::start_pull`].
    pub fn start_push(
        self: &Arc<Self>,
        caller: &Caller,
        model: &ModelName,
        insecure: bool,
    ) -> Result<Arc<Task>, ServiceError> {
        self.models.ollama_api()?;
        self.models.check_may_install(caller, model)?;
        let model = model.clone();
        let report = report("push", &model);
        let (transfers, asking) = (Arc::clone(self), caller.clone());
        Ok(self.tasks.registry.start_job(&caller.owner, "pushing", report, move |job| async move {
            let stream = match transfers.models.ollama_api()?.push(&model, insecure).await {
                Ok(stream) => stream,
                Err(error) => return Err(transfers.models.explain(&asking, error).await),
            };
            transfers.finish(&asking, &job, stream).await
        }))
    }

    /// Pulls to the end, and resumes after a broken connection.
    pub(crate) async fn pull(
        &self,
        caller: &Caller,
        job: &Job,
        model: &str,
        insecure: bool,
    ) -> Result<(), ServiceError> {
        let _changing = self.models.names.change(model)?;
        let mut stalled_attempts = 0;
        let mut incomplete = false;
        loop {
            let before = moved(job);
            let result = match self.models.ollama_api()?.pull(model, insecure).await {
                Ok(stream) => tokio::select! {
                    biased;
                    error = self.no_room(job) => return Err(error),
                    result = track(job, stream, &mut incomplete) => result,
                },
                Err(error) => Err(error),
            };
            let error = match result {
                Ok(()) => {
                    self.models.installed_changed(model);
                    return Ok(());
                }
                Err(error) => error,
            };
            stalled_attempts = if moved(job) > before { 0 } else { stalled_attempts + 1 };
            if !resumes(&error) || stalled_attempts > MAX_STALLED_ATTEMPTS {
                return Err(self.pull_error(caller, model, error).await);
            }
            tracing::info!(error = error.logged(), model, "the pull was interrupted; resuming");
            job.advance(|state| state.status = "the connection broke; resuming".to_owned());
            tokio::time::sleep(RESUME_WAIT).await;
        }
    }

    /// A model that no registry has is not one that is not installed.
    async fn pull_error(&self, caller: &Caller, model: &str, error: ProviderError) -> ServiceError {
        match error {
            ProviderError::ModelNotFound { .. } | ProviderError::NotInRegistry { .. } => {
                let meant = match self.models.nearest_installed(caller, model).await {
                    Some(nearest) => format!("Did you mean {nearest:?}, which is installed? "),
                    None => String::new(),
                };
                ServiceError::new(ErrorCode::ModelNotFound, format!("No registry has a model {model:?}"))
                    .with_hint(format!(
                        "{meant}Check the name and the tag; ollama.com/library lists what can be pulled."
                    ))
            }
            error => self.models.explain(caller, error).await,
        }
    }

    async fn finish(&self, caller: &Caller, job: &Job, stream: TransferStream) -> Result<(), ServiceError> {
        match track(job, stream, &mut false).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.models.explain(caller, error).await),
        }
    }
}

pub(crate) fn report(operation: &'static str, model: &str) -> JobOutput {
    JobOutput::Transfer(TransferReport { operation, model: model.to_owned(), ..TransferReport::default() })
}

fn moved(job: &Job) -> f64 {
    job.state().done
}

/// Whether a failure is of the connection, not of the transfer.
fn resumes(error: &ProviderError) -> bool {
    matches!(
        error,
        ProviderError::Interrupted { .. } | ProviderError::Unreachable { .. } | ProviderError::Timeout { .. }
    )
}

/// Adds up the layers, which the server reports one by one. `incomplete` is set where one was seen in part.
pub(crate) async fn track(
    job: &Job,
    mut stream: TransferStream,
    incomplete: &mut bool,
) -> Result<(), ProviderError> {
    let mut layers: HashMap<String, (u64, u64)> = HashMap::new();
    while let Some(event) = stream.next().await {
        let event = event?;
        let ended = event.is_success();
        let TransferEvent { status, digest, total, completed } = event;
        if let (Some(digest), Some(total)) = (digest, total) {
            let completed = completed.unwrap_or(0);
            *incomplete |= completed < total;
            layers.insert(digest, (completed, total));
        }
        let (done, all): (u64, u64) = layers.values().fold((0, 0), |(done, all): (u64, u64), layer| {
            (done.saturating_add(layer.0), all.saturating_add(layer.1))
        });
        // The last reports of a layer may be left out.
        let done = if ended { all } else { done };
        job.advance(|state| {
            state.status.clone_from(&status);
            // Progress never goes back, though a resumed pull reports its layers again.
            state.done = state.done.max(done as f64);
            if all > 0 {
                state.total = Some((all as f64).max(state.done));
            }
            let JobOutput::Transfer(report) = &mut state.report else { return };
            report.status = status;
            if all > 0 {
                report.completed_bytes = Some(done);
                report.total_bytes = Some(all);
            }
            report.already_present = ended && report.operation == "pull" && !*incomplete;
        });
        if ended {
            return Ok(());
        }
    }
    Err(ProviderError::Interrupted { reason: "the transfer ended without success".to_owned() })
}
