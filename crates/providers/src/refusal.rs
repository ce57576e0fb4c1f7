//! What a server says when it refuses: the text inside whatever it was wrapped in.
//!
//! Servers wrap an error as `{"error":"text"}`, `{"error":{"message":...}}`, `{"message":...}`,
//! `{"detail":...}`, as JSON inside one of these texts, as plain text, as an HTML page, or not at all.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::ProviderError;
use text::sanitize;

/// Longest text that is taken over from a JSON error, in characters.
const MAX_MESSAGE: usize = 2_000;
/// Longest piece of a body that is no JSON, in characters.
pub(super) const MAX_PIECE: usize = 300;
/// How deep errors are unwrapped. Ollama's is two deep at most.
const MAX_DEPTH: usize = 4;

/// An answer whose status is not a success.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The HTTP status.
    pub(super) status: u16,
    /// When the server asks to be tried again.
    pub(super) retry_after: Option<Duration>,
    /// The head of the body, bounded.
    pub(super) body: Vec<u8>,
}

/// How the body of a refusal was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A JSON object with an error in it: an API speaks.
    Json,
    /// Text that is no such JSON.
    Text,
    /// An HTML page: something else than an API speaks.
    Html,
    /// Nothing.
    Empty,
}

/// What the server said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    /// The text, unwrapped and bounded.
    pub(super) message: String,
    /// How it was written.
    pub(super) form: Form,
    /// The error's `type`, such as `exceed_context_size_error`.
    pub(super) kind: Option<String>,
    /// The error's `code` where it is a word, such as `context_length_exceeded`.
    pub(super) code: Option<String>,
    /// Tokens of the prompt, where the server counts them.
    pub(super) prompt_tokens: Option<u64>,
    /// Tokens of the context.
    pub(super) context_tokens: Option<u64>,
}

impl Refusal {
    /// The text of the body.
    pub(super) fn said(&self) -> Said {
        let text = String::from_utf8_lossy(&self.body);
        let text = text.trim();
        if let Some(said) = unwrap(text, 0) {
            return said;
        }
        if text.is_empty() {
            return Said::plain(Form::Empty, "no text".to_owned());
        }
        if is_html(text) {
            return Said::plain(Form::Html, "an HTML page".to_owned());
        }
        Said::plain(Form::Text, bounded(text, MAX_PIECE))
    }
}

impl Said {
    /// What a JSON value under the key `error` says, as it comes in the middle of a stream.
    pub(super) fn in_stream(error: &str) -> Self {
        let wrapped = format!("{{\"error\":{error}}}");
        unwrap(&wrapped, 0).unwrap_or_else(|| Self::plain(Form::Text, bounded(error, MAX_PIECE)))
    }

    /// The error for a prompt that is longer than the context, where this is what was said.
    pub(super) fn context_exceeded(&self) -> Option<ProviderError> {
        const TEXTS: [&str; 5] = [
            "exceeds the available context size",
            "exceeds the context length",
            // Ollama, for models whose context cannot shift.
            "longer than the context length",
            "maximum context length",
            "context length exceeded",
        ];
        let named = [&self.kind, &self.code].into_iter().flatten();
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

    /// The capability that the model lacks, in Ollama's word, where this is what was said.
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

    fn plain(form: Form, message: String) -> Self {
        Self { message, form, kind: None, code: None, prompt_tokens: None, context_tokens: None }
    }
}

/// The text on one line, cut to at most `limit` characters.
pub(super) fn bounded(text: &str, limit: usize) -> String {
    sanitize::line_of(text, limit)
}

#[derive(Deserialize)]
struct Envelope {
    error: Option<ErrorField>,
    message: Option<String>,
    detail: Option<Value>,
    #[serde(rename = "type")]
    kind: Option<String>,
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
    kind: Option<String>,
    code: Option<Value>,
    n_prompt_tokens: Option<u64>,
    n_ctx: Option<u64>,
}

/// The innermost error of a JSON text; `None` where it holds none.
fn unwrap(text: &str, depth: usize) -> Option<Said> {
    let envelope: Envelope = serde_json::from_str(text).ok()?;
    let (message, object) = match envelope.error {
        Some(ErrorField::Text(message)) => (message, None),
        Some(ErrorField::Object(mut object)) => (object.message.take()?, Some(object)),
        None => {
            let detail = envelope.detail.map(|detail| match detail {
                Value::String(text) => text,
                other => other.to_string(),
            });
            // FastAPI's `detail` is what a framework says of a route; only an API says `error` or `message`.
            let form = if envelope.message.is_some() { Form::Json } else { Form::Text };
            let mut said = Said::plain(form, bounded(&envelope.message.or(detail)?, MAX_MESSAGE));
            said.kind = envelope.kind;
            return Some(said);
        }
    };
    if depth < MAX_DEPTH
        && message.trim_start().starts_with('{')
        && let Some(inner) = unwrap(&message, depth + 1)
    {
        return Some(inner);
    }
    let message = message.replace("registry.ollama.ai/library/", "");
    let mut said = Said::plain(Form::Json, bounded(&message, MAX_MESSAGE));
    if let Some(object) = object {
        said.kind = object.kind;
        said.code = object.code.and_then(|code| code.as_str().map(str::to_owned));
        said.prompt_tokens = object.n_prompt_tokens;
        said.context_tokens = object.n_ctx;
    }
    Some(said)
}

fn is_html(text: &str) -> bool {
    let head: String = text.chars().take(15).collect::<String>().to_ascii_lowercase();
    ["<!doctype html", "<html", "<head", "<body", "<h1", "<a href"]
        .iter()
        .any(|start| head.starts_with(start))
}

/// The number that follows `words` at once.
fn number_after(text: &str, words: &str) -> Option<u64> {
    let digits: String = text.split_once(words)?.1.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(body: &str) -> Said {
        Refusal { status: 400, retry_after: None, body: body.as_bytes().to_vec() }.said()
    }

    #[test]
    fn message_is_read_from_every_wrapping() {
        for (body, message, form) in [
            (r#"{"error":"model is required"}"#, "model is required", Form::Json),
            (r#"{"error":{"message":"EOF","type":"t","param":null,"code":null}}"#, "EOF", Form::Json),
            (
                r#"{"error":"{\"error\":{\"code\":400,\"message\":\"deep\",\"type\":\"t\"}}"}"#,
                "deep",
                Form::Json,
            ),
            (
                r#"{"error":{"message":"{\"error\":{\"code\":400,\"message\":\"deep\"}}","type":"t"}}"#,
                "deep",
                Form::Json,
            ),
            (r#"{"error":"{not json"}"#, "{not json", Form::Json),
            (r#"{"object":"error","message":"old vLLM","type":"BadRequestError"}"#, "old vLLM", Form::Json),
            (r#"{"detail":"Not Found"}"#, "Not Found", Form::Text),
            ("404 page not found", "404 page not found", Form::Text),
            ("  \n", "no text", Form::Empty),
            ("<!DOCTYPE html><html><b>Bad gateway", "an HTML page", Form::Html),
            (
                r#"{"error":"registry.ollama.ai/library/m:1b does not support tools"}"#,
                "m:1b does not support tools",
                Form::Json,
            ),
        ] {
            let said = said(body);
            assert_eq!((said.message.as_str(), said.form), (message, form), "{body}");
        }
    }

    #[test]
    fn long_message_is_cut_and_put_on_one_line() {
        let said = said(&"line\u{1b}[31m\n\u{e4}".repeat(2_000));
        assert_eq!(said.message.chars().count(), MAX_PIECE + 1);
        assert!(said.message.starts_with("line [31m \u{e4}line"), "{}", said.message);
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
                said(body).context_exceeded()
            else {
                panic!("{body}");
            };
            assert_eq!((prompt_tokens, context_tokens), (prompt, context), "{body}");
        }
        assert_eq!(said(r#"{"error":"no"}"#).context_exceeded(), None);
    }
}
