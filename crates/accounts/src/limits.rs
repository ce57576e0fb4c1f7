//! Requests a minute and tokens a day of a key, counted in the database, so that replicas count together.

use std::time::Duration;

use store::{Count, Counter, StoreError, Usage};
use types::{Limits, RateStatus, RateWindow};

use crate::clock;
use crate::usage::Recorder;

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// The limits of keys that count in windows of time. A window of requests begins with each minute, and one of tokens at
/// midnight UTC.
#[derive(Debug, Clone)]
pub struct RateLimits {
    counters: Usage,
    /// Tokens that are not in the database yet.
    recorder: Recorder,
}

/// Why a request is not admitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RateError {
    /// All requests of this minute were made.
    Requests(RateStatus),
    /// All tokens of this day were used.
    Tokens(RateStatus),
    /// What was used is not known, so nothing is admitted.
    Store(StoreError),
}

impl From<StoreError> for RateError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl RateLimits {
    pub fn new(counters: Usage, recorder: Recorder) -> Self {
        Self { counters, recorder }
    }

    /// Counts a request of the account, which is a key or an owner, and tells what is left. Without such a limit nothing is
    /// read or written.
    ///
    /// # Errors
    /// [`RateError`]. A request that is refused for want of tokens is not counted.
    pub async fn admit(&self, account: &str, limits: &Limits) -> Result<RateStatus, RateError> {
        self.admit_at(account, limits, clock::now_ms()).await
    }

    async fn admit_at(&self, account: &str, limits: &Limits, now: i64) -> Result<RateStatus, RateError> {
        let mut status = RateStatus::default();
        if let Some(limit) = limits.tokens_per_day {
            let window = start(now, DAY_MS);
            let stored = self.counters.counted(account, Counter::Tokens, window).await?;
            let used = stored.saturating_add(self.recorder.unwritten_tokens(account, window));
            status.tokens = Some(of_window(limit, used, now, DAY_MS));
            if used >= limit {
                return Err(RateError::Tokens(status));
            }
        }
        if let Some(limit) = limits.requests_per_minute {
            let limit = u64::from(limit);
            let count = Count {
                key: account.to_owned(),
                counter: Counter::Requests,
                window_ms: start(now, MINUTE_MS),
                used: 1,
            };
            let used = self.counters.count(count).await?;
            status.requests = Some(of_window(limit, used, now, MINUTE_MS));
            if used > limit {
                return Err(RateError::Requests(status));
            }
        }
        Ok(status)
    }
}

/// The day's window of a time, in which tokens are counted.
pub(crate) fn day_window(now: i64) -> i64 {
    start(now, DAY_MS)
}

fn start(now: i64, length: i64) -> i64 {
    now - now.rem_euclid(length)
}

fn of_window(limit: u64, used: u64, now: i64, length: i64) -> RateWindow {
    let left = u64::try_from(start(now, length) + length - now).unwrap_or_default();
    RateWindow { limit, remaining: limit.saturating_sub(used), resets_in: Duration::from_millis(left) }
}

#[cfg(test)]
mod tests;
