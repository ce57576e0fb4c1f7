//! The body of an error response, and the message inside it.
//!
//! Servers wrap an error as `{"error":"text"}`, `{"error":{"message":...}}`, `{"message":...}`,
//! `{"detail":...}`, as JSON inside one of these texts, as plain text, as an HTML page, or not at all.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::ProviderError;
use text::sanitize;

/// Characters kept of a JSON error.
const MAX_MESSAGE: usize = 2_000;
/// Characters kept of a body that is not JSON.
pub(super) const MAX_EXCERPT: usize = 300;
/// How deep nested errors are unwrapped; Ollama nests two.
const MAX_DEPTH: usize = 4;

/// A response whose status is not a success.
#[derive(Debug)]
pub(super) struct ErrorResponse {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// The start of the body.
    pub(super) body: Vec<u8>,
}

/// The format of an error body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    /// A JSON object with an error in it, so an API wrote it.
    Json,
    /// Other text.
    Text,
    /// An HTML page, such as a proxy's.
    Html,
    Empty,
}

/// A parsed error body.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ErrorBody {
    /// Unwrapped and cut to a maximum length.
    pub(super) message: String,
    pub(super) kind: BodyKind,
    /// The error's `type`, such as `exceed_context_size_error`.
    pub(super) error_type: Option<String>,
    /// The error's `code` where it is text, such as `context_length_exceeded`.
    pub(super) code: Option<String>,
    pub(super) prompt_tokens: Option<u64>,
    pub(super) context_tokens: Option<u64>,
}

impl ErrorResponse {
    pub(super) fn parse(&self) -> ErrorBody {
        let text = String::from_utf8_lossy(&self.body);
        let text = text.trim();
        if let Some(body) = unwrap(text, 0) {
            return body;
        }
        if text.is_empty() {
            return ErrorBody::plain(BodyKind::Empty, "no text".to_owned());
        }
        if is_html(text) {
            return ErrorBody::plain(BodyKind::Html, "an HTML page".to_owned());
        }
        ErrorBody::plain(BodyKind::Text, excerpt(text, MAX_EXCERPT))
    }
}

impl ErrorBody {
    /// Parses the value of the key `error` in an event of a stream.
    pub(super) fn in_stream(error: &str) -> Self {
        let wrapped = format!("{{\"error\":{error}}}");
        unwrap(&wrapped, 0).unwrap_or_else(|| Self::plain(BodyKind::Text, excerpt(error, MAX_EXCERPT)))
    }

    /// The error for a prompt longer than the context, if the server reports one.
    pub(super) fn context_exceeded(&self) -> Option<ProviderError> {
        const TEXTS: [&str; 5] = [
            "exceeds the available context size",
            "exceeds the context length",
            // Ollama, for models whose context cannot shift.
            "longer than the context length",
            "maximum context length",
            "context length exceeded",
        ];
        let named = [&self.error_type, &self.code].into_iter().flatten();
        let mut named = named
            .filter(|name| matches!(name.as_str(), "exceed_context_size_error" | "context_length_exceeded"));
        if named.next().is_none() && !TEXTS.iter().any(|text| self.message.contains(text)) {
            return None;
        }
        let after = |words: &[&str]| words.iter().find_map(|word| number_after(&self.message, word));
        let prompt = || {
            after(&[
                "request (",
                "your request has ",
                "your messages resulted in ",
                "your prompt contains at least ",
            ])
        };
        let context = || after(&["context size (", "context length is "]);
        Some(ProviderError::ContextExceeded {
            prompt_tokens: self.prompt_tokens.or_else(prompt),
            context_tokens: self.context_tokens.or_else(context),
            message: self.message.clone(),
        })
    }

    /// The capability that the model lacks, in Ollama's word, if the server reports one.
    pub(super) fn missing_capability(&self) -> Option<&'static str> {
        const TEXTS: [(&str, &str); 12] = [
            ("does not support tools", "tools"),
            ("does not support thinking", "thinking"),
            ("does not support insert", "insert"),
            ("does not support vision", "vision"),
            ("does not support multimodal", "vision"),
            ("image input is not supported", "vision"),
            ("missing data required for image input", "vision"),
            ("is not a multimodal model", "vision"),
            ("does not support chat", "completion"),
            ("does not support generate", "completion"),
            ("does not support embeddings", "embedding"),
            ("does not support Embeddings", "embedding"),
        ];
        TEXTS.iter().find(|(text, _)| self.message.contains(text)).map(|(_, capability)| *capability)
    }

    fn plain(kind: BodyKind, message: String) -> Self {
        Self { message, kind, error_type: None, code: None, prompt_tokens: None, context_tokens: None }
    }
}

/// The text on one line, cut to at most `limit` characters.
pub(super) fn excerpt(text: &str, limit: usize) -> String {
    sanitize::line_of(text, limit)
}

#[derive(Deserialize)]
struct Envelope {
    error: Option<ErrorField>,
    message: Option<String>,
    detail: Option<Value>,
    #[serde(rename = "type")]
    error_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorField {
    Text(String),
    Object(ErrorObject),
}

#[derive(Deserialize)]
struct ErrorObject {
    message: Option<String>,
    #[serde(rename = "type")]
    error_type: Option<String>,
    code: Option<Value>,
    n_prompt_tokens: Option<u64>,
    n_ctx: Option<u64>,
}

/// The innermost error of a JSON text; `None` where it holds none.
fn unwrap(text: &str, depth: usize) -> Option<ErrorBody> {
    let envelope: Envelope = serde_json::from_str(text).ok()?;
    let (message, object) = match envelope.error {
        Some(ErrorField::Text(message)) => (message, None),
        Some(ErrorField::Object(mut object)) => (object.message.take()?, Some(object)),
        None => {
            let detail = envelope.detail.map(|detail| match detail {
                Value::String(text) => text,
                other => other.to_string(),
            });
            // `detail` comes from FastAPI itself, for a missing route; `error` and `message` come from the API.
            let kind = if envelope.message.is_some() { BodyKind::Json } else { BodyKind::Text };
            let mut body = ErrorBody::plain(kind, excerpt(&envelope.message.or(detail)?, MAX_MESSAGE));
            body.error_type = envelope.error_type;
            return Some(body);
        }
    };
    if depth < MAX_DEPTH
        && message.trim_start().starts_with('{')
        && let Some(inner) = unwrap(&message, depth + 1)
    {
        return Some(inner);
    }
    let message = message.replace("registry.ollama.ai/library/", "");
    let mut body = ErrorBody::plain(BodyKind::Json, excerpt(&message, MAX_MESSAGE));
    if let Some(object) = object {
        body.error_type = object.error_type;
        body.code = object.code.and_then(|code| code.as_str().map(str::to_owned));
        body.prompt_tokens = object.n_prompt_tokens;
        body.context_tokens = object.n_ctx;
    }
    Some(body)
}

fn is_html(text: &str) -> bool {
    let head: String = text.chars().take(15).collect::<String>().to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body", "<h1", "<a href"]
        .iter()
        .any(|start| head.starts_with(start))
}

/// The number directly after `words`.
fn number_after(text: &str, words: &str) -> Option<u64> {
    let digits: String = text.split_once(words)?.1.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> ErrorBody {
        ErrorResponse { status: 400, retry_after: None, body: body.as_bytes().to_vec() }.parse()
    }

    #[test]
    fn message_is_read_from_every_wrapping() {
        for (body, message, kind) in [
            (r#"{"error":"model is required"}"#, "model is required", BodyKind::Json),
            (r#"{"error":{"message":"EOF","type":"t","param":null,"code":null}}"#, "EOF", BodyKind::Json),
            (
                r#"{"error":"{\"error\":{\"code\":400,\"message\":\"deep\",\"type\":\"t\"}}"}"#,
                "deep",
                BodyKind::Json,
            ),
            (
                r#"{"error":{"message":"{\"error\":{\"code\":400,\"message\":\"deep\"}}","type":"t"}}"#,
                "deep",
                BodyKind::Json,
            ),
            (r#"{"error":"{not json"}"#, "{not json", BodyKind::Json),
            (
                r#"{"object":"error","message":"old vLLM","type":"BadRequestError"}"#,
                "old vLLM",
                BodyKind::Json,
            ),
            (r#"{"detail":"Not Found"}"#, "Not Found", BodyKind::Text),
            ("404 page not found", "404 page not found", BodyKind::Text),
            ("  \n", "no text", BodyKind::Empty),
            ("<!DOCTYPE html><html><b>Bad gateway", "an HTML page", BodyKind::Html),
            (
                r#"{"error":"registry.ollama.ai/library/m:1b does not support tools"}"#,
                "m:1b does not support tools",
                BodyKind::Json,
            ),
        ] {
            let parsed = parse(body);
            assert_eq!((parsed.message.as_str(), parsed.kind), (message, kind), "{body}");
        }
    }

    #[test]
    fn long_message_is_cut_and_put_on_one_line() {
        let body = parse(&"line\u{1b}[31m\n\u{e4}".repeat(2_000));
        assert_eq!(body.message.chars().count(), MAX_EXCERPT + 1);
        assert!(body.message.starts_with("line [31m \u{e4}line"), "{}", body.message);
    }

    #[test]
    fn context_counts_are_read_where_given() {
        for (body, prompt, context) in [
            (
                r#"{"error":{"message":"request (3029 tokens) exceeds the available context size (512 tokens), try increasing it"}}"#,
                Some(3029),
                Some(512),
            ),
            (
                r#"{"error":{"message":"too long","type":"exceed_context_size_error","n_prompt_tokens":9,"n_ctx":4}}"#,
                Some(9),
                Some(4),
            ),
            (
                r#"{"error":{"message":"This model's maximum context length is 4096 tokens and your request has 2778 input tokens"}}"#,
                Some(2778),
                Some(4096),
            ),
            (r#"{"error":"the input length exceeds the context length"}"#, None, None),
            (
                r#"{"error":"the prompt is longer than the context length currently available to the model; shorten the prompt"}"#,
                None,
                None,
            ),
        ] {
            let Some(ProviderError::ContextExceeded { prompt_tokens, context_tokens, .. }) =
                parse(body).context_exceeded()
            else {
                panic!("{body}");
            };
            assert_eq!((prompt_tokens, context_tokens), (prompt, context), "{body}");
        }
        assert_eq!(parse(r#"{"error":"no"}"#).context_exceeded(), None);
    }
}
