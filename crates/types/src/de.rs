//! Numbers as servers write them.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A count, for `deserialize_with`. What is no count (negative, too large for any number, no number at all) is
/// `None`: a reply must not be lost for a clock that ran backwards, or a statistic that overflowed.
pub fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    // Its bare text: a number beyond the range of floats would fail the whole line.
    let Some(text) = Option::<Box<RawValue>>::deserialize(deserializer)? else { return Ok(None) };
    Ok(text.get().parse().ok().or_else(|| {
        text.get()
            .parse()
            .ok()
            .filter(|number: &f64| (0.0..9e15).contains(number))
            .map(|number| number as u64)
    }))
}

/// A number of parameters as Ollama writes it, such as `630.17M`.
pub fn parameter_size(parameters: u64) -> String {
    let n = parameters as f64;
    match parameters {
        1_000_000_000.. => format!("{:.1}B", n / 1e9),
        1_000_000.. => format!("{:.2}M", n / 1e6),
        1_000.. => format!("{:.0}K", n / 1e3),
        _ => parameters.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Line {
        #[serde(default, deserialize_with = "count")]
        n: Option<u64>,
    }

    #[test]
    fn what_is_no_count_costs_nothing_else() {
        for (text, expected) in [
            ("18446744073709551615", Some(u64::MAX)),
            ("0", Some(0)),
            ("1.5e3", Some(1500)),
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
}
