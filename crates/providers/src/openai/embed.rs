//! Reads the embeddings of an answer.

use ::openai::embeddings::decode_base64;

use super::wire::{EmbedAnswer, Vector};
use crate::{ProviderError, ProviderResult, check_vectors};
use types::{EmbedRequest, Embeddings};

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
    decode_base64(&text).ok_or_else(|| ProviderError::Malformed {
        reason: "an embedding is neither numbers nor base64 of 32-bit floats".to_owned(),
    })
}

#[cfg(test)]
mod tests {
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
}
