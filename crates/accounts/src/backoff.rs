//! Wrong passwords slow down, by account and by address.
//!
//! An attempt counts before it is checked, so that many at the same time are no way around it. Accounts that do not exist are
//! counted like others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use platform::sync::lock;

use super::random::digest;

/// An entry is forgotten after so long without an attempt.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);
/// The largest number of entries; the one with the oldest attempt goes first. Tests fill it.
const MAX_ENTRIES: usize = if cfg!(test) { 200 } else { 20_000 };

/// Who attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// The digest of the email.
    Account([u8; 32]),
    Address(IpAddr),
}

impl Key {
    /// Attempts that do not slow down, and the longest pause. A pause of an account also keeps its user out, so it is short.
    fn limits(self) -> (u32, Duration) {
        match self {
            Self::Account(_) => (5, Duration::from_secs(60)),
            Self::Address(_) => (20, Duration::from_secs(900)),
        }
    }
}

#[derive(Debug)]
struct Entry {
    failures: u32,
    until: Instant,
    last: Instant,
}

/// The attempts of the last hour.
#[derive(Debug, Default)]
pub(crate) struct Backoff(Mutex<HashMap<Key, Entry>>);

/// One attempt that is counted as a failure until it succeeds.
#[derive(Debug)]
pub(crate) struct Attempt(Key, Key);

impl Backoff {
    /// Counts an attempt.
    ///
    /// # Errors
    /// How long the next attempt has to wait.
    pub(crate) fn begin(&self, email: &str, address: IpAddr, now: Instant) -> Result<Attempt, Duration> {
        let attempt = Attempt(Key::Account(digest(email)), Key::Address(network(address)));
        let keys = [attempt.0, attempt.1];
        let mut entries = lock(&self.0);
        let waits = keys.iter().filter_map(|key| entries.get(key)?.until.checked_duration_since(now));
        if let Some(wait) = waits.max().filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        for key in keys {
            make_room(&mut entries, now);
            let entry = entries.entry(key).or_insert(Entry { failures: 0, until: now, last: now });
            if now.duration_since(entry.last) >= FORGOTTEN_AFTER {
                entry.failures = 0;
            }
            entry.failures = entry.failures.saturating_add(1);
            (entry.last, entry.until) = (now, now + pause(key, entry.failures));
        }
        Ok(attempt)
    }

    /// The attempt was right. The account begins anew; the address only loses this attempt, or whoever has an account could
    /// go on with those of others.
    pub(crate) fn succeeded(&self, attempt: &Attempt, now: Instant) {
        let mut entries = lock(&self.0);
        entries.remove(&attempt.0);
        if let Some(entry) = entries.get_mut(&attempt.1) {
            entry.failures = entry.failures.saturating_sub(1);
            entry.until = now;
        }
    }
}

/// The pause after a number of failures: none at first, then 1 s, doubled each time.
fn pause(key: Key, failures: u32) -> Duration {
    let (free, max) = key.limits();
    match failures.checked_sub(free + 1) {
        None => Duration::ZERO,
        Some(exponent) => Duration::from_secs(1 << exponent.min(16)).min(max),
    }
}

/// What one subscriber has: an IPv4 address, or a network of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        address => address,
    }
}

fn make_room(entries: &mut HashMap<Key, Entry>, now: Instant) {
    if entries.len() < MAX_ENTRIES {
        return;
    }
    entries.retain(|_, entry| now.duration_since(entry.last) < FORGOTTEN_AFTER);
    if entries.len() >= MAX_ENTRIES
        && let Some(oldest) = entries.iter().min_by_key(|(_, entry)| entry.last).map(|(key, _)| *key)
    {
        entries.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn account_slows_down_from_any_address() {
        let (backoff, mut now) = (Backoff::default(), Instant::now());
        for last in 0..6 {
            backoff.begin("ann@example.org", address(last), now).unwrap();
        }
        let mut waits = Vec::new();
        for last in 6..16 {
            let wait = backoff.begin("ann@example.org", address(last), now).unwrap_err();
            waits.push(wait.as_secs());
            now += wait;
            backoff.begin("ann@example.org", address(last), now).unwrap();
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        // Others do not wait.
        backoff.begin("bob@example.org", address(1), now).unwrap();
    }

    #[test]
    fn address_slows_down_for_any_account() {
        let (backoff, now) = (Backoff::default(), Instant::now());
        for account in 0..21 {
            backoff.begin(&format!("{account}@example.org"), address(1), now).unwrap();
        }
        assert_eq!(backoff.begin("ann@example.org", address(1), now).unwrap_err().as_secs(), 1);
        assert!(backoff.begin("ann@example.org", address(2), now).is_ok());
        let ipv6 = |text: &str| network(text.parse().unwrap());
        assert_eq!(ipv6("2001:db8::1"), ipv6("2001:db8::ffff:1"));
        assert_ne!(ipv6("2001:db8::1"), ipv6("2001:db8:0:1::1"));
        assert_eq!(ipv6("::ffff:10.0.0.1"), address(1));
    }

    #[test]
    fn success_clears_account_and_not_address() {
        let (backoff, now) = (Backoff::default(), Instant::now());
        for _ in 0..4 {
            backoff.begin("ann@example.org", address(1), now).unwrap();
        }
        let right = backoff.begin("ann@example.org", address(1), now).unwrap();
        backoff.succeeded(&right, now);
        let failures = |key: Key| lock(&backoff.0).get(&key).map(|entry| entry.failures);
        assert_eq!(failures(right.0), None);
        assert_eq!(failures(right.1), Some(4));
    }

    #[test]
    fn failures_are_forgotten_and_bounded() {
        let (backoff, now) = (Backoff::default(), Instant::now());
        for _ in 0..6 {
            backoff.begin("ann@example.org", address(1), now).unwrap();
        }
        let later = now + FORGOTTEN_AFTER;
        for _ in 0..6 {
            backoff.begin("ann@example.org", address(1), later).unwrap();
        }
        for number in 0..MAX_ENTRIES {
            let one = IpAddr::from(u32::try_from(number).unwrap().to_be_bytes());
            let _ = backoff.begin(&number.to_string(), one, later);
        }
        assert!(lock(&backoff.0).len() <= MAX_ENTRIES);
    }
}
