//! Limits of callers that are counted in windows of time. Who counts them is no part of the core.

use std::fmt::Debug;
use std::time::Duration;

use futures_util::future::BoxFuture;
use store::StoreError;
use types::{RateStatus, RateWindow};

use crate::error::storage_failed;
use crate::{Caller, ErrorCode, ServiceError, Services};

/// Counts the requests and tokens of callers.
pub trait RateLimits: Debug + Send + Sync {
    /// Counts a request of a caller whose limits are counted, and tells what is left.
    fn admit<'a>(&'a self, caller: &'a Caller) -> BoxFuture<'a, Result<RateStatus, RateError>>;
}

/// Why a request is not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateError {
    /// All requests of this window were made.
    Requests(RateStatus),
    /// All tokens of this window were used.
    Tokens(RateStatus),
    /// What was used is not known.
    Storage(StoreError),
}

/// A request that is not admitted.
#[derive(Debug, Clone, PartialEq)]
pub struct RateRefusal {
    pub error: ServiceError,
    /// What is left, as far as it is known.
    pub status: RateStatus,
}

impl Services {
    /// Counts a request that generates something, and tells what is left of the caller's limits. A caller without such
    /// limits is always admitted.
    ///
    /// # Errors
    /// `rate_limited`; `storage_failed` where the count is not known.
    pub async fn admit(&self, caller: &Caller) -> Result<RateStatus, Box<RateRefusal>> {
        match &self.rate_limits {
            Some(counting) if caller.limits.are_counted() => {
                counting.admit(caller).await.map_err(|error| Box::new(error.into()))
            }
            _ => Ok(RateStatus::default()),
        }
    }
}

impl From<RateError> for RateRefusal {
    fn from(error: RateError) -> Self {
        match error {
            RateError::Requests(status) => {
                let text = |limit| format!("Your limit of {limit} requests a minute is reached");
                Self { error: limited(status.requests, text), status }
            }
            RateError::Tokens(status) => {
                let text = |limit| format!("Your limit of {limit} tokens a day is reached");
                Self { error: limited(status.tokens, text), status }
            }
            RateError::Storage(error) => Self {
                error: storage_failed("What counts towards your limits", &error),
                status: RateStatus::default(),
            },
        }
    }
}

fn limited(window: Option<RateWindow>, text: impl FnOnce(u64) -> String) -> ServiceError {
    let limit = window.map_or(0, |window| window.limit);
    // Rounded up: an attempt after so many whole seconds succeeds.
    let seconds = window.map_or(Duration::ZERO, |window| window.resets_in).as_secs_f64().ceil() as u64;
    let seconds = seconds.max(1);
    let mut error = ServiceError::new(ErrorCode::RateLimited, text(limit))
        .with_hint(format!("Try again in {}.", duration(seconds)));
    error.retry_after = Some(Duration::from_secs(seconds));
    error
}

/// Seconds as people write them: `37 s`, `5 min`, `11 h 3 min`.
fn duration(seconds: u64) -> String {
    let minutes = seconds.div_ceil(60);
    match (seconds, minutes) {
        (seconds, _) if seconds <= 90 => format!("{seconds} s"),
        (_, minutes) if minutes < 60 => format!("{minutes} min"),
        (_, minutes) => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::tests::assert_names_no_front;

    fn window(limit: u64, milliseconds: u64) -> Option<RateWindow> {
        Some(RateWindow { limit, remaining: 0, resets_in: Duration::from_millis(milliseconds) })
    }

    #[test]
    fn refusals_name_the_limit_and_when_it_ends() {
        let requests = RateStatus { requests: window(5, 36_200), tokens: None };
        let tokens = RateStatus { requests: None, tokens: window(1000, 39_780_000) };
        let errors = [RateError::Requests(requests), RateError::Tokens(tokens)].map(RateRefusal::from);
        let texts = errors.each_ref().map(|refusal| refusal.error.text());
        assert_eq!(
            texts,
            [
                "Your limit of 5 requests a minute is reached. Try again in 37 s.",
                "Your limit of 1000 tokens a day is reached. Try again in 11 h 3 min."
            ]
        );
        assert_eq!(errors[0].error.retry_after, Some(Duration::from_secs(37)));
        assert_eq!(errors[0].status, requests);
        let unknown = RateRefusal::from(RateError::Storage(StoreError::Unreadable)).error;
        assert_eq!(unknown.code, ErrorCode::StorageFailed);
        errors.iter().for_each(|refusal| assert_names_no_front(&refusal.error));
    }
}
