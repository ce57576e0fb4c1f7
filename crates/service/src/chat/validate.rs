//! Checks of a chat's arguments: what is out of range is named before anything is sent.

use serde_json::Value;

use super::request::ChatCall;
use super::tool_choice;
use super::truncation;
use crate::ServiceError;
use crate::models::name::name_length;
use types::{KeepAlive, TokenLogprob};

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
    if call.logprobs.is_some_and(|top| top > TokenLogprob::MAX_TOP) {
        let reason = format!("must be between 0 and {}", TokenLogprob::MAX_TOP);
        return Err(ServiceError::invalid("top_logprobs", reason));
    }
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
    tool_choice::check(call.tool_choice.as_ref(), &call.tools)
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

/// Reads `keep_alive`.
///
/// # Errors
/// `invalid_argument`.
pub fn keep_alive(value: Option<Value>) -> Result<Option<KeepAlive>, ServiceError> {
    let Some(value) = value else { return Ok(None) };
    KeepAlive::parse(value.clone()).map(Some).ok_or_else(|| wrong_keep_alive(&value))
}

fn wrong_keep_alive(value: &Value) -> ServiceError {
    ServiceError::invalid(
        "keep_alive",
        format!("is {value}; it must be seconds, or a duration such as \"10m\" (-1 for ever, 0 to unload)"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_range_argument_is_named() {
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
