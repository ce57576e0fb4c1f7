//! Answers: what the service returns, as the JSON and the text of a tool or a resource. Pure functions.
//!
//! The answer of one tool alone stands in that tool's file.

pub(crate) mod batch;
pub(crate) mod completion;
pub(crate) mod conversations;
pub(crate) mod documents;
pub(crate) mod error;
pub(crate) mod health;
pub(crate) mod job;
pub(crate) mod models;
pub(crate) mod running_models;
pub(crate) mod work;

use rmcp::model::{CallToolResult, ContentBlock};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use service::ServiceError;
use text::sanitize;

/// A model that was loaded, unloaded, copied or deleted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DoneAnswer<'a> {
    pub(crate) model: &'a str,
    pub(crate) done: bool,
}

/// An answer of a text, and the same as data.
///
/// # Errors
/// `internal`, as of [`to_json`].
pub(crate) fn text_and_data(text: String, data: &impl Serialize) -> Result<CallToolResult, ServiceError> {
    content_and_data(vec![ContentBlock::text(text)], data)
}

/// An answer of several texts, and the same as data.
///
/// # Errors
/// `internal`, as of [`to_json`].
pub(crate) fn content_and_data(
    content: Vec<ContentBlock>,
    data: &impl Serialize,
) -> Result<CallToolResult, ServiceError> {
    let mut result = CallToolResult::success(content);
    result.structured_content = Some(to_json(data)?);
    Ok(result)
}

/// An answer as JSON.
///
/// # Errors
/// `internal`: its type cannot be written as JSON. Hosts validate `structuredContent`, so an answer without it is none.
pub(crate) fn to_json(answer: &impl Serialize) -> Result<Value, ServiceError> {
    serde_json::to_value(answer).map_err(|error| not_json(&error))
}

/// An answer as JSON to be read, of a resource.
///
/// # Errors
/// As of [`to_json`].
pub(crate) fn to_pretty_json(answer: &impl Serialize) -> Result<String, ServiceError> {
    serde_json::to_string_pretty(answer).map(sanitize::json).map_err(|error| not_json(&error))
}

fn not_json(error: &serde_json::Error) -> ServiceError {
    tracing::error!(%error, "an answer could not be written as JSON");
    ServiceError::internal()
}
