//! A chat: checks what is asked, chooses the model, drives the provider's stream, checks the reply.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::{Map, Value};

use super::completions::{self, Live};
use super::options::ignored_options;
use super::reply_format::violations;
use super::types::{
    FinishReason, Location, Message, ResponseFormat, Role, Sampling, Think, Timings, ToolCall, Usage,
};
use super::{Core, ErrorCode, ServiceError};
use crate::providers::types::{ChatEnd, ChatEvent, ChatRequest};

/// A chat as a caller asks for it.
#[derive(Debug, Clone, Default)]
pub struct ChatCall {
    /// The model; the default one where it is absent.
    pub model: Option<String>,
    /// The conversation so far, oldest first.
    pub messages: Vec<Message>,
    /// How to sample.
    pub sampling: Sampling,
    /// The server's own options.
    pub options: Map<String, Value>,
    /// The form that the reply must have.
    pub response_format: Option<ResponseFormat>,
    /// Whether the model thinks first.
    pub think: Option<Think>,
    /// OpenAI function tools.
    pub tools: Vec<Value>,
    /// How long the model stays loaded afterwards.
    pub keep_alive: Option<Value>,
}

/// How a completion ended, and what it cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// The model that answered.
    pub model: String,
    /// Why it was that one, where the call named none.
    pub model_reason: Option<&'static str>,
    /// Where it ran.
    pub location: Location,
    /// Why the reply ended.
    pub finish_reason: FinishReason,
    /// The server's own counts.
    pub usage: Usage,
    /// The server's own times.
    pub timings: Timings,
    /// What the server did in silence, and what is wrong with the reply.
    pub warnings: Vec<String>,
}

impl Core {
    /// Starts a chat as a completion of its own.
    ///
    /// # Errors
    /// `invalid_argument`. What goes wrong later is the completion's outcome.
    pub fn start_chat(self: &Arc<Self>, call: ChatCall) -> Result<Arc<Live>, ServiceError> {
        check(&call)?;
        let live = Live::new();
        let run = Run { core: Arc::clone(self), live: Arc::clone(&live) };
        completions::spawn(&live, async move { run.chat(call).await });
        Ok(live)
    }
}

struct Run {
    core: Arc<Core>,
    live: Arc<Live>,
}

impl Run {
    async fn chat(&self, call: ChatCall) -> Result<Ending, ServiceError> {
        let (model, model_reason) = match call.model {
            Some(model) => (model, None),
            None => {
                let default = self.core.default_model().await?;
                (default.name, Some(default.reason))
            }
        };
        if call.messages.iter().any(|message| !message.images.is_empty()) {
            self.core.require(&model, "vision").await?;
        }
        let mut warnings = self.ignored(&call.options, &call.sampling, call.keep_alive.as_ref());
        let mut request = ChatRequest {
            model,
            messages: call.messages,
            sampling: call.sampling,
            options: call.options,
            response_format: call.response_format,
            think: call.think,
            tools: call.tools,
            keep_alive: call.keep_alive,
        };
        let end = match request.response_format.take() {
            Some(format) => self.formatted(&mut request, format, &mut warnings).await?,
            None => self.stream(request.clone()).await?,
        };
        if end.finish_reason == FinishReason::Length {
            warnings.push(length_warning(request.sampling.max_tokens));
        }
        Ok(Ending {
            location: self.core.location(end.remote.as_ref()),
            model: end.model.unwrap_or(request.model),
            model_reason,
            finish_reason: end.finish_reason,
            usage: end.usage,
            timings: end.timings,
            warnings,
        })
    }

    /// Asks for a reply of a given form; once more, with the violations named, where the first one
    /// does not keep to it. Some models ignore `format`, and prose for JSON is worth a second try.
    async fn formatted(
        &self,
        request: &mut ChatRequest,
        format: ResponseFormat,
        warnings: &mut Vec<String>,
    ) -> Result<ChatEnd, ServiceError> {
        request.response_format = Some(format.clone());
        self.live.hold();
        let end = self.stream(request.clone()).await?;
        let wrong = self.live.read_draft(|reply| violations(&format, reply));
        // A reply that was cut short cannot be whole, and one that calls tools has no text to check.
        if wrong.is_empty() || end.finish_reason == FinishReason::Length || self.live.has_tool_calls() {
            self.live.accept();
            return Ok(end);
        }
        let rejected = self.live.reject();
        request.messages.push(Message::text(Role::Assistant, rejected));
        request.messages.push(Message::text(Role::User, correction(&format, &wrong)));
        let end = self.stream(request.clone()).await?;
        let wrong = self.live.read_draft(|reply| violations(&format, reply));
        if !wrong.is_empty() && end.finish_reason != FinishReason::Length {
            warnings.push(format!(
                "The reply does not keep to response_format, though the model was asked twice: {}.",
                wrong.join("; ")
            ));
        }
        self.live.accept();
        Ok(end)
    }

    async fn stream(&self, request: ChatRequest) -> Result<ChatEnd, ServiceError> {
        let mut events = match self.core.provider.chat(request).await {
            Ok(events) => events,
            Err(error) => return Err(self.core.explain(error).await),
        };
        while let Some(event) = events.next().await {
            match event {
                Ok(ChatEvent::Content(text)) => self.live.push_content(&text),
                Ok(ChatEvent::Thinking(text)) => self.live.push_thinking(&text),
                Ok(ChatEvent::ToolCall(call)) => self.live.push_tool_call(with_id(call)),
                Ok(ChatEvent::Done(end)) => return Ok(end),
                Err(error) => return Err(self.core.error(error)),
            }
        }
        Err(ServiceError::new(ErrorCode::Interrupted, "The answer broke off before its end"))
    }

    fn ignored(
        &self,
        options: &Map<String, Value>,
        sampling: &Sampling,
        keep_alive: Option<&Value>,
    ) -> Vec<String> {
        if self.core.provider.name() == "ollama" {
            return ignored_options(options);
        }
        let ignored = [("num_ctx", sampling.num_ctx.is_some()), ("keep_alive", keep_alive.is_some())];
        let names = ignored.iter().filter(|(_, given)| *given).map(|(name, _)| name);
        names
            .map(|name| {
                format!("{name} is Ollama's own; this server's context and loading are its own matter.")
            })
            .collect()
    }
}

/// OpenAI requires ids of tool calls; not every server gives them.
fn with_id(mut call: ToolCall) -> ToolCall {
    if call.id.is_empty() {
        call.id = format!("call_{}", uuid::Uuid::new_v4().simple());
    }
    call
}

fn correction(format: &ResponseFormat, wrong: &[String]) -> String {
    let wanted = match format {
        ResponseFormat::Json => "JSON".to_owned(),
        ResponseFormat::Schema(schema) => format!("JSON that is valid against this JSON Schema: {schema}"),
    };
    format!("Your reply cannot be used: {}. Reply again with nothing but {wanted}", wrong.join("; "))
}

fn length_warning(max_tokens: Option<u64>) -> String {
    match max_tokens {
        Some(limit) => format!("The reply stopped at max_tokens ({limit}); raise it for a longer one."),
        None => {
            "The reply stopped at the model's limit of tokens; set max_tokens, or raise num_ctx.".to_owned()
        }
    }
}

/// Checks what can be checked before anything is sent.
fn check(call: &ChatCall) -> Result<(), ServiceError> {
    if call.model.as_deref().is_some_and(|model| model.trim().is_empty()) {
        return Err(ServiceError::invalid(
            "model",
            "is empty; name a model, or leave it out for the default one",
        ));
    }
    let sampling = &call.sampling;
    between("temperature", sampling.temperature, 0.0, 2.0)?;
    between("top_p", sampling.top_p, 0.0, 1.0)?;
    between("presence_penalty", sampling.presence_penalty, -2.0, 2.0)?;
    between("frequency_penalty", sampling.frequency_penalty, -2.0, 2.0)?;
    at_least_one("max_tokens", sampling.max_tokens)?;
    at_least_one("num_ctx", sampling.num_ctx)?;
    check_keep_alive(call.keep_alive.as_ref())?;
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

/// Ollama's `keep_alive`: seconds (below 0: forever), or a Go duration.
fn check_keep_alive(value: Option<&Value>) -> Result<(), ServiceError> {
    let fine = match value {
        None | Some(Value::Number(_)) => true,
        Some(Value::String(text)) => is_go_duration(text),
        Some(_) => false,
    };
    if fine {
        return Ok(());
    }
    let shown = value.map(Value::to_string).unwrap_or_default();
    Err(ServiceError::invalid(
        "keep_alive",
        format!("is {shown}; it must be seconds, or a duration such as \"10m\" (-1 for ever, 0 to unload)"),
    ))
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

/// Tokens of the reply a second, by the server's own counts.
pub fn tokens_per_second(usage: &Usage, timings: &Timings) -> Option<f64> {
    let tokens = usage.completion_tokens?;
    let eval = timings.eval.filter(|eval| *eval > Duration::ZERO)?;
    Some(tokens as f64 / eval.as_secs_f64())
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
