//! Classifies error responses of OpenAI-compatible servers: by status and route first, then by message.

use crate::ProviderError;
use crate::error_body::{BodyKind, ErrorBody, ErrorResponse};

/// `model` is `None` on routes that name none.
pub(super) fn classify(response: &ErrorResponse, model: Option<&str>) -> ProviderError {
    let body = response.parse();
    let status = response.status;
    if matches!(status, 429 | 503) {
        // llama.cpp answers 503 while it loads its model.
        return ProviderError::Overloaded {
            status,
            message: body.message,
            retry_after: response.retry_after,
        };
    }
    if let (400..=599, Some(model), BodyKind::Json) = (status, model, body.kind) {
        if status < 500 && is_about_a_missing_model(status, &body) {
            return ProviderError::ModelNotFound { model: model.to_owned() };
        }
        if let Some(error) = body.context_exceeded() {
            return error;
        }
        if let Some(capability) = body.missing_capability() {
            let (model, capability) = (model.to_owned(), capability.to_owned());
            return ProviderError::Unsupported { model, capability, message: body.message };
        }
    }
    ProviderError::Status { status, message: explained(status, body) }
}

fn is_about_a_missing_model(status: u16, body: &ErrorBody) -> bool {
    let is = |word: &Option<String>, name: &str| word.as_deref() == Some(name);
    if is(&body.code, "model_not_found") || is(&body.error_type, "model_not_found") {
        return true;
    }
    let text = body.message.to_ascii_lowercase();
    status == 404 && text.contains("model")
        || ["invalid model name", "model not found"].iter().any(|words| text.contains(words))
}

/// The message, with an explanation where it needs one.
fn explained(status: u16, body: ErrorBody) -> String {
    let ErrorBody { message, kind, .. } = body;
    match (status, kind) {
        (404 | 405, _) => {
            format!(
                "{message}: no such route there; the base address is the one that ends in /v1, or what stands for it"
            )
        }
        (_, BodyKind::Html) => {
            format!("{message}: something else than a model server answered; check the base address")
        }
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, body: &str, model: Option<&str>) -> ProviderError {
        classify(&ErrorResponse { status, retry_after: None, body: body.as_bytes().to_vec() }, model)
    }

    #[test]
    fn missing_model_is_recognized_in_every_wording() {
        for (status, body) in [
            (
                404,
                r#"{"error":{"message":"model 'm' not found","type":"not_found_error","param":null,"code":null}}"#,
            ),
            (
                404,
                r#"{"object":"error","message":"The model `m` does not exist.","type":"NotFoundError","code":404}"#,
            ),
            (
                400,
                r#"{"error":{"message":"/chat/completions: Invalid model name passed in model=m","code":"400"}}"#,
            ),
            (400, r#"{"error":{"message":"no","code":"model_not_found"}}"#),
        ] {
            assert_eq!(
                error(status, body, Some("m")),
                ProviderError::ModelNotFound { model: "m".into() },
                "{body}"
            );
        }
    }

    #[test]
    fn wrong_address_is_no_missing_model() {
        for body in [r#"{"detail":"Not Found"}"#, "404 page not found", "<html>nginx", ""] {
            let ProviderError::Status { status: 404, message } = error(404, body, Some("m")) else {
                panic!("{body}")
            };
            assert!(message.contains("/v1"), "{message}");
        }
    }

    #[test]
    fn capability_context_and_overload_errors_are_recognized() {
        let body = r#"{"error":{"message":"registry.ollama.ai/library/m does not support tools","type":"t","code":null}}"#;
        let ProviderError::Unsupported { model, capability, message } = error(400, body, Some("m:1b")) else {
            panic!()
        };
        assert_eq!((&*model, &*capability, &*message), ("m:1b", "tools", "m does not support tools"));
        let body = r#"{"object":"error","message":"The model does not support Embeddings API","code":400}"#;
        assert!(
            matches!(error(400, body, Some("m")), ProviderError::Unsupported { capability, .. } if capability == "embedding")
        );
        let body = r#"{"error":{"code":400,"message":"x","type":"exceed_context_size_error","n_prompt_tokens":9,"n_ctx":4}}"#;
        assert!(matches!(
            error(400, body, Some("m")),
            ProviderError::ContextExceeded { prompt_tokens: Some(9), context_tokens: Some(4), .. }
        ));
        let body = r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#;
        assert!(matches!(error(503, body, None), ProviderError::Overloaded { status: 503, .. }));
        assert_eq!(
            error(401, r#"{"error":{"message":"Invalid API key","code":"x"}}"#, Some("m")),
            ProviderError::Status { status: 401, message: "Invalid API key".into() }
        );
    }
}
