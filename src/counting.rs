//! Counting what callers of the HTTP server use: each end of a completion goes to the usage, and requests to the limits.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use accounts::limits::{self, RateLimits};
use accounts::usage::{Recorder, Used};
use service::rate_limits::RateError;
use service::tasks::observer::EndedCompletion;
use service::{Caller, Services};
use store::Store;
use types::RateStatus;

/// Counts for the services over the same database.
#[derive(Debug, Clone)]
pub(crate) struct Counting {
    recorder: Recorder,
    limits: RateLimits,
}

impl Counting {
    pub(crate) fn new(store: &Store) -> Self {
        let recorder = Recorder::new(store.usage());
        Self { limits: RateLimits::new(store.usage(), recorder.clone()), recorder }
    }

    /// Has the ends of the services' completions recorded, and written now and then.
    pub(crate) fn watch(&self, services: &Services) {
        let recorder = self.recorder.clone();
        services.tasks.observe_ends(move |ended| recorder.record(&used(ended)));
        let recorder = self.recorder.clone();
        tokio::spawn(async move { recorder.run().await });
    }

    /// Writes what was recorded last.
    pub(crate) async fn finish(&self) {
        match tokio::time::timeout(FINISH_WITHIN, self.recorder.flush()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last usage could not be written"),
            Err(_) => tracing::warn!("the last usage could not be written in time"),
        }
    }
}

impl service::rate_limits::RateLimits for Counting {
    fn admit<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<RateStatus, RateError>> {
        let account = caller.key.as_deref().unwrap_or_else(|| caller.owner.as_str());
        let admitted = self.limits.admit(account, &caller.limits);
        let admitted = admitted.map(|admitted| {
            admitted.map_err(|error| match error {
                limits::RateError::Requests(status) => RateError::Requests(status),
                limits::RateError::Tokens(status) => RateError::Tokens(status),
                limits::RateError::Store(error) => RateError::Storage(error),
            })
        });
        admitted.boxed()
    }
}

/// The longest time that the end of the server waits for the last usage to be written.
const FINISH_WITHIN: Duration = Duration::from_millis(500);

/// A reply that did not reach its end has no counts of the server: its chunks stand for the tokens that were written.
fn used(ended: &EndedCompletion) -> Used {
    Used {
        owner: ended.caller.owner.clone(),
        key: ended.caller.key.clone(),
        counts_tokens: ended.caller.limits.tokens_per_day.is_some(),
        // A name that no model has is not worth a row.
        model: if ended.error.is_none() || ended.chunks > 0 { ended.model.clone() } else { String::new() },
        prompt_tokens: ended.usage.prompt_tokens.unwrap_or_default(),
        completion_tokens: ended.usage.completion_tokens.unwrap_or(ended.chunks),
        generation: ended.generation,
    }
}
