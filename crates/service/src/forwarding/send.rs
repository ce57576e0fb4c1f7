//! Sends a request, and again where that is safe.

use std::time::Duration;

use providers::ProviderError;
use providers::forward::{ForwardBody, Forwarded, Patience, forwarded_error};

use super::{ForwardRequest, Forwarding, NamedModel, WholeAnswer, head};
use crate::ServiceError;
use crate::chat::retry::{jitter, wait_before};

/// Bytes of the body of a refusal.
const MAX_REFUSAL: usize = 1 << 20;

/// What became of a request.
pub(super) enum Sent {
    /// The answer begins.
    Begun(Forwarded),
    /// The server's own refusal, and what it means.
    Refused(WholeAnswer, ProviderError),
}

impl Forwarding {
    /// Sends a request until it is answered. `on_wait` is called before each pause.
    ///
    /// # Errors
    /// There is no answer.
    pub(super) async fn send(
        &self,
        request: &ForwardRequest,
        patience: Patience,
        mut on_wait: impl FnMut(Duration),
    ) -> Result<Sent, ServiceError> {
        let mut tried = 0;
        loop {
            let body = ForwardBody::Json(request.body.clone());
            let (error, refusal) = match self.api()?.forward(&request.route, body, patience).await {
                Ok(answer) if answer.is_success() => return Ok(Sent::Begun(answer)),
                Ok(mut answer) => {
                    let body = answer.read(MAX_REFUSAL).await.map_err(|error| self.models.error(error))?;
                    let model = match request.model() {
                        NamedModel::Named(model) => Some(model),
                        NamedModel::Absent | NamedModel::Unreadable => None,
                    };
                    let error = forwarded_error(&answer, &body, model.as_deref());
                    (error, Some(WholeAnswer { head: head(&answer), body: body.into() }))
                }
                Err(error) => (error, None),
            };
            let wait =
                wait_before(&error, tried, jitter()).filter(|_| is_safe(&error, request.is_streamed()));
            match (wait, refusal) {
                (Some(wait), _) => {
                    tried += 1;
                    tracing::info!(error = error.logged(), ?wait, tried, "trying again");
                    on_wait(wait);
                    tokio::time::sleep(wait).await;
                }
                (None, Some(refusal)) => return Ok(Sent::Refused(refusal, error)),
                (None, None) => return Err(self.models.error(error)),
            }
        }
    }
}

/// Whether nothing was generated for the request. An answer that is no stream begins when all of it was generated, so only a
/// request that was not taken is known to be safe.
fn is_safe(error: &ProviderError, is_streamed: bool) -> bool {
    is_streamed || matches!(error, ProviderError::Unreachable { .. } | ProviderError::Overloaded { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_answer_that_broke_off_is_not_asked_for_again() {
        let broken = ProviderError::Interrupted { reason: "reset".into() };
        let crashed = ProviderError::Status { status: 500, message: "unexpected EOF".into() };
        for error in [&broken, &crashed] {
            assert!(!is_safe(error, false) && is_safe(error, true), "{error}");
        }
        let busy = ProviderError::Overloaded { status: 503, message: "busy".into(), retry_after: None };
        assert!(is_safe(&busy, false));
    }
}
