//! A model that a completion needs and that is missing: it is pulled first, where that is wanted.

use super::runner::Run;
use crate::ServiceError;
use crate::tasks::reply::Phase;
use text::format::pulling;

impl Run {
    /// Runs `work`, and again after a pull where the model was missing.
    pub(crate) async fn with_model<T, F>(&self, model: &str, work: impl Fn() -> F) -> Result<T, ServiceError>
    where
        F: Future<Output = Result<T, ServiceError>>,
    {
        match work().await {
            Err(error) if self.chat.transfers.may_pull(&error, model) => {
                let again = async {
                    self.pull(model).await?;
                    work().await
                };
                Box::pin(again).await
            }
            done => done,
        }
    }

    /// Pulls the model first, and reports that to followers.
    pub(super) async fn pull(&self, model: &str) -> Result<(), ServiceError> {
        self.place.delay();
        let tell_job = |waiting_for: Option<String>| {
            if let Some(job) = &self.job {
                job.advance(|state| state.waiting_for = waiting_for);
            }
        };
        let pulled = self.chat.transfers.ensure_installed(self.reply.caller(), model, |done, total| {
            self.reply.set_phase(Phase::Pulling { done, total });
            tell_job(Some(pulling(model, done, total)));
        });
        let pulled = pulled.await;
        tell_job(None);
        self.reply.set_phase(Phase::Waiting);
        pulled
    }
}
