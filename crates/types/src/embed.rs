//! Embeddings: the request, and the vectors.

use serde_json::{Map, Value};

#[derive(Debug, Clone, PartialEq)]
pub struct EmbedRequest {
    pub model: String,
    /// At least one text, none of them empty; the service checks it.
    pub input: Vec<String>,
    /// Whether a text over the model's context is cut (Ollama's default) or refused. OpenAI-compatible servers always
    /// refuse.
    pub truncate: Option<bool>,
    /// Numbers in each vector, for models that can make fewer than their default.
    pub dimensions: Option<u64>,
    /// How long the model stays loaded: seconds, or a duration such as `"10m"` (Ollama alone).
    pub keep_alive: Option<Value>,
    pub options: Map<String, Value>,
}

impl EmbedRequest {
    pub fn new(model: impl Into<String>, input: Vec<String>) -> Self {
        Self {
            model: model.into(),
            input,
            truncate: None,
            dimensions: None,
            keep_alive: None,
            options: Map::new(),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    /// The server's name of the model; the requested one if it gives none.
    pub model: String,
    /// One for each text, in order. Ollama's are normalized to length 1.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens of all texts, counted by the server after cutting.
    pub prompt_tokens: Option<u64>,
}
