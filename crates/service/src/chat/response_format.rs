//! `response_format`: what callers may ask for, and whether a reply keeps to it.

use std::sync::Arc;

use serde::de::IgnoredAny;

use super::Chat;
use crate::chat::model_request::ModelRequest;
use crate::chat::runner::Run;
use crate::chat::schema_check::{Compiled, Unchecked, Verdict, check_size, no_schema, unchecked};
use crate::error::ServiceError;
use crate::hint::{Warning, WarningKind};
use types::ChatEnd;
use types::{FinishReason, ResponseFormat};

/// The form that a reply must have, with what checks it. Clones share both.
#[derive(Debug, Clone)]
pub struct ReplyFormat(Arc<Format>);

#[derive(Debug)]
struct Format {
    requested: ResponseFormat,
    /// Absent for JSON of any form, and for a schema that is checked in a process of its own.
    compiled: Option<Compiled>,
}

/// When a reply is checked against its format.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FormatCheck {
    /// Before followers see it: it is held back, and asked for again where it does not match.
    #[default]
    BeforeReply,
    /// At its end: it streams, and is not asked for again.
    AtEnd,
}

impl ReplyFormat {
    /// Compiles a schema, once for all its checks. One whose check may take long is compiled where that can be stopped,
    /// before the request to the model.
    ///
    /// # Errors
    /// `invalid_argument` for what is no schema, or too large.
    pub fn new(requested: ResponseFormat) -> Result<Self, ServiceError> {
        let compiled = match &requested {
            ResponseFormat::Json => None,
            ResponseFormat::Schema(schema) => {
                check_size(schema)?;
                Compiled::new(schema)?
            }
        };
        Ok(Self(Arc::new(Format { requested, compiled })))
    }

    pub(crate) fn as_requested(&self) -> &ResponseFormat {
        &self.0.requested
    }

    /// Whether it is a schema that is checked in a process of its own.
    fn is_checked_apart(&self) -> bool {
        matches!(self.0.requested, ResponseFormat::Schema(_)) && self.0.compiled.is_none()
    }
}

impl Chat {
    /// Checks a schema that was not checked when it was read.
    ///
    /// # Errors
    /// `invalid_argument` for what is no schema, or takes too long to be checked; `overloaded`.
    pub(crate) async fn check_format(&self, format: &ReplyFormat) -> Result<(), ServiceError> {
        let ResponseFormat::Schema(schema) = format.as_requested() else { return Ok(()) };
        if !format.is_checked_apart() {
            return Ok(());
        }
        match self.check_schema(schema, None, None).await {
            Ok(Verdict::Violations(_)) => Ok(()),
            Ok(Verdict::NoSchema(why)) => Err(no_schema(&why)),
            Err(why) => Err(unchecked(why)),
        }
    }

    /// What is wrong with a reply: empty where it keeps to the format.
    pub(crate) async fn violations(
        &self,
        format: &ReplyFormat,
        reply: String,
    ) -> Result<Vec<String>, Unchecked> {
        match format.as_requested() {
            ResponseFormat::Json => {
                let read = tokio::task::spawn_blocking(move || {
                    serde_json::from_str::<IgnoredAny>(reply.trim()).err().map(|error| error.to_string())
                });
                let wrong = read.await.map_err(|_| Unchecked::NotStarted)?;
                Ok(wrong.map(|error| format!("it is not JSON ({error})")).into_iter().collect())
            }
            ResponseFormat::Schema(schema) => {
                match self.check_schema(schema, format.0.compiled.as_ref(), Some(reply)).await? {
                    Verdict::Violations(wrong) => Ok(wrong),
                    // It was a schema when it was read.
                    Verdict::NoSchema(_) => Ok(Vec::new()),
                }
            }
        }
    }
}

impl Run {
    /// Asks for a reply of a given form; once more, with the violations named, where the first one
    /// does not keep to it. Some models ignore `format`, and prose for JSON is worth a second try.
    pub(crate) async fn formatted(
        &self,
        request: &mut ModelRequest,
        format: &ReplyFormat,
        check: FormatCheck,
        warnings: &mut Vec<Warning>,
    ) -> Result<(ChatEnd, Vec<String>), ServiceError> {
        if format.is_checked_apart() {
            // It may take seconds, and others need not wait for it.
            self.place.delay();
        }
        self.chat.check_format(format).await?;
        if check == FormatCheck::AtEnd {
            let end = self.stream(request).await?;
            let wrong = self.violations_at_end(format, &end, false, warnings).await;
            return Ok((end, wrong));
        }
        self.reply.hold_back();
        let end = self.stream(request).await?;
        let wrong = self.wrong(format, warnings).await;
        // A reply that was cut short cannot be whole, and one that calls tools has no text to check.
        if wrong.is_empty() || end.finish_reason == FinishReason::Length || self.reply.has_tool_calls() {
            self.reply.publish();
            return Ok((end, Vec::new()));
        }
        request.correct(self.reply.discard(), correction(format.as_requested(), &wrong));
        let end = self.stream(request).await?;
        self.reply.publish();
        let wrong = self.violations_at_end(format, &end, true, warnings).await;
        Ok((end, wrong))
    }

    /// What is wrong with a reply that followers have seen, and a warning of it. `is_second`: it was asked for again.
    pub(crate) async fn violations_at_end(
        &self,
        format: &ReplyFormat,
        end: &ChatEnd,
        is_second: bool,
        warnings: &mut Vec<Warning>,
    ) -> Vec<String> {
        if end.finish_reason == FinishReason::Length || self.reply.has_tool_calls() {
            return Vec::new();
        }
        let wrong = self.wrong(format, warnings).await;
        if !wrong.is_empty() {
            let again = if is_second { ", even after a second try" } else { "" };
            let text = format!("The reply does not match response_format{again}: {}.", wrong.join("; "));
            warnings.push(Warning::new(text).of_kind(WarningKind::FormatViolated));
        }
        wrong
    }

    /// What is wrong with the reply; nothing that is known where it cannot be checked.
    async fn wrong(&self, format: &ReplyFormat, warnings: &mut Vec<Warning>) -> Vec<String> {
        let reply = self.reply.partial().content;
        self.chat.violations(format, reply).await.unwrap_or_else(|why| {
            let text = format!("The reply was not checked against response_format: {}.", why.reason());
            warnings.push(Warning::new(text).of_kind(WarningKind::FormatUnchecked));
            Vec::new()
        })
    }
}

fn correction(format: &ResponseFormat, wrong: &[String]) -> String {
    let wanted = match format {
        ResponseFormat::Json => "JSON".to_owned(),
        ResponseFormat::Schema(schema) => format!("JSON that is valid against this JSON Schema: {schema}"),
    };
    format!("Your reply cannot be used: {}. Reply again with nothing but {wanted}", wrong.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use openai::ChatCompletionRequest;

    use super::*;
    use crate::chat::request::ChatCall;
    use crate::chat::schema_check::check_here;

    #[test]
    fn invalid_response_format_is_refused() {
        for (format, said) in [
            (json!("yaml"), "response_format is \"yaml\""),
            (json!(5), "response_format must be"),
            (json!({"type": "objekt"}), "response_format is not a JSON Schema"),
            (json!({"type": "json_schema"}), "response_format.json_schema.schema is missing"),
        ] {
            // As every front reads it.
            let mut request = ChatCompletionRequest::default();
            request.response_format = Some(format);
            let error = ChatCall::generation(&mut request).map(|_| ()).unwrap_err().text();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn reply_is_validated_against_schema() {
        let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
        let violations = |reply: &str| match check_here(&schema, Some(reply)) {
            Verdict::Violations(wrong) => wrong,
            Verdict::NoSchema(why) => panic!("{why}"),
        };
        assert!(violations(" {\"n\": 3}\n").is_empty());
        assert_eq!(violations("{\"n\": \"3\"}").len(), 1);
        assert!(violations("{}")[0].contains("\"n\" is a required property"));
        assert!(violations("Sure! {").first().unwrap().starts_with("it is not JSON"));
    }
}
