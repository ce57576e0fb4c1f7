//! `GET /api/version`, `/api/tags`, `/api/ps`, and `POST /api/show`.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bounded::{MAX_MODELS, MAX_WORDS, list, metadata};
use types::de::lenient_u64;

#[derive(Debug, Deserialize)]
pub(crate) struct VersionAnswer {
    pub(crate) version: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TagsAnswer {
    #[serde(deserialize_with = "list::<MAX_MODELS, _, _>")]
    pub(crate) models: Option<Vec<ListedModel>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListedModel {
    pub(crate) name: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) modified_at: Option<String>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) size: Option<u64>,
    pub(crate) digest: Option<String>,
    pub(crate) details: Option<DetailsAnswer>,
    #[serde(deserialize_with = "list::<MAX_WORDS, _, _>")]
    pub(crate) capabilities: Option<Vec<String>>,
    pub(crate) remote_host: Option<String>,
    pub(crate) remote_model: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DetailsAnswer {
    pub(crate) parent_model: Option<String>,
    pub(crate) format: Option<String>,
    pub(crate) family: Option<String>,
    #[serde(deserialize_with = "list::<MAX_WORDS, _, _>")]
    pub(crate) families: Option<Vec<String>>,
    pub(crate) parameter_size: Option<String>,
    pub(crate) quantization_level: Option<String>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) context_length: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) embedding_length: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PsAnswer {
    #[serde(deserialize_with = "list::<MAX_MODELS, _, _>")]
    pub(crate) models: Option<Vec<LoadedModel>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LoadedModel {
    pub(crate) name: Option<String>,
    pub(crate) model: Option<String>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) size: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) size_vram: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) context_length: Option<u64>,
    pub(crate) expires_at: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct ShowBody<'a> {
    pub(crate) model: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) verbose: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ShowAnswer {
    pub(crate) license: Option<Value>,
    pub(crate) parameters: Option<String>,
    pub(crate) template: Option<String>,
    pub(crate) system: Option<String>,
    pub(crate) details: Option<DetailsAnswer>,
    #[serde(deserialize_with = "metadata")]
    pub(crate) model_info: Option<Map<String, Value>>,
    /// Only counted.
    pub(crate) tensors: Option<Vec<IgnoredAny>>,
    #[serde(deserialize_with = "list::<MAX_WORDS, _, _>")]
    pub(crate) capabilities: Option<Vec<String>>,
    pub(crate) modified_at: Option<String>,
    pub(crate) remote_host: Option<String>,
    pub(crate) remote_model: Option<String>,
}
