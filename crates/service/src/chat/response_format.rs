//! `response_format`: what callers may ask for, and whether a reply keeps to it.

use serde::de::IgnoredAny;
use serde_json::Value;

use super::Chat;
use crate::chat::model_request::Asked;
use crate::chat::runner::Run;
use crate::chat::schema_check::{Unchecked, Verdict, check_here, check_size, no_schema, unchecked, work_of};
use crate::error::ServiceError;
use crate::hint::Warning;
use types::ChatEnd;
use types::{FinishReason, ResponseFormat};

/// Reads `response_format`, see [`openai::response_format::read`].
///
/// # Errors
/// `invalid_argument` where it is no format, or the schema is no schema.
pub fn read_response_format(format: Value) -> Result<Option<ResponseFormat>, ServiceError> {
    let format = openai::response_format::read(format)?;
    if let Some(ResponseFormat::Schema(schema)) = &format {
        check_size(schema)?;
        // What may take long is checked where it can be stopped, before the model is asked.
        if work_of(schema).is_some()
            && let Verdict::NoSchema(why) = check_here(schema, None)
        {
            return Err(no_schema(&why));
        }
    }
    Ok(format)
}

impl Chat {
    /// Checks a schema that was not checked when it was read.
    ///
    /// # Errors
    /// `invalid_argument` for what is no schema, or takes too long to be checked; `overloaded`.
    pub(crate) async fn check_format(&self, format: &ResponseFormat) -> Result<(), ServiceError> {
        let ResponseFormat::Schema(schema) = format else { return Ok(()) };
        if work_of(schema).is_some() {
            return Ok(());
        }
        match self.check_schema(schema, None).await {
            Ok(Verdict::Violations(_)) => Ok(()),
            Ok(Verdict::NoSchema(why)) => Err(no_schema(&why)),
            Err(why) => Err(unchecked(why)),
        }
    }

    /// What is wrong with a reply: empty where it keeps to the format.
    pub(crate) async fn violations(
        &self,
        format: &ResponseFormat,
        reply: String,
    ) -> Result<Vec<String>, Unchecked> {
        match format {
            ResponseFormat::Json => {
                let read = tokio::task::spawn_blocking(move || {
                    serde_json::from_str::<IgnoredAny>(reply.trim()).err().map(|error| error.to_string())
                });
                let wrong = read.await.map_err(|_| Unchecked::NotStarted)?;
                Ok(wrong.map(|error| format!("it is not JSON ({error})")).into_iter().collect())
            }
            ResponseFormat::Schema(schema) => match self.check_schema(schema, Some(reply)).await? {
                Verdict::Violations(wrong) => Ok(wrong),
                // It was a schema when it was read.
                Verdict::NoSchema(_) => Ok(Vec::new()),
            },
        }
    }
}

/// Whether a schema is checked in a process of its own.
fn is_checked_apart(format: &ResponseFormat) -> bool {
    matches!(format, ResponseFormat::Schema(schema) if work_of(schema).is_none())
}

impl Run {
    /// Asks for a reply of a given form; once more, with the violations named, where the first one
    /// does not keep to it. Some models ignore `format`, and prose for JSON is worth a second try.
    pub(crate) async fn formatted(
        &self,
        asked: &mut Asked,
        format: &ResponseFormat,
        warnings: &mut Vec<Warning>,
    ) -> Result<ChatEnd, ServiceError> {
        if is_checked_apart(format) {
            // It may take seconds, and others need not wait for it.
            self.place.delay();
        }
        self.chat.check_format(format).await?;
        self.live.hold();
        let end = self.stream(asked).await?;
        let wrong = self.wrong(format, warnings).await;
        // A reply that was cut short cannot be whole, and one that calls tools has no text to check.
        if wrong.is_empty() || end.finish_reason == FinishReason::Length || self.live.has_tool_calls() {
            self.live.accept();
            return Ok(end);
        }
        asked.correct(self.live.reject(), correction(format, &wrong));
        let end = self.stream(asked).await?;
        let wrong = self.wrong(format, warnings).await;
        if !wrong.is_empty() && end.finish_reason != FinishReason::Length {
            warnings.push(Warning::new(format!(
                "The reply does not match response_format, even after a second try: {}.",
                wrong.join("; ")
            )));
        }
        self.live.accept();
        Ok(end)
    }

    /// What is wrong with the reply; nothing that is known where it cannot be checked.
    async fn wrong(&self, format: &ResponseFormat, warnings: &mut Vec<Warning>) -> Vec<String> {
        let reply = self.live.read_draft(str::to_owned);
        self.chat.violations(format, reply).await.unwrap_or_else(|why| {
            let reason = why.reason();
            warnings.push(format!("The reply was not checked against response_format: {reason}.").into());
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

    use super::*;

    #[test]
    fn invalid_response_format_is_refused() {
        for (format, said) in [
            (json!("yaml"), "response_format is \"yaml\""),
            (json!(5), "response_format must be"),
            (json!({"type": "objekt"}), "response_format is not a JSON Schema"),
            (json!({"type": "json_schema"}), "response_format.json_schema.schema is missing"),
        ] {
            let error = read_response_format(format).unwrap_err().text();
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
