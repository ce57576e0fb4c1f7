//! `tool_choice`: which tools are offered, and whether the reply has the call that is required. Ollama has no such option.

use serde_json::Value;

use super::model_request::ModelRequest;
use super::response_format::ReplyFormat;
use super::runner::Run;
use crate::error::ServiceError;
use crate::hint::{Warning, WarningKind};
use text::similar::nearest;
use types::{ChatEnd, FinishReason, ToolCall, ToolChoice};

/// Checks that the tools that are chosen are among those of the call.
///
/// # Errors
/// `invalid_argument`.
pub(super) fn check(choice: Option<&ToolChoice>, tools: &[Value]) -> Result<(), ServiceError> {
    let wrong = |reason: String| ServiceError::invalid("tool_choice", reason);
    match choice {
        None | Some(ToolChoice::None | ToolChoice::Auto) => Ok(()),
        Some(ToolChoice::Required) if tools.is_empty() => {
            Err(wrong("is \"required\", and there are no tools; give at least one".to_owned()))
        }
        Some(ToolChoice::Required) => Ok(()),
        Some(ToolChoice::Function(name)) if tools.iter().any(|tool| name_of(tool) == Some(name)) => Ok(()),
        Some(ToolChoice::Function(name)) => {
            let error = wrong(format!("names {name:?}, which is not among the tools"));
            let names = tools.iter().filter_map(name_of);
            Err(match nearest(name, names.clone()) {
                Some(nearest) => error.with_hint(format!("Did you mean {nearest:?}?")),
                None if tools.is_empty() => error,
                None => error.with_hint(format!("The tools are {}.", names.collect::<Vec<_>>().join(", "))),
            })
        }
    }
}

/// The tools that the model is offered.
pub(super) fn offered(mut tools: Vec<Value>, choice: Option<&ToolChoice>) -> Vec<Value> {
    match choice {
        Some(ToolChoice::None) => Vec::new(),
        Some(ToolChoice::Function(name)) => {
            tools.retain(|tool| name_of(tool) == Some(name));
            tools
        }
        None | Some(ToolChoice::Auto | ToolChoice::Required) => tools,
    }
}

/// A choice that requires a call.
pub(super) fn required(choice: Option<&ToolChoice>) -> Option<ToolChoice> {
    choice.filter(|choice| matches!(choice, ToolChoice::Required | ToolChoice::Function(_))).cloned()
}

/// Further tool calls that were dropped.
pub(super) fn dropped_calls(names: &[String]) -> Option<Warning> {
    let were = if names.len() == 1 { "tool call was" } else { "tool calls were" };
    (!names.is_empty()).then(|| {
        let text = format!(
            "{} further {were} dropped, because parallel_tool_calls is false: {}.",
            names.len(),
            names.join(", ")
        );
        Warning::new(text).of_kind(WarningKind::ToolCallsDropped)
    })
}

impl Run {
    /// Asks for a reply that calls a tool; once more, with a correction, where the first one calls none. A reply without a
    /// call is checked against the format.
    pub(crate) async fn with_tool_call(
        &self,
        request: &mut ModelRequest,
        choice: &ToolChoice,
        format: Option<&ReplyFormat>,
        warnings: &mut Vec<Warning>,
    ) -> Result<(ChatEnd, Vec<String>), ServiceError> {
        self.reply.hold_back();
        let mut end = self.stream(request).await?;
        // A reply that was cut short would be cut short again.
        if !self.calls(choice) && end.finish_reason != FinishReason::Length {
            request.correct(self.reply.discard(), correction(choice));
            end = self.stream(request).await?;
        }
        self.reply.publish();
        if !self.calls(choice) {
            let tool = match choice {
                ToolChoice::Function(name) => format!("the tool {name:?}"),
                _ => "a tool".to_owned(),
            };
            warnings.push(
                Warning::new(format!("The reply does not call {tool}, which tool_choice requires."))
                    .of_kind(WarningKind::ToolCallMissing),
            );
        }
        let violations = match format {
            Some(format) => self.violations_at_end(format, &end, false, warnings).await,
            None => Vec::new(),
        };
        Ok((end, violations))
    }

    fn calls(&self, choice: &ToolChoice) -> bool {
        let is_chosen = |call: &ToolCall| match choice {
            ToolChoice::Function(name) => call.name == *name,
            _ => true,
        };
        self.reply.tool_calls().iter().any(is_chosen)
    }
}

fn correction(choice: &ToolChoice) -> String {
    let tool = match choice {
        ToolChoice::Function(name) => format!("the tool {name}"),
        _ => "one of the tools".to_owned(),
    };
    format!("Your reply cannot be used: it does not call a tool. Reply with nothing but a call of {tool}")
}

fn name_of(tool: &Value) -> Option<&str> {
    tool.pointer("/function/name").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tools() -> Vec<Value> {
        ["get_weather", "get_time"]
            .map(|name| json!({"type": "function", "function": {"name": name}}))
            .to_vec()
    }

    #[test]
    fn chosen_tool_must_be_among_tools() {
        let named = |name: &str| ToolChoice::Function(name.to_owned());
        let refused = |choice: &ToolChoice, tools: &[Value]| check(Some(choice), tools).unwrap_err();
        assert!(check(Some(&named("get_time")), &tools()).is_ok());
        assert!(check(Some(&ToolChoice::None), &[]).is_ok());
        let error = refused(&named("get_wether"), &tools());
        assert_eq!(error.argument.as_deref(), Some("tool_choice"));
        assert_eq!(
            error.text(),
            "tool_choice names \"get_wether\", which is not among the tools. Did you mean \"get_weather\"?"
        );
        assert_eq!(refused(&named("x"), &tools()).hint().unwrap(), "The tools are get_weather, get_time.");
        assert_eq!(refused(&named("x"), &[]).hint(), None);
        assert!(refused(&ToolChoice::Required, &[]).text().contains("there are no tools"));
    }

    #[test]
    fn only_chosen_tools_are_offered() {
        let names = |choice: Option<ToolChoice>| {
            let offered = offered(tools(), choice.as_ref());
            offered.iter().filter_map(name_of).collect::<Vec<_>>().join(",")
        };
        assert_eq!(names(None), "get_weather,get_time");
        assert_eq!(names(Some(ToolChoice::Required)), "get_weather,get_time");
        assert_eq!(names(Some(ToolChoice::Function("get_time".to_owned()))), "get_time");
        assert_eq!(names(Some(ToolChoice::None)), "");
    }
}
