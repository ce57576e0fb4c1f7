//! Errors of HTTP: a status, and a body in the form of each dialect.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use openai::error::{ErrorObject, ErrorResponse};
use serde_json::{Value, json};

use crate::hint;
use crate::mount::{Body, Response};
use service::{ErrorCode, Partial, ServiceError, TokenCounts};

/// Anthropic's status of a server that has too much to do.
const OVERLOADED: u16 = 529;
/// Codes of failures that stay the same, or that the caller has wanted, and whose status has clients repeat the request.
const NOT_AGAIN: [&str; 2] = ["idempotency_conflict", "cancelled"];

/// The form of an error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// `{"error": {"message", "type", "code", "param", "hint"}}`.
    OpenAi,
    /// `{"type": "error", "error": {"type", "message"}, "request_id"}`.
    Anthropic,
    /// `{"error": "text"}`.
    Ollama,
    /// OpenAI's with `detail` beside it, as the clients of the chat service read it.
    ChatService,
    /// A JSON-RPC error without an id.
    JsonRpc,
}

/// A request that failed. Boxed, since results carry it.
#[derive(Debug, Clone)]
pub(crate) struct HttpError(Box<Failure>);

/// What is known of a failure.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// For programs.
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    /// The argument that is wrong.
    pub(crate) param: Option<String>,
    /// The next step.
    pub(crate) hint: Option<String>,
    pub(crate) retry_after: Option<Duration>,
    /// The methods that the route has.
    pub(crate) allow: Option<HeaderValue>,
    /// What was generated before the failure. A client that repeats the request would generate it twice.
    pub(crate) partial: Option<Box<Partial>>,
    /// The id of the request, for bodies that have it.
    pub(crate) request_id: Option<String>,
    /// The counts of a prompt that does not fit the context.
    pub(crate) tokens: Option<TokenCounts>,
}

impl HttpError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self(Box::new(Failure {
            status,
            code: code.into(),
            message: message.into(),
            param: None,
            hint: None,
            retry_after: None,
            allow: None,
            partial: None,
            request_id: None,
            tokens: None,
        }))
    }

    /// An argument that is wrong. `reason` follows its name in the text.
    pub(crate) fn bad_request(param: &str, reason: impl std::fmt::Display) -> Self {
        let message = format!("{param} {reason}");
        let mut error = Self::new(StatusCode::BAD_REQUEST, "invalid_argument", message);
        error.param = Some(param.to_owned());
        error
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_api_key", message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(crate) fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
    }

    pub(crate) fn internal() -> Self {
        Self::from_service(&ServiceError::internal(), true)
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// A failure of the service. Callers without a credential learn no path, address or version from it.
    pub(crate) fn from_service(error: &ServiceError, has_credential: bool) -> Self {
        let error = error.sanitized();
        let message = if has_credential { error.message.clone() } else { error.message_without_places() };
        Self(Box::new(Failure {
            status: status(error.code),
            code: code(error.code).into(),
            message,
            param: param(&error),
            hint: hint::hints(&error.hints, has_credential),
            retry_after: error
                .retry_after
                .or((error.code == ErrorCode::Overloaded).then_some(Duration::from_secs(1))),
            allow: None,
            partial: error.partial.clone(),
            request_id: None,
            tokens: error.tokens.filter(|_| error.code == ErrorCode::ContextExceeded),
        }))
    }

    /// OpenAI's error object.
    pub(crate) fn object(&self) -> ErrorResponse<'_> {
        ErrorResponse {
            error: ErrorObject {
                message: self.message.as_str().into(),
                kind: kind(self.status).into(),
                param: self.param.as_deref().map(Cow::from),
                code: Some(self.code.as_ref().into()),
                hint: self.hint.as_deref().map(Cow::from),
            },
        }
    }

    /// The body in the form of a dialect.
    pub(crate) fn body(&self, dialect: Dialect) -> Value {
        // Only strings: this cannot fail.
        let mut body = serde_json::to_value(self.object()).unwrap_or_default();
        match dialect {
            Dialect::OpenAi => body,
            Dialect::Anthropic => json!({
                "type": "error",
                "error": { "type": self.anthropic_kind(), "message": self.anthropic_text() },
                "request_id": self.request_id,
            }),
            Dialect::Ollama => json!({ "error": self.text() }),
            Dialect::ChatService => {
                if let Some(body) = body.as_object_mut() {
                    body.insert("detail".to_owned(), self.text().into());
                }
                body
            }
            Dialect::JsonRpc => {
                json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32000, "message": self.text()}})
            }
        }
    }

    /// The whole response.
    pub(crate) fn into_response(mut self, dialect: Dialect) -> Response {
        if dialect == Dialect::Anthropic && self.is_overload() {
            self.status = StatusCode::from_u16(OVERLOADED).unwrap_or(self.status);
        }
        let mut body = self.body(dialect);
        // A stream has sent it before.
        if let Some(partial) = self.partial.as_ref().filter(|_| dialect != Dialect::JsonRpc) {
            let generated = json!({ "content": partial.content, "reasoning": partial.thinking });
            if let Some(error) = body.get_mut("error").and_then(Value::as_object_mut) {
                error.insert("partial".to_owned(), generated);
            }
        }
        let mut response = Response::new(Body::from(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
        }
        if let Some(allow) = self.allow.take() {
            headers.insert(ALLOW, allow);
        }
        if self.partial.is_some() || NOT_AGAIN.contains(&self.code.as_ref()) {
            headers.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        response
    }

    /// Whether this server has too much to do, which is no limit of the caller.
    fn is_overload(&self) -> bool {
        self.code == ErrorCode::Overloaded.as_str()
    }

    /// Anthropic's type of an error.
    fn anthropic_kind(&self) -> &'static str {
        match self.status.as_u16() {
            _ if self.is_overload() => "overloaded_error",
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            408 | 504 => "timeout_error",
            409 => "conflict_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "api_error",
        }
    }

    /// The text as Anthropic's clients read it: they shorten a conversation whose refusal begins so.
    fn anthropic_text(&self) -> String {
        match &self.tokens {
            Some(TokenCounts { prompt, context }) => {
                format!("prompt is too long: {prompt} tokens > {context} maximum. {}", self.text())
            }
            None => self.text(),
        }
    }

    /// What happened and the next step, for forms that have one text.
    pub(crate) fn text(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}. {hint}", self.message.trim_end_matches('.')),
            None => self.message.clone(),
        }
    }
}

impl Deref for HttpError {
    type Target = Failure;

    fn deref(&self) -> &Failure {
        &self.0
    }
}

impl DerefMut for HttpError {
    fn deref_mut(&mut self) -> &mut Failure {
        &mut self.0
    }
}

impl From<types::InvalidArgument> for HttpError {
    fn from(invalid: types::InvalidArgument) -> Self {
        Self::bad_request(&invalid.path, &invalid.reason)
    }
}

/// OpenAI's type of an error.
fn kind(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

/// OpenAI's code where it has one for the same failure.
fn code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::ContextExceeded => "context_length_exceeded",
        ErrorCode::RateLimited => "rate_limit_exceeded",
        other => other.as_str(),
    }
}

fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::InvalidArgument
        | ErrorCode::ContextExceeded
        | ErrorCode::Unsupported
        | ErrorCode::AttachmentUnreadable => StatusCode::BAD_REQUEST,
        ErrorCode::AttachmentDenied | ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::ModelNotFound
        | ErrorCode::NoModels
        | ErrorCode::FileNotFound
        | ErrorCode::CompletionNotFound
        | ErrorCode::ConversationNotFound => StatusCode::NOT_FOUND,
        ErrorCode::ConversationConflict | ErrorCode::NotConfirmed | ErrorCode::Cancelled => {
            StatusCode::CONFLICT
        }
        // Not 429 or 507: clients would send the whole file again.
        ErrorCode::FileTooLarge | ErrorCode::QuotaExceeded => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::Overloaded | ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::OllamaUnreachable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Timeout => StatusCode::GATEWAY_TIMEOUT,
        ErrorCode::RegistryUnreachable
        | ErrorCode::RegistryDenied
        | ErrorCode::RegistryFailed
        | ErrorCode::Interrupted
        | ErrorCode::UpstreamError => StatusCode::BAD_GATEWAY,
        ErrorCode::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        ErrorCode::StorageFailed | ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The argument that an error is about.
fn param(error: &ServiceError) -> Option<String> {
    let named = match error.code {
        ErrorCode::InvalidArgument
        | ErrorCode::FileNotFound
        | ErrorCode::AttachmentDenied
        | ErrorCode::AttachmentUnreadable => error.argument.as_deref(),
        ErrorCode::ModelNotFound => Some("model"),
        ErrorCode::ContextExceeded => Some("messages"),
        _ => None,
    };
    named.map(str::to_owned)
}

#[cfg(test)]
mod tests;
