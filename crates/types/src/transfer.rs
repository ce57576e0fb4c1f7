//! Models that are moved or made: what is asked, and the progress of it.

use serde_json::{Map, Value};

use super::Message;

/// A model to be made from another one, or from files.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CreateRequest {
    /// The name of the new model.
    pub model: String,
    /// The model to start from; one that is not installed is pulled first.
    pub from: Option<String>,
    /// Names and digests (`sha256:...`) of uploaded files to start from, such as a GGUF.
    pub files: Vec<(String, String)>,
    /// Its prompt template (Go's template language).
    pub template: Option<String>,
    /// Its default system prompt.
    pub system: Option<String>,
    /// Its license text.
    pub license: Option<String>,
    /// Default options, such as `temperature`. Ollama does not check them here: a value of the wrong
    /// type, or an unknown name, makes chats with the model fail, or is ignored.
    pub parameters: Map<String, Value>,
    /// Messages that every conversation starts with.
    pub messages: Vec<Message>,
    /// Quantization to convert to, such as `q4_K_M`; only from unquantized weights.
    pub quantize: Option<String>,
}

impl CreateRequest {
    /// A request with nothing but the new name.
    pub fn new(model: impl Into<String>) -> Self {
        Self { model: model.into(), ..Self::default() }
    }
}

/// A step of a pull, a push or a create.
///
/// Each layer is reported apart, under its digest: the whole is the sum over them, and is not known
/// before each layer was named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransferEvent {
    /// What is done, in the server's words, such as `pulling manifest`.
    pub status: String,
    /// The layer that it is about.
    pub digest: Option<String>,
    /// The layer's size in bytes.
    pub total: Option<u64>,
    /// How much of the layer is done, in bytes. Absent while it is none.
    pub completed: Option<u64>,
}

impl TransferEvent {
    /// Whether all is done; nothing follows.
    pub fn is_success(&self) -> bool {
        self.status == "success"
    }
}
