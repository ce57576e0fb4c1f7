//! The model servers: what every one of them can be asked, and the two kinds that are spoken to.
//!
//! The only room that names reqwest. It knows no protocol of the front and no policy of the
//! service: it converts, sends, decodes, and says in [`ProviderError`] what went wrong.

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
mod http;
mod lines;
pub mod ollama;
mod ollama_api;
pub mod openai;
mod retry_after;
#[cfg(test)]
mod socket;

pub use config::ServerConfig;
pub use error::{ProviderError, RegistryFault, Wait};
pub use http::Timeouts;
pub use ollama_api::{FileStream, OllamaApi, TransferStream};
use types::{ChatEvent, ChatRequest, EmbedRequest, Embeddings, Health, Model, ModelDetails, RunningModel};

/// The answer of a provider to one request.
pub type ProviderResult<T> = Result<T, ProviderError>;

/// The events of one reply, in order. The last item is [`ChatEvent::Done`] or an error; dropping
/// the stream closes the connection, which stops the generation.
pub type ChatStream = BoxStream<'static, ProviderResult<ChatEvent>>;

/// A server of models.
///
/// Implementations are cheap to share and make their HTTP client on first use.
pub trait Provider: Send + Sync + std::fmt::Debug {
    /// The provider's name as settings spell it: `ollama` or `openai`.
    fn name(&self) -> &'static str;

    /// The address that requests go to, fit to be shown: no credentials, no query.
    fn address(&self) -> &str;

    /// Whether the server runs on this machine, by its address (loopback).
    fn is_local(&self) -> bool;

    /// Asks whether the server answers, and for its version where it tells one.
    fn health(&self) -> BoxFuture<'_, ProviderResult<Health>>;

    /// The installed models, in the server's order.
    fn list_models(&self) -> BoxFuture<'_, ProviderResult<Vec<Model>>>;

    /// The models that are loaded into memory now. Empty where the server cannot tell.
    fn running_models(&self) -> BoxFuture<'_, ProviderResult<Vec<RunningModel>>>;

    /// What the server knows of one model.
    fn show_model<'a>(&'a self, model: &'a str) -> BoxFuture<'a, ProviderResult<ModelDetails>>;

    /// Starts a chat. The future ends when the server has accepted the request and its answer
    /// begins (or at the first failure); the stream then yields the reply as it comes.
    fn chat<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, ProviderResult<ChatStream>>;

    /// Turns texts into vectors. A model that cannot is [`ProviderError::Unsupported`].
    fn embed<'a>(&'a self, request: &'a EmbedRequest) -> BoxFuture<'a, ProviderResult<Embeddings>>;

    /// What only Ollama can do; `None` for every other server.
    fn ollama(&self) -> Option<&dyn OllamaApi> {
        None
    }
}

/// What no server takes: no texts, or an empty one (which Ollama's refusal would call too long).
fn check_texts(request: &EmbedRequest) -> ProviderResult<()> {
    let invalid =
        |argument, reason: &str| ProviderError::InvalidRequest { argument, reason: reason.to_owned() };
    if request.input.is_empty() {
        return Err(invalid("input".to_owned(), "is empty; give at least one text"));
    }
    if request.dimensions == Some(0) {
        return Err(invalid("dimensions".to_owned(), "is 0; it must be at least 1"));
    }
    match request.input.iter().position(String::is_empty) {
        Some(index) => Err(invalid(format!("input[{index}]"), "is empty; leave it out, or give it text")),
        None => Ok(()),
    }
}

/// One vector for each text, all of one length, and of that which was asked for.
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
        // Ollama takes it in silence where it is more than the model makes.
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

/// The JSON of a body. What is sent here has text for keys, so failure is a bug, but not a panic.
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
