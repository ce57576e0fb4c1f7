//! Models as a server tells of them. What a server does not tell is `None`, never a guess.

use serde_json::{Map, Value};

/// A server that answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Its version, where it tells one.
    pub version: Option<String>,
}

/// An installed model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Model {
    /// The full name, such as `gemma3:4b`.
    pub name: String,
    /// Size on disk in bytes.
    pub size: Option<u64>,
    /// When it was last changed, RFC 3339 as the server wrote it.
    pub modified_at: Option<String>,
    /// When it was made, in seconds since 1970. Some servers tell of the moment in which they are asked.
    pub created: Option<u64>,
    /// The digest of its manifest.
    pub digest: Option<String>,
    /// The architecture's family, such as `gemma3`.
    pub family: Option<String>,
    /// Number of parameters as the server writes it, such as `4.3B`.
    pub parameter_size: Option<String>,
    /// Quantization, such as `Q4_K_M`.
    pub quantization: Option<String>,
    /// The longest context that the model was made for, in tokens.
    pub context_length: Option<u64>,
    /// Numbers in one of its embeddings.
    pub embedding_length: Option<u64>,
    /// Ollama's capability words; `None` where the server does not tell.
    pub capabilities: Option<Vec<String>>,
    /// Where it really runs, for a cloud model that the server only passes on.
    pub remote: Option<Remote>,
}

/// The far end of a cloud model.
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
    /// The full name.
    pub name: String,
    /// Memory that it takes in all, in bytes.
    pub size: Option<u64>,
    /// Of that, in the memory of a GPU.
    pub size_vram: Option<u64>,
    /// Tokens of context that it was loaded with.
    pub context_length: Option<u64>,
    /// When it will be unloaded, RFC 3339 as the server wrote it; `None` where it stays loaded, or the server does not tell.
    pub expires_at: Option<String>,
}

/// What a server knows of one model.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ModelDetails {
    /// Ollama's capability words: `completion`, `tools`, `vision`, `thinking`, `insert`, `embedding`.
    pub capabilities: Option<Vec<String>>,
    /// The architecture's family.
    pub family: Option<String>,
    /// Number of parameters as the server writes it.
    pub parameter_size: Option<String>,
    /// Quantization.
    pub quantization: Option<String>,
    /// The longest context that the model was made for, in tokens.
    pub context_length: Option<u64>,
    /// Numbers in one of its embeddings.
    pub embedding_length: Option<u64>,
    /// Default parameters, one `name value` a line, sorted (the server's order is random).
    pub parameters: Option<String>,
    /// Its prompt template.
    pub template: Option<String>,
    /// Its default system prompt.
    pub system: Option<String>,
    /// Its license text.
    pub license: Option<String>,
    /// When it was last changed, RFC 3339 as the server wrote it.
    pub modified_at: Option<String>,
    /// Where it really runs, for a cloud model.
    pub remote: Option<Remote>,
    /// The metadata of its file, as the server gives it.
    pub model_info: Map<String, Value>,
    /// How many tensors it has, where the server lists them.
    pub tensors: Option<usize>,
}
