//! Classifies Ollama's error responses: by status and route first, then by message.

use serde_json::{Map, Value};

use crate::ProviderError;
use crate::error_body::{BodyKind, ErrorBody, ErrorResponse};

/// The parts of a request that errors refer to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RequestContext<'a> {
    /// The model, on routes that name one.
    pub(super) model: Option<&'a str>,
    /// Options that the caller passed through.
    pub(super) options: Option<&'a Map<String, Value>>,
    /// Whether the caller gave a template.
    pub(super) template: bool,
}

impl<'a> RequestContext<'a> {
    /// A request that only names a model.
    pub(super) fn for_model(model: &'a str) -> Self {
        Self { model: Some(model), ..Self::default() }
    }
}

pub(super) fn classify(response: &ErrorResponse, context: RequestContext<'_>) -> ProviderError {
    let body = response.parse();
    match (response.status, context.model) {
        (status @ (429 | 503), _) => {
            return ProviderError::Overloaded {
                status,
                message: body.message,
                retry_after: response.retry_after,
            };
        }
        (404, Some(model)) if body.kind == BodyKind::Json => {
            return ProviderError::ModelNotFound { model: model.to_owned() };
        }
        (400..=599, _) if body.kind == BodyKind::Json => {
            if let Some(error) = about_the_request(&body, context) {
                return error;
            }
        }
        _ => {}
    }
    ProviderError::Status { status: response.status, message: explained(response.status, body) }
}

fn about_the_request(body: &ErrorBody, context: RequestContext<'_>) -> Option<ProviderError> {
    if let Some(error) = body.context_exceeded() {
        return Some(error);
    }
    if let (Some(capability), Some(model)) = (body.missing_capability(), context.model) {
        return Some(ProviderError::Unsupported {
            model: model.to_owned(),
            capability: capability.to_owned(),
            message: body.message.clone(),
        });
    }
    let argument = wrong_argument(&body.message, context)?;
    // The message itself names the argument in other words, or not at all.
    Some(ProviderError::InvalidRequest {
        argument,
        reason: format!("is refused by Ollama: {}", body.message),
    })
}

/// The argument that the message is about, under the caller's name for it.
fn wrong_argument(text: &str, context: RequestContext<'_>) -> Option<String> {
    if let Some((option, _)) = text.strip_prefix("option \"").and_then(|rest| rest.split_once('"')) {
        // An option that was not sent is stored in the model.
        return context.options.filter(|sent| sent.contains_key(option)).map(|_| format!("options.{option}"));
    }
    if text.starts_with("invalid format:") || text.contains("JSON schema conversion failed") {
        return Some("response_format".to_owned());
    }
    if text.starts_with("time: ") || text.starts_with("Unsupported type: ") {
        return Some("keep_alive".to_owned());
    }
    if text.contains("illegal base64 data") {
        return Some("images".to_owned());
    }
    if text.starts_with("template: ") {
        // The model's own template can fail with the same message.
        return context.template.then(|| "template".to_owned());
    }
    const STARTS: [(&str, &str); 10] = [
        ("invalid model name", "model"),
        ("model is required", "model"),
        ("name \"", "model"),
        ("source \"", "source"),
        ("destination \"", "destination"),
        ("raw mode does not support", "raw"),
        ("template error: ", "template"),
        ("neither 'from' or 'files'", "from"),
        ("invalid digest format", "digest"),
        ("digest mismatch", "digest"),
    ];
    if let Some((_, argument)) = STARTS.iter().find(|(start, _)| text.starts_with(start)) {
        return Some((*argument).to_owned());
    }
    let field = text.split_once("Go struct field ")?.1.split_once("Request.")?.1.split(' ').next()?;
    Some(if field == "format" { "response_format" } else { field }.to_owned())
}

/// The message, with an explanation where it needs one.
fn explained(status: u16, body: ErrorBody) -> String {
    let ErrorBody { message, kind, .. } = body;
    match (status, kind) {
        (403, BodyKind::Empty) => "it refuses the request's Host or Origin. While Ollama listens on loopback, it \
            answers to local names only: use its loopback address, or start it with OLLAMA_HOST=0.0.0.0 (an Origin \
            must be in its OLLAMA_ORIGINS)"
            .to_owned(),
        (404 | 405, BodyKind::Text | BodyKind::Html | BodyKind::Empty) => {
            format!("{message}: Ollama has no such route there; check that the address is Ollama's own, without /v1 or /api")
        }
        (_, BodyKind::Html) => format!("{message}: something else than Ollama answered, such as a proxy; check the address"),
        (_, BodyKind::Json) if message.contains("exceeds file size") => {
            format!("{message} (the model's file is damaged or not complete; pull or create the model again)")
        }
        (_, BodyKind::Json) if message.starts_with("option \"") => {
            format!("{message} (a parameter stored in the model; create the model anew without it)")
        }
        _ => message,
    }
}

#[cfg(test)]
mod tests;
