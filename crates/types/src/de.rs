//! Numbers as servers and callers write them, for `deserialize_with`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

/// Below it a float holds every whole number exactly.
const MAX_EXACT: f64 = 9e15;

/// A count in a server's answer. What is no count (negative, too large for any number, no number at all) is `None`:
/// a reply must not be lost because of a clock that ran backwards, or a statistic that overflowed.
pub fn lenient_u64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    // Its bare text: a number beyond the range of floats would fail the whole line.
    let Some(text) = Option::<Box<RawValue>>::deserialize(deserializer)? else { return Ok(None) };
    Ok(text.get().parse().ok().or_else(|| truncated(text.get().parse().ok()?)))
}

/// A whole number of an argument whose minimum is 1. The error says so; whether 0 is taken, the reader of the argument
/// checks. Numbers that JSON writers send as `5.0` are whole all the same.
pub fn whole_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    whole(deserializer, 1)
}

/// The same for an argument whose minimum is 0.
pub fn whole_number_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    whole(deserializer, 0)
}

fn whole<'de, D: Deserializer<'de>>(deserializer: D, minimum: u8) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let float = || value.as_f64().filter(|number| number.fract() == 0.0).and_then(truncated);
    value.as_u64().or_else(float).map(Some).ok_or_else(|| {
        D::Error::custom(format!("is {value}; it must be a whole number of at least {minimum}"))
    })
}

fn truncated(number: f64) -> Option<u64> {
    (0.0..MAX_EXACT).contains(&number).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Line {
        #[serde(default, deserialize_with = "lenient_u64")]
        n: Option<u64>,
    }

    #[derive(Debug, Deserialize)]
    struct Argument {
        #[serde(deserialize_with = "whole_number")]
        n: Option<u64>,
    }

    #[test]
    fn what_is_no_count_costs_nothing_else() {
        for (text, expected) in [
            ("18446744073709551615", Some(u64::MAX)),
            ("0", Some(0)),
            ("1.5e3", Some(1500)),
            ("1700000000.25", Some(1_700_000_000)),
            ("18446744073709551616", None),
            ("1e400", None),
            ("-1e400", None),
            ("99999999999999999999999999999999999999999", None),
            ("-3", None),
            ("null", None),
            ("\"12\"", None),
            ("[]", None),
        ] {
            let line: Line = serde_json::from_str(&format!("{{\"n\":{text}}}")).unwrap();
            assert_eq!(line.n, expected, "{text}");
        }
    }

    #[test]
    fn five_point_zero_is_a_whole_number() {
        let read = |text: &str| serde_json::from_str::<Argument>(&format!("{{\"n\":{text}}}"));
        for (text, expected) in [("5.0", 5), ("5", 5), ("0", 0), ("1e3", 1000)] {
            assert_eq!(read(text).unwrap().n, Some(expected), "{text}");
        }
        for text in ["-1", "1.5", "9e15", "\"5\"", "null"] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains("it must be a whole number of at least 1"), "{error}");
        }
    }
}
