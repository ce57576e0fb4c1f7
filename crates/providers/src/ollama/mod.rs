//! Ollama by its native API, which reports more about models and times than its OpenAI-compatible one.

use std::fmt;

use futures_util::future::BoxFuture;

use self::chat::ChatDecoder;
use self::error::{RequestContext, classify};
use self::wire::{EmbedAnswer, PsAnswer, ShowAnswer, ShowBody, TagsAnswer, VersionAnswer};
use super::config::ServerConfig;
use super::decode::decode_body;
use super::http::{Failure, Http};
use super::{ChatStream, Features, OllamaApi, Provider, ProviderError, ProviderResult, check_vectors, json};
#[cfg(fuzzing)]
use types::ChatEvent;
use types::{
    ChatRequest, EmbedRequest, Embeddings, GenerateRequest, Health, Model, ModelDetails, RunningModel,
};

mod api;
mod chat;
mod error;
mod forward;
mod models;
mod ndjson;
mod registry;
mod request;
mod transfer;
mod web;
mod wire;

pub use forward::{ReplyReader, TransferReader, embedded_tokens, forwarded_error};
pub use web::OllamaWeb;

pub struct Ollama {
    http: Http,
}

impl Ollama {
    /// Sends nothing yet.
    ///
    /// # Errors
    /// [`ProviderError::InvalidRequest`] for an address that is not HTTP, or a header that HTTP cannot carry.
    pub fn new(config: &ServerConfig) -> ProviderResult<Self> {
        let token = config.token.as_deref();
        Ok(Self { http: Http::new(config.base_url.clone(), token, &config.headers, config.timeouts)? })
    }

    async fn show(&self, model: &str, verbose: bool) -> ProviderResult<ModelDetails> {
        let body = json(&ShowBody { model, verbose })?;
        let context = RequestContext::for_model(model);
        let answer: ShowAnswer =
            self.http.post("api/show", body).await.map_err(to_provider_error(context))?;
        Ok(models::details(answer))
    }
}

impl fmt::Debug for Ollama {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ollama").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl Provider for Ollama {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn address(&self) -> &str {
        self.http.address()
    }

    fn is_local(&self) -> bool {
        self.http.is_local()
    }

    fn health(&self) -> BoxFuture<'_, ProviderResult<Health>> {
        Box::pin(async {
            let answer: VersionAnswer =
                self.http.get("api/version").await.map_err(to_provider_error(RequestContext::default()))?;
            Ok(Health { version: answer.version })
        })
    }

    fn list_models(&self) -> BoxFuture<'_, ProviderResult<Vec<Model>>> {
        Box::pin(async {
            let answer: TagsAnswer =
                self.http.get("api/tags").await.map_err(to_provider_error(RequestContext::default()))?;
            Ok(models::listed(answer))
        })
    }

    fn running_models(&self) -> BoxFuture<'_, ProviderResult<Vec<RunningModel>>> {
        Box::pin(async {
            let answer: PsAnswer =
                self.http.get("api/ps").await.map_err(to_provider_error(RequestContext::default()))?;
            Ok(models::running(answer))
        })
    }

    fn show_model<'a>(&'a self, model: &'a str) -> BoxFuture<'a, ProviderResult<ModelDetails>> {
        Box::pin(self.show(model, false))
    }

    fn chat<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, ProviderResult<ChatStream>> {
        Box::pin(async move {
            let body = json(&request::chat_body(request)?)?;
            let context = RequestContext {
                options: Some(&request.options),
                ..RequestContext::for_model(&request.model)
            };
            let body = self.http.stream("api/chat", body).await.map_err(to_provider_error(context))?;
            Ok(decode_body(body, ChatDecoder::default()))
        })
    }

    fn generate<'a>(&'a self, request: &'a GenerateRequest) -> BoxFuture<'a, ProviderResult<ChatStream>> {
        Box::pin(async move {
            let body = json(&request::generate_body(request))?;
            let context = RequestContext {
                model: Some(&request.model),
                options: Some(&request.options),
                template: request.template.is_some(),
            };
            let body = self.http.stream("api/generate", body).await.map_err(to_provider_error(context))?;
            Ok(decode_body(body, ChatDecoder::default()))
        })
    }

    fn embed<'a>(&'a self, request: &'a EmbedRequest) -> BoxFuture<'a, ProviderResult<Embeddings>> {
        Box::pin(async move {
            let body = json(&request::embed_body(request))?;
            let context = RequestContext {
                options: Some(&request.options),
                ..RequestContext::for_model(&request.model)
            };
            let answer: EmbedAnswer =
                self.http.post_to_model("api/embed", body).await.map_err(to_provider_error(context))?;
            let vectors = answer.embeddings.unwrap_or_default();
            check_vectors(request, &vectors)?;
            Ok(Embeddings {
                model: answer.model.unwrap_or_else(|| request.model.clone()),
                vectors,
                prompt_tokens: answer.prompt_eval_count,
            })
        })
    }

    fn features(&self) -> Features {
        Features { manages_models: true, sets_context: true, has_cloud_models: true }
    }

    fn ollama(&self) -> Option<&dyn OllamaApi> {
        Some(self)
    }
}

/// Entry point for fuzzing.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn fuzz_decode(chunks: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<ProviderResult<ChatEvent>> {
    super::decode::decode(ChatDecoder::default(), chunks)
}

fn to_provider_error(context: RequestContext<'_>) -> impl FnOnce(Failure) -> ProviderError {
    move |failure| match failure {
        Failure::Response(response) => classify(&response, context),
        Failure::Provider(error) => error,
    }
}
