//! `GET /models`.

use serde::Deserialize;

use crate::bounded::{MAX_MODELS, list};
use types::de::lenient_u64;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ModelsAnswer {
    /// Null where an Ollama has no models.
    #[serde(deserialize_with = "list::<MAX_MODELS, _, _>")]
    pub(crate) data: Option<Vec<ListedModel>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListedModel {
    pub(crate) id: Option<String>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) created: Option<u64>,
    /// llama.cpp's.
    pub(crate) meta: Option<Meta>,
    /// vLLM's length of the context.
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) max_model_len: Option<u64>,
    /// The same as other servers and proxies name it.
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) context_length: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) max_context_length: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Meta {
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) n_ctx_train: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) n_embd: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) n_params: Option<u64>,
    #[serde(deserialize_with = "lenient_u64")]
    pub(crate) size: Option<u64>,
}
