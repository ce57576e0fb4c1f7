//! `POST /embeddings`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::providers::number::count;

#[derive(Debug, Serialize)]
pub(crate) struct EmbedBody<'a> {
    pub(crate) model: &'a str,
    pub(crate) input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dimensions: Option<u64>,
    #[serde(flatten)]
    pub(crate) fields: &'a Map<String, Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EmbedAnswer {
    pub(crate) data: Option<Vec<Embedding>>,
    pub(crate) model: Option<String>,
    pub(crate) usage: Option<EmbedUsage>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Embedding {
    pub(crate) index: Option<usize>,
    pub(crate) embedding: Vector,
}

/// Either form may come, whatever was asked for.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Vector {
    Numbers(Vec<f32>),
    /// Little-endian 32-bit floats.
    Base64(String),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EmbedUsage {
    #[serde(deserialize_with = "count")]
    pub(crate) prompt_tokens: Option<u64>,
}
