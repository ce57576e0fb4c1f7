//! Embeddings: the request, the response, and vectors as base64.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::InvalidArgument;
use crate::models::ListObject;
use crate::request::Support::{self, Honoured, Ignored};
use types::de::whole_number;

/// OpenAI's fields, then those of Ollama. Others are unknown, and ignored.
pub const FIELDS: &[(&str, Support)] = &[
    ("dimensions", Honoured),
    ("encoding_format", Honoured),
    ("input", Honoured),
    ("model", Honoured),
    ("user", Ignored),
    ("keep_alive", Honoured),
    ("options", Honoured),
    ("truncate", Honoured),
];

/// Fields that carry the request itself; an option of that name would break it.
const OWN_FIELDS: [&str; 3] = ["model", "input", "dimensions"];

/// `POST /embeddings`, as callers send it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EmbeddingsRequest {
    pub model: Option<String>,
    input: Option<Input>,
    /// `float` or `base64`.
    pub encoding_format: Option<String>,
    #[serde(deserialize_with = "whole_number")]
    pub dimensions: Option<u64>,
    pub user: Option<String>,
    /// Ollama's.
    pub truncate: Option<bool>,
    /// Ollama's.
    pub keep_alive: Option<Value>,
    /// Ollama's.
    pub options: Option<Map<String, Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Input {
    Text(String),
    Texts(Vec<String>),
    Other(IgnoredAny),
}

impl EmbeddingsRequest {
    /// Takes the texts out of the request.
    ///
    /// # Errors
    /// There is no input, or it holds tokens.
    pub fn take_texts(&mut self) -> Result<Vec<String>, InvalidArgument> {
        match self.input.take() {
            Some(Input::Text(text)) => Ok(vec![text]),
            Some(Input::Texts(texts)) => Ok(texts),
            Some(Input::Other(_)) => Err(InvalidArgument::new(
                "input",
                "must be text, or an array of texts; clients that send tokens have a switch for it, such as \
                 check_embedding_ctx_length=False in LangChain",
            )),
            None => Err(InvalidArgument::new("input", "is missing; give a text, or an array of texts")),
        }
    }

    /// Whether the vectors are to be written as base64.
    ///
    /// # Errors
    /// The format is neither `float` nor `base64`.
    pub fn wants_base64(&self) -> Result<bool, InvalidArgument> {
        match self.encoding_format.as_deref() {
            None | Some("float") => Ok(false),
            Some("base64") => Ok(true),
            Some(other) => {
                let reason = format!("is {other:?}; it must be \"float\" or \"base64\"");
                Err(InvalidArgument::new("encoding_format", reason))
            }
        }
    }
}

/// `POST /embeddings`, as it is sent to a server.
#[derive(Debug, Serialize)]
pub struct EmbeddingsBody<'a> {
    model: &'a str,
    input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u64>,
    #[serde(flatten)]
    fields: &'a Map<String, Value>,
}

impl<'a> EmbeddingsBody<'a> {
    /// Options become fields. `encoding_format` is left out, since not every server knows it; `truncate` and
    /// `keep_alive` have no place in this API.
    ///
    /// # Errors
    /// An option would replace a field of the request itself.
    pub fn new(request: &'a types::EmbedRequest) -> Result<Self, InvalidArgument> {
        crate::request::check_options(&request.options, &OWN_FIELDS)?;
        let types::EmbedRequest { model, input, dimensions, options, .. } = request;
        Ok(Self { model, input, dimensions: *dimensions, fields: options })
    }
}

/// The answer to `POST /embeddings`.
#[derive(Debug, Serialize)]
pub struct EmbeddingsResponse<'a> {
    pub object: ListObject,
    pub data: Vec<Embedding<'a>>,
    pub model: Cow<'a, str>,
    pub usage: EmbeddingsUsage,
}

#[derive(Debug, Serialize)]
pub struct Embedding<'a> {
    pub object: Object,
    /// The place of its text in the input.
    pub index: usize,
    pub embedding: Vector<'a>,
}

/// The object's type.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Object {
    #[default]
    Embedding,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Vector<'a> {
    Numbers(&'a [f32]),
    Base64(String),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct EmbeddingsUsage {
    pub prompt_tokens: u64,
    pub total_tokens: u64,
}

impl<'a> EmbeddingsResponse<'a> {
    pub fn new(embeddings: &'a types::Embeddings, as_base64: bool) -> Self {
        let vector = |numbers: &'a Vec<f32>| {
            if as_base64 { Vector::Base64(encode_base64(numbers)) } else { Vector::Numbers(numbers) }
        };
        let data = embeddings.vectors.iter().enumerate();
        let tokens = embeddings.prompt_tokens.unwrap_or(0);
        Self {
            object: ListObject::List,
            data: data
                .map(|(index, numbers)| Embedding {
                    object: Object::Embedding,
                    index,
                    embedding: vector(numbers),
                })
                .collect(),
            model: embeddings.model.as_str().into(),
            usage: EmbeddingsUsage { prompt_tokens: tokens, total_tokens: tokens },
        }
    }
}

/// A vector as base64 of little-endian 32-bit floats.
pub fn encode_base64(numbers: &[f32]) -> String {
    STANDARD.encode(numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())
}

/// The vector of such a text; `None` where it is none.
pub fn decode_base64(text: &str) -> Option<Vec<f32>> {
    let bytes = STANDARD.decode(text).ok()?;
    let (floats, rest) = bytes.as_chunks::<4>();
    rest.is_empty().then(|| floats.iter().map(|float| f32::from_le_bytes(*float)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture;

    fn read(request: Value) -> EmbeddingsRequest {
        serde_json::from_value(request).unwrap()
    }

    #[test]
    fn input_is_a_text_or_texts() {
        let texts = |input: Value| read(json!({"model": "m", "input": input})).take_texts();
        assert_eq!(texts(json!("a")), Ok(vec!["a".to_owned()]));
        assert_eq!(texts(json!(["a", "b"])), Ok(vec!["a".to_owned(), "b".to_owned()]));
        for tokens in [json!([1, 2]), json!([[1], [2]])] {
            assert!(texts(tokens).unwrap_err().to_string().contains("check_embedding_ctx_length"));
        }
        assert_eq!(texts(Value::Null).unwrap_err().path, "input");
    }

    #[test]
    fn encoding_format_is_checked() {
        let format = |format: Value| read(json!({"encoding_format": format})).wants_base64();
        assert_eq!((format(Value::Null), format(json!("float"))), (Ok(false), Ok(false)));
        assert_eq!(format(json!("base64")), Ok(true));
        assert_eq!(format(json!("int8")).unwrap_err().path, "encoding_format");
    }

    #[test]
    fn base64_survives_a_round_trip() {
        let numbers = [0.0, -1.5, f32::MAX, f32::MIN_POSITIVE];
        assert_eq!(decode_base64(&encode_base64(&numbers)).unwrap(), numbers);
        assert_eq!((decode_base64("AAAA"), decode_base64("*")), (None, None));
        let recorded: Value = fixture::read("v1_embeddings_model_base64");
        let text = recorded["data"][0]["embedding"].as_str().unwrap();
        assert_eq!(encode_base64(&decode_base64(text).unwrap()), text);
    }

    #[test]
    fn response_is_written_as_recorded() {
        let recorded: Value = fixture::read("v1_embeddings_model_ok");
        let vectors = recorded["data"].as_array().unwrap().iter();
        let embeddings = types::Embeddings {
            model: recorded["model"].as_str().unwrap().to_owned(),
            vectors: vectors.map(|data| serde_json::from_value(data["embedding"].clone()).unwrap()).collect(),
            prompt_tokens: recorded["usage"]["prompt_tokens"].as_u64(),
        };
        let text = serde_json::to_string(&EmbeddingsResponse::new(&embeddings, false)).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), recorded);
    }

    #[test]
    fn options_are_fields_but_not_those_of_the_request() {
        let mut request = types::EmbedRequest::new("m", vec!["a".to_owned()]);
        let written = |request: &_| serde_json::to_value(EmbeddingsBody::new(request).unwrap()).unwrap();
        assert_eq!(written(&request), json!({"model": "m", "input": ["a"]}));
        (request.dimensions, request.truncate, request.keep_alive) = (Some(8), Some(true), Some(json!("1m")));
        request.options.insert("user".to_owned(), json!("u"));
        assert_eq!(written(&request), json!({"model": "m", "input": ["a"], "dimensions": 8, "user": "u"}));
        request.options.insert("input".to_owned(), json!("x"));
        assert_eq!(EmbeddingsBody::new(&request).unwrap_err().path, "options.input");
    }
}
