//! A completion of a bare prompt, without the roles of a chat.

use serde_json::{Map, Value};

use super::{Image, ResponseFormat, Sampling, Think};

#[derive(Debug, Clone, PartialEq)]
pub struct GenerateRequest {
    pub model: String,
    pub prompt: String,
    /// The text after the gap that the model fills (capability `insert`).
    pub suffix: Option<String>,
    /// Replaces the model's own system prompt.
    pub system: Option<String>,
    /// Replaces the model's own prompt template (Go's template language).
    pub template: Option<String>,
    /// Sends the prompt without a template; excludes `system` and `template`.
    pub raw: bool,
    pub images: Vec<Image>,
    /// Absent values mean the model's defaults.
    pub sampling: Sampling,
    /// Options of the provider, passed through; [`Sampling`] wins over them.
    pub options: Map<String, Value>,
    pub response_format: Option<ResponseFormat>,
    pub think: Option<Think>,
    /// See [`crate::ChatRequest::logprobs`].
    pub logprobs: Option<u8>,
    /// How long the model stays loaded: seconds, or a duration such as `"10m"`.
    pub keep_alive: Option<Value>,
    /// See [`crate::ChatRequest::truncate`].
    pub truncate: Option<bool>,
}

impl GenerateRequest {
    pub fn new(model: impl Into<String>, prompt: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            prompt: prompt.into(),
            suffix: None,
            system: None,
            template: None,
            raw: false,
            images: Vec::new(),
            sampling: Sampling::default(),
            options: Map::new(),
            response_format: None,
            think: None,
            logprobs: None,
            keep_alive: None,
            truncate: None,
        }
    }
}
