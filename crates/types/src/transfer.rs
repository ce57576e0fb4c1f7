//! Transfers: the request to create a model, and the progress of pulls, pushes and creates.

use serde_json::{Map, Value};

use super::Message;

/// A model to create from another one, or from files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateRequest {
    pub model: String,
    /// The model to start from; pulled first if it is not installed.
    pub from: Option<String>,
    /// Names and digests (`sha256:...`) of uploaded files to start from, such as a GGUF.
    pub files: Vec<(String, String)>,
    /// Its prompt template (Go's template language).
    pub template: Option<String>,
    pub system: Option<String>,
    pub license: Option<String>,
    /// Default options, such as `temperature`. Ollama does not check them: a wrong type makes chats with the model fail, an
    /// unknown name is ignored.
    pub parameters: Map<String, Value>,
    pub messages: Vec<Message>,
    /// Quantization to convert to, such as `q4_K_M`; only from unquantized weights.
    pub quantize: Option<String>,
}

impl CreateRequest {
    pub fn new(model: impl Into<String>) -> Self {
        Self { model: model.into(), ..Self::default() }
    }
}

/// A step of a pull, a push or a create.
///
/// Each layer is reported separately, under its digest. The total is the sum over the layers, so it is not known before
/// every layer was named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransferEvent {
    /// The server's text, such as `pulling manifest`.
    pub status: String,
    /// The layer.
    pub digest: Option<String>,
    /// The layer's size in bytes.
    pub total: Option<u64>,
    /// Bytes done of the layer. Absent before the first.
    pub completed: Option<u64>,
}

impl TransferEvent {
    /// Whether this is the last step, of a transfer that succeeded.
    pub fn is_success(&self) -> bool {
        self.status == "success"
    }
}
