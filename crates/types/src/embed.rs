//! Embeddings: what is asked, and the vectors that come back.

use serde_json::{Map, Value};

/// Texts to be turned into vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbedRequest {
    /// The model's name on the server.
    pub model: String,
    /// The texts: at least one, and none of them empty.
    pub input: Vec<String>,
    /// Whether a text over the model's context is cut (Ollama's default) or refused. Servers of
    /// OpenAI's API refuse, whatever is asked for.
    pub truncate: Option<bool>,
    /// Numbers in each vector, where the model can make fewer than it does by default.
    pub dimensions: Option<u64>,
    /// How long the model stays loaded: seconds, or a duration such as `"10m"` (Ollama alone).
    pub keep_alive: Option<Value>,
    /// The provider's own options, passed through as they are.
    pub options: Map<String, Value>,
}

impl EmbedRequest {
    /// A request with nothing but its model and texts.
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

/// The vectors of some texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    /// The model that made them, as the server names it; as it was asked for where it does not.
    pub model: String,
    /// One for each text, in the order of the texts. Ollama's have length 1.
    pub vectors: Vec<Vec<f32>>,
    /// Tokens of all texts together, by the server's own count. Texts that were cut count as cut.
    pub prompt_tokens: Option<u64>,
}
