//! Clients of model servers: the [`Provider`] trait, and its implementations for Ollama and for OpenAI-compatible servers.
//!
//! Only this crate uses reqwest. It knows no protocol of a front and no policy of the service: it converts and sends
//! requests, decodes responses, and classifies failures ([`ProviderError`]).

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;

mod address;
mod bounded;
mod config;
mod connect_error;
mod decode;
mod error;
mod error_body;
#[cfg(test)]
mod fixture;
pub mod forward;
mod http;
mod lines;
mod logprobs;
pub mod ollama;
mod ollama_api;
pub mod openai;
pub mod own_server;
mod retry_after;
#[cfg(test)]
mod socket;

pub use config::ServerConfig;
pub use error::{ProviderError, RegistryFault, Wait};
pub use http::Timeouts;
pub use ollama_api::{FileStream, OllamaApi, TransferStream};
use types::{
    ChatEvent, ChatRequest, EmbedRequest, Embeddings, GenerateRequest, Health, Model, ModelDetails,
    RunningModel,
};

pub type ProviderResult<T> = Result<T, ProviderError>;

/// The events of one reply, in order. The last item is [`ChatEvent::Done`] or an error. Dropping the stream closes the
/// connection, which stops the generation.
pub type ChatStream = BoxStream<'static, ProviderResult<ChatEvent>>;

/// What a kind of server can do beyond chats and embeddings; nothing of it by default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Features {
    /// Models are pulled, created, copied, loaded and deleted through it, by [`Provider::ollama`].
    pub manages_models: bool,
    /// A request may set the context and how long the model stays loaded: `num_ctx`, `keep_alive`, `truncate`.
    pub sets_context: bool,
    /// Some of its models may run on another machine, which their details tell.
    pub has_cloud_models: bool,
}

/// A model server. Implementations create their HTTP client on first use.
pub trait Provider: Send + Sync + std::fmt::Debug {
    /// The provider's name as settings spell it: `ollama` or `openai`.
    fn name(&self) -> &'static str;

    /// The address of the server, without credentials and query.
    fn address(&self) -> &str;

    /// Whether the address is this machine.
    fn is_local(&self) -> bool;

    /// Checks that the server answers; reports its version if it has one.
    fn health(&self) -> BoxFuture<'_, ProviderResult<Health>>;

    /// The installed models, in the server's order.
    fn list_models(&self) -> BoxFuture<'_, ProviderResult<Vec<Model>>>;

    /// The models in memory; empty if the server cannot tell.
    fn running_models(&self) -> BoxFuture<'_, ProviderResult<Vec<RunningModel>>>;

    fn show_model<'a>(&'a self, model: &'a str) -> BoxFuture<'a, ProviderResult<ModelDetails>>;

    /// Starts a chat. The future resolves when the response begins, or with the first failure; the stream then yields the
    /// reply as it arrives.
    fn chat<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, ProviderResult<ChatStream>>;

    /// Completes a bare prompt. It ends and fails as [`Provider::chat`] does; no tools are called. What the server has no field
    /// for is [`ProviderError::InvalidRequest`].
    fn generate<'a>(&'a self, request: &'a GenerateRequest) -> BoxFuture<'a, ProviderResult<ChatStream>>;

    /// Computes embeddings, one vector for each text; any other number is [`ProviderError::Malformed`]. The texts are not
    /// checked: the service does it. A model without embeddings is [`ProviderError::Unsupported`].
    fn embed<'a>(&'a self, request: &'a EmbedRequest) -> BoxFuture<'a, ProviderResult<Embeddings>>;

    /// What this kind of server can do beyond chats and embeddings.
    fn features(&self) -> Features {
        Features::default()
    }

    /// The API that only Ollama has; `None` for other servers.
    fn ollama(&self) -> Option<&dyn OllamaApi> {
        None
    }
}

/// Checks that there is one vector for each text, all of the same length, and of the requested one.
fn check_vectors(request: &EmbedRequest, vectors: &[Vec<f32>]) -> ProviderResult<()> {
    let malformed = |reason| Err(ProviderError::Malformed { reason });
    let length = vectors.first().map_or(0, Vec::len);
    if vectors.len() != request.input.len() || length == 0 {
        return malformed(format!(
            "{} texts were sent, {} vectors came back, or empty ones",
            request.input.len(),
            vectors.len()
        ));
    }
    if let Some(other) = vectors.iter().map(Vec::len).find(|other| *other != length) {
        return malformed(format!("its vectors differ in length: {length} and {other} numbers"));
    }
    let reason = match request.dimensions.map(usize::try_from) {
        // Ollama ignores a value above the model's own length.
        Some(wanted) if wanted.is_ok_and(|wanted| wanted < length) => {
            format!("was not followed by the server: its vectors have {length} numbers; leave it out")
        }
        Some(wanted) if wanted != Ok(length) => {
            format!("is more than the model makes: its vectors have {length} numbers")
        }
        _ => return Ok(()),
    };
    Err(ProviderError::InvalidRequest { argument: "dimensions".to_owned(), reason })
}

/// The JSON of a body. All keys are text, so a failure is a bug, but must not panic.
fn json(body: &impl serde::Serialize) -> ProviderResult<Vec<u8>> {
    serde_json::to_vec(body).map_err(|error| ProviderError::InvalidRequest {
        argument: "request".to_owned(),
        reason: format!("cannot be written as JSON: {error}"),
    })
}

#[cfg(test)]
mod connection_tests;
#[cfg(test)]
mod socket_tests;
