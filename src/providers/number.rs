//! Numbers as servers write them.

use serde::{Deserialize, Deserializer};
use serde_json::Number;

/// A count, for `deserialize_with`. A number that is no count (negative, too large) is `None`: a
/// reply must not be lost for a clock that ran backwards.
pub(super) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Option::<Number>::deserialize(deserializer)?.and_then(|number| {
        number.as_u64().or_else(|| number.as_f64().filter(|n| (0.0..9e15).contains(n)).map(|n| n as u64))
    }))
}

/// A number of parameters as Ollama writes it, such as `630.17M`.
pub(super) fn parameter_size(parameters: u64) -> String {
    let n = parameters as f64;
    match parameters {
        1_000_000_000.. => format!("{:.1}B", n / 1e9),
        1_000_000.. => format!("{:.2}M", n / 1e6),
        1_000.. => format!("{:.0}K", n / 1e3),
        _ => parameters.to_string(),
    }
}
