//! A service error as a tool's answer. The only place where one becomes the other.
//!
//! MCP 2025-11-25, server/tools, "Error Handling": what a tool finds wrong is a result with
//! `isError`, which the model reads and can correct. JSON-RPC errors are for the protocol alone.

use rmcp::model::{CallToolResult, ContentBlock};
use serde::Serialize;
use serde_json::{Value, json};

use service::{ErrorCode, ServiceError};

/// The text of a bug. Its details are in the log, not in the answer.
pub(crate) const INTERNAL_TEXT: &str =
    "The call failed because of a bug in ollama-mcp. The log has the details; please report it.";

/// The text of a call that was ended from outside.
pub(crate) const CANCELLED_TEXT: &str = "The call was cancelled before its end: by its caller, or because its session ended or the server is stopping.";

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial: Option<PartialBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context_tokens: Option<u64>,
}

#[derive(Serialize)]
struct PartialBody<'a> {
    content: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reasoning: &'a str,
}

/// The answer of a tool that failed.
pub(crate) fn error_result(error: &ServiceError) -> CallToolResult {
    let error = &error.sanitized();
    let mut text = error.text();
    if let Some(partial) = error.partial.as_ref().filter(|partial| !partial.content.is_empty()) {
        text = format!("{text}\n\nText before the failure:\n{}", partial.content);
    }
    let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
    result.structured_content = Some(json!({ "error": error_body(error) }));
    result
}

/// A failure as programs read it.
pub(crate) fn error_body(error: &ServiceError) -> Value {
    let partial = error.partial.as_ref();
    json!(ErrorBody {
        code: error.code.as_str(),
        message: &error.message,
        hint: error.hint(),
        partial: partial
            .map(|partial| PartialBody { content: &partial.content, reasoning: &partial.thinking }),
        prompt_tokens: error.tokens.map(|tokens| tokens.prompt),
        context_tokens: error.tokens.map(|tokens| tokens.context),
    })
}

/// The answer of a tool that was ended from outside.
pub(crate) fn cancelled() -> CallToolResult {
    error_result(&ServiceError::new(ErrorCode::Cancelled, CANCELLED_TEXT))
}

/// The answer of a tool that panicked.
pub(crate) fn internal_error() -> CallToolResult {
    error_result(&ServiceError::internal())
}
