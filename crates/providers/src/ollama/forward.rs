//! Passing requests on to Ollama's routes, and reading its answers in passing.

use std::borrow::Cow;

use futures_util::future::BoxFuture;
use reqwest::Method;
use serde::Deserialize;
use types::de::lenient_u64;

use super::Ollama;
use super::chat::ChatDecoder;
use super::error::{RequestContext, classify};
use super::transfer::{Operation, TransferDecoder};
use crate::decode::StreamDecoder;
use crate::error_body::ErrorResponse;
use crate::forward::{ForwardBody, Forwarded, OllamaRoute, Patience, ReadEvents};
use crate::{ProviderError, ProviderResult};
use types::{ChatEvent, TransferEvent};

impl Ollama {
    pub(super) fn pass_on<'a>(
        &'a self,
        route: &'a OllamaRoute,
        body: ForwardBody,
        patience: Patience,
    ) -> BoxFuture<'a, ProviderResult<Forwarded>> {
        Box::pin(async move {
            let (method, path) = address(route)?;
            self.http.forward(method, &path, body, patience).await
        })
    }
}

fn address(route: &OllamaRoute) -> ProviderResult<(Method, Cow<'static, str>)> {
    let (method, path) = match route {
        OllamaRoute::Version => (Method::GET, "api/version"),
        OllamaRoute::Status => (Method::GET, "api/status"),
        OllamaRoute::Tags => (Method::GET, "api/tags"),
        OllamaRoute::Ps => (Method::GET, "api/ps"),
        OllamaRoute::Show => (Method::POST, "api/show"),
        OllamaRoute::Chat => (Method::POST, "api/chat"),
        OllamaRoute::Generate => (Method::POST, "api/generate"),
        OllamaRoute::Embed => (Method::POST, "api/embed"),
        OllamaRoute::Embeddings => (Method::POST, "api/embeddings"),
        OllamaRoute::Pull => (Method::POST, "api/pull"),
        OllamaRoute::Push => (Method::POST, "api/push"),
        OllamaRoute::Create => (Method::POST, "api/create"),
        OllamaRoute::Copy => (Method::POST, "api/copy"),
        OllamaRoute::Delete => (Method::DELETE, "api/delete"),
        OllamaRoute::HasBlob(digest) => return Ok((Method::HEAD, super::api::blob_path(digest)?.into())),
        OllamaRoute::UploadBlob(digest) => return Ok((Method::POST, super::api::blob_path(digest)?.into())),
    };
    Ok((method, path.into()))
}

/// Reads the reply of a chat, or of a bare prompt, while its bytes are passed on.
#[derive(Debug, Default)]
pub struct ReplyReader(ChatDecoder);

impl ReplyReader {
    /// Adds the events that these bytes complete.
    pub fn push(&mut self, bytes: &[u8], events: &mut ReadEvents<ChatEvent>) {
        self.0.push(bytes, events);
    }

    /// The answer is complete. A reply without an end gets an error.
    pub fn finish(&mut self, events: &mut ReadEvents<ChatEvent>) {
        self.0.finish(events);
    }
}

/// Reads the progress of a pull, a push or a create while its bytes are passed on.
#[derive(Debug)]
pub struct TransferReader(TransferDecoder);

impl Default for TransferReader {
    fn default() -> Self {
        Self(TransferDecoder::new(Operation::Create { from: None }))
    }
}

impl TransferReader {
    /// Adds the events that these bytes complete.
    pub fn push(&mut self, bytes: &[u8], events: &mut ReadEvents<TransferEvent>) {
        self.0.push(bytes, events);
    }

    /// The answer is complete. A transfer without success gets an error.
    pub fn finish(&mut self, events: &mut ReadEvents<TransferEvent>) {
        self.0.finish(events);
    }
}

/// What an answer with an error status means, to a request that named this model.
pub fn forwarded_error(answer: &Forwarded, body: &[u8], model: Option<&str>) -> ProviderError {
    let response =
        ErrorResponse { status: answer.status, retry_after: answer.retry_after, body: body.to_vec() };
    classify(&response, RequestContext { model, ..RequestContext::default() })
}

/// The tokens of the texts that an answer with embeddings was made for, if it has that count.
pub fn embedded_tokens(body: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Counts {
        #[serde(default, deserialize_with = "lenient_u64")]
        prompt_eval_count: Option<u64>,
    }
    serde_json::from_slice::<Counts>(body).ok()?.prompt_eval_count
}
