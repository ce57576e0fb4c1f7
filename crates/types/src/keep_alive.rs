//! How long a model stays loaded after a call.

use serde_json::{Number, Value};

/// Ollama's `keep_alive`: seconds (below 0: for ever), or a duration of Go such as `10m`.
#[derive(Debug, Clone, PartialEq)]
pub struct KeepAlive(Value);

impl KeepAlive {
    /// `None` where a value is neither. A number that is written as text, which Ollama would refuse for want of a unit,
    /// becomes a number.
    pub fn parse(value: Value) -> Option<Self> {
        match &value {
            Value::Number(_) => Some(Self(value)),
            Value::String(text) => match text.parse::<Number>() {
                Ok(seconds) => Some(Self(Value::Number(seconds))),
                Err(_) => is_go_duration(text).then_some(Self(value)),
            },
            _ => None,
        }
    }

    pub fn as_value(&self) -> &Value {
        &self.0
    }

    pub fn into_value(self) -> Value {
        self.0
    }
}

fn is_go_duration(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    if text.parse::<f64>().is_ok() {
        return true;
    }
    let mut rest = text;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(0);
        let Some((digits, after)) = rest.split_at_checked(number) else { return false };
        let Some(unit) =
            ["ns", "us", "µs", "ms", "s", "m", "h"].iter().find(|unit| after.starts_with(**unit))
        else {
            return false;
        };
        if digits.parse::<f64>().is_err() {
            return false;
        }
        rest = after.strip_prefix(unit).unwrap_or_default();
    }
    !text.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn go_durations_are_recognized() {
        for right in ["10m", "1h30m", "-1", "5", "1.5h", "100ms", "-1s"] {
            assert!(is_go_duration(right), "{right}");
        }
        for wrong in ["", "m", "10x", "ten", "1h 30m", "-"] {
            assert!(!is_go_duration(wrong), "{wrong}");
        }
    }

    #[test]
    fn number_as_text_becomes_a_number() {
        assert_eq!(KeepAlive::parse(json!("-1")).unwrap().into_value(), json!(-1));
        assert_eq!(KeepAlive::parse(json!("10m")).unwrap().into_value(), json!("10m"));
        assert_eq!(KeepAlive::parse(json!(true)), None);
    }
}
