//! What is left of a caller's limits, as OpenAI's and Anthropic's headers tell it.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use types::{RateStatus, RateWindow};

/// The headers, which web pages may read too.
pub(crate) const HEADERS: [&str; 6] = [
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
];

/// Anthropic's names of the same, which its clients read.
pub(crate) const ANTHROPIC_HEADERS: [&str; 6] = [
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
];

/// Adds the headers of the limits that the caller has, under Anthropic's names. `reset` is a time there.
pub(crate) fn write_anthropic(headers: &mut HeaderMap, status: &RateStatus, now: DateTime<Utc>) {
    let reset = |time: Duration| {
        let whole = TimeDelta::seconds(i64::try_from(seconds(time)).unwrap_or_default());
        (now + whole).to_rfc3339_opts(SecondsFormat::Secs, true)
    };
    let values = values(status.requests, reset).into_iter().chain(values(status.tokens, reset));
    insert(headers, ANTHROPIC_HEADERS.into_iter().zip(values));
}

/// Adds the headers of the limits that the caller has.
pub(crate) fn write(headers: &mut HeaderMap, status: &RateStatus) {
    let values = values(status.requests, reset).into_iter().chain(values(status.tokens, reset));
    insert(headers, HEADERS.into_iter().zip(values));
}

fn insert(headers: &mut HeaderMap, pairs: impl Iterator<Item = (&'static str, Option<String>)>) {
    for (name, value) in pairs {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

fn values(window: Option<RateWindow>, reset: impl Fn(Duration) -> String) -> [Option<String>; 3] {
    let window = window.as_ref();
    [
        window.map(|window| window.limit.to_string()),
        window.map(|window| window.remaining.to_string()),
        window.map(|window| reset(window.resets_in)),
    ]
}

/// A duration in OpenAI's form: `37s`, `6m0s`, `11h3m0s`; rounded up to seconds.
fn reset(time: Duration) -> String {
    let seconds = seconds(time);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, _) => format!("{minutes}m{rest}s"),
        _ => format!("{hours}h{minutes}m{rest}s"),
    }
}

/// Rounded up.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_anthropic_are_points_in_time() {
        let window = RateWindow { limit: 5, remaining: 4, resets_in: Duration::from_millis(36_200) };
        let mut headers = HeaderMap::new();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        write_anthropic(&mut headers, &RateStatus { requests: Some(window), tokens: None }, now);
        assert_eq!(headers.len(), 3);
        assert_eq!(headers["anthropic-ratelimit-requests-remaining"], "4");
        assert_eq!(headers["anthropic-ratelimit-requests-reset"], "2027-01-15T08:00:37Z");
    }

    #[test]
    fn headers_are_those_of_openai() {
        let window = |limit, remaining, time| {
            Some(RateWindow { limit, remaining, resets_in: Duration::from_millis(time) })
        };
        let mut headers = HeaderMap::new();
        write(&mut headers, &RateStatus { requests: window(5, 4, 36_200), tokens: None });
        let text = |headers: &HeaderMap| {
            let pair = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            HEADERS.map(pair).into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(text(&headers), "5 4 37s");
        let tokens = RateStatus { requests: None, tokens: window(1000, 0, 39_780_000) };
        let mut headers = HeaderMap::new();
        write(&mut headers, &tokens);
        assert_eq!(headers["x-ratelimit-reset-tokens"], "11h3m0s");
        assert_eq!(headers.len(), 3);
        write(&mut headers, &RateStatus { requests: window(1, 0, 360_000), tokens: None });
        assert_eq!(headers["x-ratelimit-reset-requests"], "6m0s");
    }
}
