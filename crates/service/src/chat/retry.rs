//! Retries: when, how often, and after which pause.
//!
//! Only requests that failed before anything was generated are retried, so no answer is generated twice.

use std::time::Duration;

use crate::error::runner_ended;
use providers::ProviderError;

/// Retries after the first attempt.
const RETRIES: u32 = 3;
/// The wait before the first of them; it triples.
const FIRST_WAIT: Duration = Duration::from_millis(150);
/// A server that asks for a longer wait than this is taken at its word: the call fails, saying so.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// How long to wait before the next try, or `None` where there is none. `tried` is how often it was
/// tried again already; `jitter` is between 0 and 1.
pub(crate) fn wait_before(error: &ProviderError, tried: u32, jitter: f64) -> Option<Duration> {
    let backoff = FIRST_WAIT * 3_u32.pow(tried.min(8));
    // Half of it is random, so that many callers do not retry at the same moment.
    let backoff = backoff.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
    match error {
        ProviderError::Unreachable { .. } if tried < RETRIES => Some(backoff),
        ProviderError::Overloaded { retry_after, .. } if tried < RETRIES => match retry_after {
            Some(wait) if *wait > MAX_WAIT => None,
            Some(wait) => Some((*wait).max(backoff)),
            None => Some(backoff),
        },
        // The runner of the model crashed before it generated anything; Ollama starts another one.
        ProviderError::Status { status: 500, message } if tried == 0 && runner_ended(message) => {
            Some(backoff)
        }
        // No head of an answer: a pooled connection that had died, most likely.
        ProviderError::Interrupted { .. } if tried == 0 => Some(Duration::ZERO),
        _ => None,
    }
}

/// A number from 0 to 1 that differs from call to call.
pub(crate) fn jitter() -> f64 {
    f64::from(u32::from_be_bytes(*uuid::Uuid::new_v4().as_bytes().first_chunk().unwrap_or(&[0; 4])))
        / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overloaded(retry_after: Option<u64>) -> ProviderError {
        let retry_after = retry_after.map(Duration::from_secs);
        ProviderError::Overloaded { status: 503, message: "busy".into(), retry_after }
    }

    #[test]
    fn retry_waits_grow_and_end() {
        let refused = ProviderError::Unreachable { address: "x".into(), reason: "connection refused".into() };
        let waits: Vec<_> = (0..4).map(|tried| wait_before(&refused, tried, 1.0)).collect();
        let millis = |wait| Some(Duration::from_millis(wait));
        assert_eq!(waits, [millis(150), millis(450), millis(1350), None]);
        assert_eq!(wait_before(&refused, 0, 0.0), millis(75));
    }

    #[test]
    fn retry_after_of_server_is_used() {
        assert_eq!(wait_before(&overloaded(Some(7)), 0, 0.5), Some(Duration::from_secs(7)));
        assert_eq!(wait_before(&overloaded(Some(600)), 0, 0.5), None);
        assert!(wait_before(&overloaded(None), 2, 0.5).is_some());
        assert_eq!(wait_before(&overloaded(None), 3, 0.5), None);
    }

    #[test]
    fn other_failures_are_not_retried() {
        let error = ProviderError::Status { status: 500, message: "x".into() };
        assert_eq!(wait_before(&error, 0, 0.5), None);
        let broken = ProviderError::Interrupted { reason: "reset".into() };
        assert_eq!(wait_before(&broken, 0, 0.5), Some(Duration::ZERO));
        assert_eq!(wait_before(&broken, 1, 0.5), None);
    }

    #[test]
    fn crashed_runner_is_retried_once() {
        for message in [
            "llama-server process no longer running",
            "an error was encountered while running the model: unexpected EOF",
        ] {
            let error = ProviderError::Status { status: 500, message: message.into() };
            assert!(wait_before(&error, 0, 0.5).is_some(), "{message}");
            assert_eq!(wait_before(&error, 1, 0.5), None, "{message}");
        }
    }
}
