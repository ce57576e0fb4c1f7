//! Models as a server describes them. What a server does not report is `None`, never a guess.

use serde_json::{Map, Value};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    pub version: Option<String>,
}

/// An installed model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    /// The full name, such as `gemma3:4b`.
    pub name: String,
    /// Size on disk in bytes.
    pub size: Option<u64>,
    /// RFC 3339, as the server wrote it.
    pub modified_at: Option<String>,
    /// Unix seconds. Some servers report the time of the request.
    pub created: Option<u64>,
    /// Of its manifest.
    pub digest: Option<String>,
    /// The model that it was made from.
    pub parent_model: Option<String>,
    /// Of its file, such as `gguf`.
    pub format: Option<String>,
    /// Such as `gemma3`.
    pub family: Option<String>,
    /// The families of its parts, such as those of the text and the vision model.
    pub families: Vec<String>,
    /// As the server writes it, such as `4.3B`.
    pub parameter_size: Option<String>,
    /// Such as `Q4_K_M`.
    pub quantization: Option<String>,
    /// Maximum context in tokens.
    pub context_length: Option<u64>,
    /// Numbers in one of its embeddings.
    pub embedding_length: Option<u64>,
    /// Ollama's capability names; `None` if the server does not report them.
    pub capabilities: Option<Vec<String>>,
    /// Where a cloud model runs, which the server only forwards to.
    pub remote: Option<Remote>,
}

/// Where a cloud model runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The host that runs it, such as `https://ollama.com:443`.
    pub host: String,
    /// Its name there.
    pub model: Option<String>,
}

/// A model that is loaded into memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunningModel {
    pub name: String,
    /// Total memory in bytes.
    pub size: Option<u64>,
    /// The part of it in GPU memory.
    pub size_vram: Option<u64>,
    /// Tokens of context.
    pub context_length: Option<u64>,
    /// When it will be unloaded: RFC 3339, as the server wrote it. `None` if it stays loaded, or the server does not
    /// report it.
    pub expires_at: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelDetails {
    /// Ollama's capability names: `completion`, `tools`, `vision`, `thinking`, `insert`, `embedding`.
    pub capabilities: Option<Vec<String>>,
    pub family: Option<String>,
    pub parameter_size: Option<String>,
    pub quantization: Option<String>,
    /// Maximum context in tokens.
    pub context_length: Option<u64>,
    /// Numbers in one of its embeddings.
    pub embedding_length: Option<u64>,
    /// Default parameters, one `name value` per line, sorted (the server's order is random).
    pub parameters: Option<String>,
    pub template: Option<String>,
    pub system: Option<String>,
    pub license: Option<String>,
    /// RFC 3339, as the server wrote it.
    pub modified_at: Option<String>,
    /// Where a cloud model runs.
    pub remote: Option<Remote>,
    /// The metadata of its file, unchanged.
    pub model_info: Map<String, Value>,
    /// The number of tensors, if the server lists them.
    pub tensors: Option<usize>,
}
