//! The time, and the day that usage is counted by.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::DateTime;

/// Milliseconds of Unix time.
pub(crate) fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// The day of a time, as `YYYY-MM-DD` in UTC.
pub(crate) fn day(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().format("%Y-%m-%d").to_string()
}
