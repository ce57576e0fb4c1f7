//! Embeddings in OpenAI's words, there and back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::wire::{EmbedAnswer, EmbedBody, Vector};
use crate::{ProviderError, ProviderResult, check_texts, check_vectors};
use types::{EmbedRequest, Embeddings};

/// Fields that carry the request itself; an option of that name would break it.
const OWN_FIELDS: [&str; 3] = ["model", "input", "dimensions"];

/// The body of `POST /embeddings`. The form of the vectors is left to the server, since not every one
/// knows `encoding_format`; `truncate` and `keep_alive` have no place in this API.
///
/// # Errors
/// [`ProviderError::InvalidRequest`] for texts that no server takes, and for an option that would
/// replace a part of the request.
pub(super) fn embed_body(request: &EmbedRequest) -> ProviderResult<EmbedBody<'_>> {
    check_texts(request)?;
    if let Some(name) = request.options.keys().find(|name| OWN_FIELDS.contains(&name.as_str())) {
        return Err(ProviderError::InvalidRequest {
            argument: format!("options.{name}"),
            reason: "is a field of the request itself; leave it out of options".to_owned(),
        });
    }
    let EmbedRequest { model, input, dimensions, options, .. } = request;
    Ok(EmbedBody { model, input, dimensions: *dimensions, fields: options })
}

/// The vectors, in the order of the texts.
///
/// # Errors
/// [`ProviderError::Malformed`] where there is not one for each text.
pub(super) fn embeddings(request: &EmbedRequest, answer: EmbedAnswer) -> ProviderResult<Embeddings> {
    let mut data = answer.data.unwrap_or_default();
    // Stable: a server that gives no index answers in order.
    data.sort_by_key(|embedding| embedding.index);
    let vectors = data.into_iter().map(|data| numbers(data.embedding)).collect::<ProviderResult<Vec<_>>>()?;
    check_vectors(request, &vectors)?;
    Ok(Embeddings {
        model: answer.model.filter(|model| !model.is_empty()).unwrap_or_else(|| request.model.clone()),
        vectors,
        prompt_tokens: answer.usage.and_then(|usage| usage.prompt_tokens),
    })
}

fn numbers(vector: Vector) -> ProviderResult<Vec<f32>> {
    let text = match vector {
        Vector::Numbers(numbers) => return Ok(numbers),
        Vector::Base64(text) => text,
    };
    let malformed = || ProviderError::Malformed {
        reason: "an embedding is neither numbers nor base64 of 32-bit floats".to_owned(),
    };
    let bytes = STANDARD.decode(text).map_err(|_| malformed())?;
    let (floats, rest) = bytes.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(malformed());
    }
    Ok(floats.iter().map(|float| f32::from_le_bytes(*float)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fixture;

    fn request(input: &[&str]) -> EmbedRequest {
        EmbedRequest::new("m", input.iter().map(|text| (*text).to_owned()).collect())
    }

    fn read(input: &[&str], answer: &str) -> ProviderResult<Embeddings> {
        embeddings(&request(input), serde_json::from_str(answer).unwrap())
    }

    #[test]
    fn recorded_answers_are_read_in_both_formats() {
        let found = read(&["a", "b"], &fixture::body("v1_embeddings_model_ok")).unwrap();
        assert_eq!((found.model.as_str(), found.prompt_tokens), ("qwen-embed:0.5b", Some(2)));
        let a = vec![0.735_172_75, 0.295_274_47, -0.391_416_55, 0.468_110_08];
        assert_eq!((found.vectors.len(), &found.vectors[0]), (2, &a));
        // The same text, so the same vector.
        assert_eq!(read(&["a"], &fixture::body("v1_embeddings_model_base64")).unwrap().vectors, [a]);
    }

    #[test]
    fn vectors_are_ordered_by_index() {
        let found = read(
            &["a", "b"],
            r#"{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1.0]}],"usage":null}"#,
        );
        let expected =
            Embeddings { model: "m".into(), vectors: vec![vec![1.0], vec![2.0]], prompt_tokens: None };
        assert_eq!(found, Ok(expected));
        let unordered = read(&["a", "b"], r#"{"data":[{"embedding":[1]},{"embedding":[2]}]}"#).unwrap();
        assert_eq!(unordered.vectors, [[1.0], [2.0]]);
    }

    #[test]
    fn mismatching_answers_are_errors() {
        for answer in [
            r#"{"data":null}"#,
            r#"{"data":[{"embedding":[1]},{"embedding":[1]}]}"#,
            r#"{"data":[{"embedding":[]}]}"#,
            r#"{"data":[{"embedding":"!!!"}]}"#,
            r#"{"data":[{"embedding":"QUJD"}]}"#,
        ] {
            assert!(matches!(read(&["a"], answer), Err(ProviderError::Malformed { .. })), "{answer}");
        }
    }

    #[test]
    fn request_has_openai_fields() {
        let mut request = request(&["a", "b"]);
        let sent = |request: &EmbedRequest| serde_json::to_value(embed_body(request).unwrap()).unwrap();
        assert_eq!(sent(&request), json!({"model": "m", "input": ["a", "b"]}));
        request.dimensions = Some(8);
        (request.truncate, request.keep_alive) = (Some(true), Some(json!("1m")));
        request.options.insert("user".to_owned(), json!("u"));
        assert_eq!(sent(&request), json!({"model": "m", "input": ["a", "b"], "dimensions": 8, "user": "u"}));
        request.options.insert("input".to_owned(), Value::Null);
        let refused = |request: &EmbedRequest| match embed_body(request) {
            Err(ProviderError::InvalidRequest { argument, .. }) => argument,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(&request), "options.input");
        assert_eq!(refused(&self::request(&[])), "input");
        assert_eq!(refused(&self::request(&["a", ""])), "input[1]");
    }
}
