//! Uploaded files: how many bytes, and how long they are kept.

use std::time::Duration;

use crate::parse::{Problem, bytes, quantity};

const DAY: u64 = 24 * 60 * 60;
/// Times beyond this are as good as for ever, and their sum with the present time must be a time.
const MAX_TTL: u64 = 3650 * DAY;

/// A size from 1 KiB to 1 PiB.
pub(crate) fn large_size(text: &str) -> Result<u64, Problem> {
    match bytes(text)? {
        found @ 0x400..=0x4_0000_0000_0000 => Ok(found),
        _ => Err(Problem::new("must be between 1KiB and 1048576GiB")),
    }
}

/// A time from 1 s to 3650 days; `None` for 0.
pub(crate) fn files_ttl(text: &str) -> Result<Option<Duration>, Problem> {
    let factor = |unit: &str| match unit {
        "" | "s" => Some(1),
        "m" => Some(60),
        "h" => Some(60 * 60),
        "d" => Some(DAY),
        _ => None,
    };
    match quantity(text, factor) {
        Some(0) => Ok(None),
        Some(found) if found <= MAX_TTL => Ok(Some(Duration::from_secs(found))),
        Some(_) => Err(Problem::new("must be at most 3650d; 0 keeps files until they are deleted")),
        None => Err(Problem::new(
            "must be a duration such as 12h or 30d; a plain number is seconds, and 0 keeps files until they are deleted",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_to_live_is_seconds_to_years_or_none() {
        assert_eq!(files_ttl("0").unwrap(), None);
        assert_eq!(files_ttl("30d").unwrap(), Some(Duration::from_secs(30 * DAY)));
        assert_eq!(files_ttl(" 12 h ").unwrap(), Some(Duration::from_secs(12 * 3600)));
        assert_eq!(files_ttl("90").unwrap(), Some(Duration::from_secs(90)));
        assert!(files_ttl("3651d").unwrap_err().text.contains("at most"));
        assert!(files_ttl("for ever").unwrap_err().text.contains("such as"));
    }

    #[test]
    fn quota_may_be_larger_than_memory() {
        assert_eq!(large_size("500GiB").unwrap(), 500 << 30);
        for text in ["0", "1023", "1048577GiB"] {
            assert!(large_size(text).unwrap_err().text.contains("between"), "{text}");
        }
    }
}
