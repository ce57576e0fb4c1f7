//! A completion of a bare prompt, without the roles of a chat.

use serde_json::{Map, Value};

use super::{Image, ResponseFormat, Sampling, Think};

/// A prompt to be completed.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateRequest {
    /// The model's name on the server.
    pub model: String,
    /// The text to be continued, or answered.
    pub prompt: String,
    /// What follows the text that is wanted: the model fills in between (capability `insert`).
    pub suffix: Option<String>,
    /// Replaces the model's own system prompt.
    pub system: Option<String>,
    /// Replaces the model's own prompt template (Go's template language).
    pub template: Option<String>,
    /// Sends the prompt as it is, under no template; `system` and `template` do not go with it.
    pub raw: bool,
    /// Images that belong to the prompt.
    pub images: Vec<Image>,
    /// How to sample. Absent means the model's own default.
    pub sampling: Sampling,
    /// The provider's own options, passed through as they are; [`Sampling`] wins over them.
    pub options: Map<String, Value>,
    /// The form that the reply must have.
    pub response_format: Option<ResponseFormat>,
    /// Whether, and how hard, the model thinks first.
    pub think: Option<Think>,
    /// How long the model stays loaded: seconds, or a duration such as `"10m"`.
    pub keep_alive: Option<Value>,
    /// Whether the server may cut a prompt that does not fit the context (Ollama alone). With `false` it refuses,
    /// with the exact counts; without it Ollama cuts in silence.
    pub truncate: Option<bool>,
}

impl GenerateRequest {
    /// A request with nothing but its model and prompt.
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
            keep_alive: None,
            truncate: None,
        }
    }
}
