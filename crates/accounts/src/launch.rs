//! Codes by which the user of this machine opens the page: each counts once, for ten minutes.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use platform::sync::lock;

use super::{AccountError, random};

/// How long a code is valid.
const LIFETIME: Duration = Duration::from_secs(600);
/// The largest number of codes; the oldest goes first.
const MAX_CODES: usize = 64;

/// The codes that were given out, by their digest.
#[derive(Debug, Default)]
pub(crate) struct LaunchCodes(Mutex<HashMap<[u8; 32], Instant>>);

impl LaunchCodes {
    /// A new code.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub(crate) fn issue(&self, now: Instant) -> Result<String, AccountError> {
        let code = random::hex::<20>()?;
        let mut codes = lock(&self.0);
        codes.retain(|_, until| *until > now);
        if codes.len() >= MAX_CODES
            && let Some(oldest) = codes.iter().min_by_key(|(_, until)| **until).map(|(code, _)| *code)
        {
            codes.remove(&oldest);
        }
        codes.insert(random::digest(&code), now + LIFETIME);
        Ok(code)
    }

    /// Uses a code up; whether it was valid. It is found by its digest, whose comparison tells nothing of the code.
    pub(crate) fn redeem(&self, code: &str, now: Instant) -> bool {
        lock(&self.0).remove(&random::digest(code)).is_some_and(|until| until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_counts_once_and_for_ten_minutes() {
        let (codes, now) = (LaunchCodes::default(), Instant::now());
        let code = codes.issue(now).unwrap();
        assert!(!codes.redeem("", now) && codes.redeem(&code, now) && !codes.redeem(&code, now));
        let code = codes.issue(now).unwrap();
        assert!(!codes.redeem(&code, now + LIFETIME));
    }

    #[test]
    fn oldest_code_makes_room() {
        let (codes, now) = (LaunchCodes::default(), Instant::now());
        let first = codes.issue(now).unwrap();
        let later = now + Duration::from_secs(1);
        let rest: Vec<_> = (0..MAX_CODES).map(|_| codes.issue(later).unwrap()).collect();
        assert!(!codes.redeem(&first, later) && rest.iter().all(|code| codes.redeem(code, later)));
    }
}
