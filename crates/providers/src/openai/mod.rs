//! OpenAI-compatible servers: llama.cpp, vLLM, LM Studio, LiteLLM, and Ollama itself.

use std::fmt;

use ::openai::completions::CompletionsBody;
use ::openai::embeddings::EmbeddingsBody;
use ::openai::request::ChatCompletionBody;
use futures_util::future::BoxFuture;

use self::chat::ChatDecoder;
use self::error::classify;
use self::wire::{EmbedAnswer, ModelsAnswer};
use super::config::ServerConfig;
use super::decode::decode_body;
use super::http::{Failure, Http};
use super::{ChatStream, Provider, ProviderError, ProviderResult, json};
#[cfg(fuzzing)]
use types::ChatEvent;
use types::{
    ChatRequest, EmbedRequest, Embeddings, GenerateRequest, Health, Model, ModelDetails, RunningModel,
};

mod chat;
mod embed;
mod error;
mod models;
mod sse;
mod tool_calls;
mod wire;

pub struct OpenAi {
    http: Http,
}

impl OpenAi {
    /// Sends nothing yet.
    ///
    /// # Errors
    /// [`ProviderError::InvalidRequest`] for an address that is not HTTP, or a header that HTTP cannot carry.
    pub fn new(config: &ServerConfig) -> ProviderResult<Self> {
        let key = config.token.as_deref();
        Ok(Self { http: Http::new(config.base_url.clone(), key, &config.headers, config.timeouts)? })
    }

    async fn models(&self) -> ProviderResult<Vec<Model>> {
        let answer: ModelsAnswer =
            self.http.get("models").await.map_err(|failure| to_provider_error(failure, None))?;
        Ok(models::listed(answer))
    }
}

impl fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAi").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl Provider for OpenAi {
    fn name(&self) -> &'static str {
        "openai"
    }

    fn address(&self) -> &str {
        self.http.address()
    }

    fn is_local(&self) -> bool {
        self.http.is_local()
    }

    /// The API has no route for it, but every server lists its models.
    fn health(&self) -> BoxFuture<'_, ProviderResult<Health>> {
        Box::pin(async {
            self.models().await?;
            Ok(Health { version: None })
        })
    }

    fn list_models(&self) -> BoxFuture<'_, ProviderResult<Vec<Model>>> {
        Box::pin(self.models())
    }

    /// The API has no route for it.
    fn running_models(&self) -> BoxFuture<'_, ProviderResult<Vec<RunningModel>>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn show_model<'a>(&'a self, model: &'a str) -> BoxFuture<'a, ProviderResult<ModelDetails>> {
        Box::pin(async move {
            let found = self.models().await?.into_iter().find(|listed| listed.name == model);
            found.map(models::details).ok_or_else(|| ProviderError::ModelNotFound { model: model.to_owned() })
        })
    }

    fn chat<'a>(&'a self, request: &'a ChatRequest) -> BoxFuture<'a, ProviderResult<ChatStream>> {
        Box::pin(async move {
            let body = json(&ChatCompletionBody::new(request)?)?;
            let body = self.http.stream("chat/completions", body).await;
            let body = body.map_err(|failure| to_provider_error(failure, Some(&request.model)))?;
            Ok(decode_body(body, ChatDecoder::default()))
        })
    }

    fn generate<'a>(&'a self, request: &'a GenerateRequest) -> BoxFuture<'a, ProviderResult<ChatStream>> {
        Box::pin(async move {
            let body = json(&CompletionsBody::new(request)?)?;
            let body = self.http.stream("completions", body).await;
            let body = body.map_err(|failure| to_provider_error(failure, Some(&request.model)))?;
            Ok(decode_body(body, ChatDecoder::default()))
        })
    }

    fn embed<'a>(&'a self, request: &'a EmbedRequest) -> BoxFuture<'a, ProviderResult<Embeddings>> {
        Box::pin(async move {
            let body = json(&EmbeddingsBody::new(request)?)?;
            let answer: EmbedAnswer = self
                .http
                .post_to_model("embeddings", body)
                .await
                .map_err(|failure| to_provider_error(failure, Some(&request.model)))?;
            embed::embeddings(request, answer)
        })
    }
}

/// Entry point for fuzzing.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn fuzz_decode(chunks: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Vec<ProviderResult<ChatEvent>> {
    super::decode::decode(ChatDecoder::default(), chunks)
}

fn to_provider_error(failure: Failure, model: Option<&str>) -> ProviderError {
    match failure {
        Failure::Response(response) => classify(&response, model),
        Failure::Provider(error) => error,
    }
}
