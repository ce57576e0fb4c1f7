//! Requests of Ollama's own clients, passed on as they are: the answer is the server's own, byte for byte.
//!
//! What generates is a completion like any other: it takes its turn, counts towards limits, and is found by its id.

mod blobs;
mod completion;
mod lists;
mod management;
mod request;
mod send;

use std::sync::Arc;

use futures_util::stream::BoxStream;
pub use providers::forward::OllamaRoute;
use providers::forward::{ForwardBody, Forwarded, Patience};
use providers::{OllamaApi, ProviderError};
use tokio_util::bytes::Bytes;

use crate::models::Models;
use crate::tasks::Tasks;
use crate::tasks::reply::VerbatimHead;
use crate::transfers::Transfers;
use crate::{Caller, ServiceError};
pub use blobs::BlobUpload;
pub use request::{ForwardRequest, NamedModel};
use send::Sent;

/// Bytes of an answer that is read as a whole, such as the details of a model with all its metadata.
const MAX_WHOLE: usize = 64 << 20;

/// Ollama's own API, for its own clients.
#[derive(Debug)]
pub struct Forwarding {
    models: Arc<Models>,
    tasks: Arc<Tasks>,
    transfers: Arc<Transfers>,
}

/// An answer as the server gave it.
#[derive(Debug, Clone)]
pub struct WholeAnswer {
    pub head: VerbatimHead,
    pub body: Bytes,
}

/// An answer that is passed on while it comes. Dropping it closes the connection, which stops the work.
pub struct StreamedAnswer {
    pub head: VerbatimHead,
    pub body: BoxStream<'static, Result<Bytes, ServiceError>>,
}

impl Forwarding {
    pub(crate) fn new(models: Arc<Models>, tasks: Arc<Tasks>, transfers: Arc<Transfers>) -> Arc<Self> {
        Arc::new(Self { models, tasks, transfers })
    }

    /// Whether the model server is an Ollama, to which requests can be passed on.
    pub fn is_available(&self) -> bool {
        self.models.provider().ollama().is_some()
    }

    /// The server's version, or the state of its cloud models.
    ///
    /// # Errors
    /// `unsupported` for another kind of server; those of the provider.
    pub async fn get(&self, route: &OllamaRoute) -> Result<WholeAnswer, ServiceError> {
        let answer = self.api()?.forward(route, ForwardBody::Empty, Patience::Control).await;
        self.whole(answer).await
    }

    /// The installed models, or the loaded ones; those that the caller may use.
    ///
    /// # Errors
    /// As [`Forwarding::get`].
    pub async fn list(&self, caller: &Caller, route: &OllamaRoute) -> Result<WholeAnswer, ServiceError> {
        let mut answer = self.get(route).await?;
        if caller.limits.models.is_some()
            && let Some(kept) = lists::keep_models(&answer.body, |name| caller.may_use(name))
        {
            answer.body = kept.into();
        }
        Ok(answer)
    }

    /// What the server knows of one model.
    ///
    /// # Errors
    /// `model_not_found` for one that the caller may not use; as [`Forwarding::get`].
    pub async fn show(&self, caller: &Caller, request: &ForwardRequest) -> Result<WholeAnswer, ServiceError> {
        self.check_may_use(caller, request)?;
        let body = ForwardBody::Json(request.body.clone());
        let answer = self.api()?.forward(&request.route, body, Patience::Control).await;
        self.whole(answer).await
    }

    /// Loads or unloads a model. The caller ends a load that takes too long by dropping the future.
    ///
    /// # Errors
    /// As [`Forwarding::show`].
    pub async fn load(&self, caller: &Caller, request: &ForwardRequest) -> Result<WholeAnswer, ServiceError> {
        self.check_may_use(caller, request)?;
        let request = self.with_default_model(caller, request).await?;
        let answer = match self.send(&request, Patience::Caller, |_| {}).await? {
            Sent::Refused(answer, _) => return Ok(answer),
            Sent::Begun(answer) => self.whole(Ok(answer)).await?,
        };
        if let NamedModel::Named(model) = request.model() {
            self.models.loaded_changed(&model);
        }
        Ok(answer)
    }

    /// The request with the default model where it names none.
    async fn with_default_model(
        &self,
        caller: &Caller,
        request: &ForwardRequest,
    ) -> Result<ForwardRequest, ServiceError> {
        match request.model() {
            NamedModel::Absent => Ok(request.for_model(&self.models.default_model(caller).await?.name)),
            NamedModel::Named(_) | NamedModel::Unreadable => Ok(request.clone()),
        }
    }

    /// Checks that the caller's limits allow the model of a request. Where they name models, it must be readable.
    fn check_may_use(&self, caller: &Caller, request: &ForwardRequest) -> Result<(), ServiceError> {
        self.check_name(caller, "model", &request.model())
    }

    fn check_name(&self, caller: &Caller, field: &str, name: &NamedModel) -> Result<(), ServiceError> {
        match name {
            NamedModel::Named(model) if !caller.may_use(model) => {
                Err(self.models.error(ProviderError::ModelNotFound { model: model.clone() }))
            }
            NamedModel::Unreadable if caller.limits.models.is_some() => Err(ServiceError::invalid(
                field,
                "cannot be read; send an object of JSON with the name as text",
            )),
            _ => Ok(()),
        }
    }

    async fn whole(&self, answer: Result<Forwarded, ProviderError>) -> Result<WholeAnswer, ServiceError> {
        let mut answer = answer.map_err(|error| self.models.error(error))?;
        let body = answer.read(MAX_WHOLE).await.map_err(|error| self.models.error(error))?;
        Ok(WholeAnswer { head: head(&answer), body: body.into() })
    }

    fn api(&self) -> Result<&dyn OllamaApi, ServiceError> {
        self.models.ollama_api()
    }
}

fn head(answer: &Forwarded) -> VerbatimHead {
    VerbatimHead {
        status: answer.status,
        content_type: answer.content_type.clone(),
        retry_after: answer.retry_after,
    }
}
