//! Checks of a chat's arguments: what is out of range is named before anything is sent.

use serde_json::Value;

use super::request::ChatCall;
use super::truncation;
use crate::ServiceError;
use crate::models::name::name_length;

/// Checks what can be checked before anything is sent.
pub(crate) fn check(call: &ChatCall) -> Result<(), ServiceError> {
    if call.model.as_deref().is_some_and(|model| model.trim().is_empty()) {
        return Err(ServiceError::invalid(
            "model",
            "is empty; name a model, or leave it out for the default one",
        ));
    }
    call.model.as_deref().map_or(Ok(()), |model| name_length("model", model))?;
    let sampling = &call.sampling;
    between("temperature", sampling.temperature, 0.0, 2.0)?;
    between("top_p", sampling.top_p, 0.0, 1.0)?;
    between("presence_penalty", sampling.presence_penalty, -2.0, 2.0)?;
    between("frequency_penalty", sampling.frequency_penalty, -2.0, 2.0)?;
    at_least_one("max_tokens", sampling.max_tokens)?;
    at_least_one("num_ctx", sampling.num_ctx)?;
    let num_ctx_is_given = sampling.num_ctx.is_some() || call.options.contains_key("num_ctx");
    truncation::check(call.truncation, num_ctx_is_given)?;
    keep_alive(call.keep_alive.clone())?;
    call.attachments.check()?;
    for (index, tool) in call.tools.iter().enumerate() {
        if tool.pointer("/function/name").and_then(Value::as_str).is_none_or(str::is_empty) {
            let path = format!("tools[{index}].function.name");
            return Err(ServiceError::invalid(
                &path,
                "is missing; tools have OpenAI's form {\"type\":\"function\",\"function\":{...}}",
            ));
        }
    }
    Ok(())
}

fn between(argument: &str, value: Option<f64>, least: f64, most: f64) -> Result<(), ServiceError> {
    match value {
        Some(value) if !(least..=most).contains(&value) => {
            Err(ServiceError::invalid(argument, format!("is {value}; it must be between {least} and {most}")))
        }
        _ => Ok(()),
    }
}

fn at_least_one(argument: &str, value: Option<u64>) -> Result<(), ServiceError> {
    match value {
        Some(0) => Err(ServiceError::invalid(argument, "is 0; it must be at least 1")),
        _ => Ok(()),
    }
}

/// Checks Ollama's `keep_alive`: seconds (below 0: for ever), or a Go duration. A number that is
/// written as text, which Ollama would refuse for want of a unit, becomes one.
///
/// # Errors
/// `invalid_argument`.
pub fn keep_alive(value: Option<Value>) -> Result<Option<Value>, ServiceError> {
    let Some(value) = value else { return Ok(None) };
    match &value {
        Value::Number(_) => Ok(Some(value)),
        Value::String(text) => match text.parse::<serde_json::Number>() {
            Ok(seconds) => Ok(Some(Value::Number(seconds))),
            Err(_) if is_go_duration(text) => Ok(Some(value)),
            Err(_) => Err(wrong_keep_alive(&value)),
        },
        _ => Err(wrong_keep_alive(&value)),
    }
}

fn wrong_keep_alive(value: &Value) -> ServiceError {
    ServiceError::invalid(
        "keep_alive",
        format!("is {value}; it must be seconds, or a duration such as \"10m\" (-1 for ever, 0 to unload)"),
    )
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
    use super::*;

    #[test]
    fn durations_of_go_are_told_from_others() {
        for right in ["10m", "1h30m", "-1", "5", "1.5h", "100ms", "-1s"] {
            assert!(is_go_duration(right), "{right}");
        }
        for wrong in ["", "m", "10x", "ten", "1h 30m", "-"] {
            assert!(!is_go_duration(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        let mut call = ChatCall::default();
        call.sampling.temperature = Some(3.0);
        assert_eq!(check(&call).unwrap_err().text(), "temperature is 3; it must be between 0 and 2");
        call.sampling.temperature = Some(f64::NAN);
        assert!(check(&call).is_err());
        call.sampling.temperature = None;
        call.sampling.max_tokens = Some(0);
        assert_eq!(check(&call).unwrap_err().text(), "max_tokens is 0; it must be at least 1");
    }
}
