//! `POST /api/embed`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bounded::vectors;
use types::de::lenient_u64;

#[derive(Debug, Serialize)]
pub(crate) struct EmbedBody<'a> {
    pub(crate) model: &'a str,
    pub(crate) input: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) truncate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dimensions: Option<u64>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) options: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) keep_alive: Option<&'a Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct EmbedAnswer {
    pub(crate) model: Option<String>,
    #[serde(deserialize_with = "vectors")]
    pub(crate) embeddings: Option<Vec<Vec<f32>>>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) prompt_eval_count: Option<u64>,
}
