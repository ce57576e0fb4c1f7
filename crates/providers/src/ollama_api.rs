//! What only Ollama can be asked: memory, and the models it keeps.

use std::io;

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use serde_json::Value;
use tokio_util::bytes::Bytes;

use super::ProviderResult;
use super::forward::{ForwardBody, Forwarded, OllamaRoute, Patience};
use types::{CreateRequest, ModelDetails, TransferEvent};

/// The steps of a pull, a push or a create, in order. The last item is the `success` step or an error. Dropping the
/// stream closes the connection, which stops the work; the next pull resumes from what was downloaded.
pub type TransferStream = BoxStream<'static, ProviderResult<TransferEvent>>;

/// The content of a file in chunks.
pub type FileStream = BoxStream<'static, io::Result<Bytes>>;

/// The part of Ollama's API that no other server has. Reached by [`super::Provider::ollama`].
pub trait OllamaApi: Send + Sync {
    /// As [`super::Provider::show_model`], with all metadata, including megabytes of vocabulary. Tensors are counted.
    fn show_verbose<'a>(&'a self, model: &'a str) -> BoxFuture<'a, ProviderResult<ModelDetails>>;

    /// Downloads a model. `insecure` allows a registry without TLS, or with a certificate of its own.
    ///
    /// Besides what every request can fail with: [`super::ProviderError::NotInRegistry`].
    fn pull<'a>(&'a self, model: &'a str, insecure: bool) -> BoxFuture<'a, ProviderResult<TransferStream>>;

    /// Uploads a model to the registry that its name leads to.
    fn push<'a>(&'a self, model: &'a str, insecure: bool) -> BoxFuture<'a, ProviderResult<TransferStream>>;

    /// Makes a model. A base model that is not installed is pulled first.
    fn create<'a>(&'a self, request: &'a CreateRequest) -> BoxFuture<'a, ProviderResult<TransferStream>>;

    /// Gives a model a second name. An existing model of that name is replaced without a warning.
    fn copy<'a>(&'a self, source: &'a str, destination: &'a str) -> BoxFuture<'a, ProviderResult<()>>;

    /// Deletes a model; its files go with its last name.
    fn delete<'a>(&'a self, model: &'a str) -> BoxFuture<'a, ProviderResult<()>>;

    /// Loads a model into memory, also one that only embeds, and waits until it is loaded. A later request with another
    /// `num_ctx` (tokens of context) loads it again.
    fn load<'a>(
        &'a self,
        model: &'a str,
        keep_alive: Option<&'a Value>,
        num_ctx: Option<u64>,
    ) -> BoxFuture<'a, ProviderResult<()>>;

    /// Unloads a model once its running requests are done. Succeeds if it was not loaded.
    fn unload<'a>(&'a self, model: &'a str) -> BoxFuture<'a, ProviderResult<()>>;

    /// Whether the server has the file of a digest (`sha256:` and 64 hexadecimal digits).
    fn has_blob<'a>(&'a self, digest: &'a str) -> BoxFuture<'a, ProviderResult<bool>>;

    /// Uploads a file of `size` bytes, for [`OllamaApi::create`]. Ask [`OllamaApi::has_blob`] first: a server
    /// that has the file answers before it has read it, and closes the connection.
    fn upload_blob<'a>(
        &'a self,
        digest: &'a str,
        size: u64,
        body: FileStream,
    ) -> BoxFuture<'a, ProviderResult<()>>;

    /// Passes a request on as its caller has written it, and the answer with it, whatever its status.
    ///
    /// # Errors
    /// There is no answer. A digest that is none is [`super::ProviderError::InvalidRequest`]; nothing is sent then.
    fn forward<'a>(
        &'a self,
        route: &'a OllamaRoute,
        body: ForwardBody,
        patience: Patience,
    ) -> BoxFuture<'a, ProviderResult<Forwarded>>;
}
