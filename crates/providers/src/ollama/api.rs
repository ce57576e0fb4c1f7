//! The routes that only Ollama has.

use futures_util::future::BoxFuture;
use reqwest::Method;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::error::{RequestContext, classify};
use super::transfer::{Operation, TransferDecoder};
use super::wire::{CopyBody, DeleteBody, EmbedBody, GenerateBody, RegistryBody};
use super::{Ollama, request, to_provider_error};
use crate::decode::decode_body;
use crate::forward::{ForwardBody, Forwarded, OllamaRoute, Patience};
use crate::http::Failure;
use crate::{FileStream, OllamaApi, ProviderError, ProviderResult, TransferStream, json};
use types::{CreateRequest, ModelDetails};

impl OllamaApi for Ollama {
    fn show_verbose<'a>(&'a self, model: &'a str) -> BoxFuture<'a, ProviderResult<ModelDetails>> {
        Box::pin(self.show(model, true))
    }

    fn pull<'a>(&'a self, model: &'a str, insecure: bool) -> BoxFuture<'a, ProviderResult<TransferStream>> {
        Box::pin(async move {
            let body = json(&RegistryBody { model, insecure, stream: true })?;
            self.transfer("api/pull", body, model, Operation::Pull(model.to_owned())).await
        })
    }

    fn push<'a>(&'a self, model: &'a str, insecure: bool) -> BoxFuture<'a, ProviderResult<TransferStream>> {
        Box::pin(async move {
            let body = json(&RegistryBody { model, insecure, stream: true })?;
            self.transfer("api/push", body, model, Operation::Push(model.to_owned())).await
        })
    }

    fn create<'a>(&'a self, request: &'a CreateRequest) -> BoxFuture<'a, ProviderResult<TransferStream>> {
        Box::pin(async move {
            let body = json(&request::create_body(request)?)?;
            // A 404 is about the model to start from.
            let model = request.from.as_deref().unwrap_or(&request.model);
            self.transfer("api/create", body, model, Operation::Create { from: request.from.clone() }).await
        })
    }

    fn copy<'a>(&'a self, source: &'a str, destination: &'a str) -> BoxFuture<'a, ProviderResult<()>> {
        Box::pin(async move {
            let body = json(&CopyBody { source, destination })?;
            let context = RequestContext::for_model(source);
            self.http.command(Method::POST, "api/copy", body).await.map_err(to_provider_error(context))
        })
    }

    fn delete<'a>(&'a self, model: &'a str) -> BoxFuture<'a, ProviderResult<()>> {
        Box::pin(async move {
            let body = json(&DeleteBody { model })?;
            let context = RequestContext::for_model(model);
            self.http.command(Method::DELETE, "api/delete", body).await.map_err(to_provider_error(context))
        })
    }

    fn load<'a>(
        &'a self,
        model: &'a str,
        keep_alive: Option<&'a Value>,
        num_ctx: Option<u64>,
    ) -> BoxFuture<'a, ProviderResult<()>> {
        Box::pin(async move {
            if keep_alive.is_some_and(is_zero) {
                return Err(ProviderError::InvalidRequest {
                    argument: "keep_alive".to_owned(),
                    reason: "is zero, which would unload the model; give a time, or -1 for always".to_owned(),
                });
            }
            let options: Map<String, Value> =
                num_ctx.map(|tokens| ("num_ctx".to_owned(), tokens.into())).into_iter().collect();
            match self.without_prompt(model, keep_alive, options.clone()).await {
                // A model that only embeds is loaded by the route for embeddings; without text, nothing else happens.
                Err(ProviderError::Unsupported { .. }) => {
                    let body = EmbedBody {
                        model,
                        input: &[],
                        truncate: None,
                        dimensions: None,
                        options,
                        keep_alive,
                    };
                    self.answered("api/embed", json(&body)?, model).await
                }
                answer => answer,
            }
        })
    }

    fn unload<'a>(&'a self, model: &'a str) -> BoxFuture<'a, ProviderResult<()>> {
        // Unlike loading, it needs no capability, so it works for models that only embed.
        Box::pin(async move {
            let now = Value::from(0);
            let body = json(&empty_prompt(model, Some(&now), Map::new()))?;
            // No model loads, so the short timeout applies.
            self.http
                .command(Method::POST, "api/generate", body)
                .await
                .map_err(to_provider_error(RequestContext::for_model(model)))
        })
    }

    fn has_blob<'a>(&'a self, digest: &'a str) -> BoxFuture<'a, ProviderResult<bool>> {
        Box::pin(async move {
            self.http.has(&blob_path(digest)?).await.map_err(to_provider_error(RequestContext::default()))
        })
    }

    fn upload_blob<'a>(
        &'a self,
        digest: &'a str,
        size: u64,
        body: FileStream,
    ) -> BoxFuture<'a, ProviderResult<()>> {
        Box::pin(async move {
            self.http
                .upload(&blob_path(digest)?, size, body)
                .await
                .map_err(to_provider_error(RequestContext::default()))
        })
    }

    fn forward<'a>(
        &'a self,
        route: &'a OllamaRoute,
        body: ForwardBody,
        patience: Patience,
    ) -> BoxFuture<'a, ProviderResult<Forwarded>> {
        self.pass_on(route, body, patience)
    }
}

impl Ollama {
    async fn transfer(
        &self,
        path: &str,
        body: Vec<u8>,
        model: &str,
        operation: Operation,
    ) -> ProviderResult<TransferStream> {
        match self.http.transfer(path, body).await {
            Ok(body) => Ok(decode_body(body, TransferDecoder::new(operation))),
            // Before the first step, the same messages come with an HTTP status.
            Err(Failure::Response(response)) => Err(operation
                .classify(&response.parse().message)
                .unwrap_or_else(|| classify(&response, RequestContext::for_model(model)))),
            Err(Failure::Provider(error)) => Err(error),
        }
    }

    async fn without_prompt(
        &self,
        model: &str,
        keep_alive: Option<&Value>,
        options: Map<String, Value>,
    ) -> ProviderResult<()> {
        let body = empty_prompt(model, keep_alive, options);
        self.answered("api/generate", json(&body)?, model).await
    }

    /// Waits as long as for a reply; the answer's content does not matter.
    async fn answered(&self, path: &str, body: Vec<u8>, model: &str) -> ProviderResult<()> {
        let context = RequestContext::for_model(model);
        let _: IgnoredAny = self.http.post_to_model(path, body).await.map_err(to_provider_error(context))?;
        Ok(())
    }
}

/// A request without a prompt, which only loads or unloads the model.
fn empty_prompt<'a>(
    model: &'a str,
    keep_alive: Option<&'a Value>,
    options: Map<String, Value>,
) -> GenerateBody<'a> {
    GenerateBody {
        model,
        prompt: "",
        suffix: None,
        system: None,
        template: None,
        raw: false,
        images: Vec::new(),
        stream: false,
        options,
        format: None,
        think: None,
        logprobs: None,
        top_logprobs: None,
        keep_alive,
        truncate: None,
    }
}

/// Whether Ollama reads it as zero: `0`, `"0"`, `"0s"`, `"0h0m"` ...
fn is_zero(keep_alive: &Value) -> bool {
    match keep_alive {
        // Ollama truncates fractions of a second.
        Value::Number(number) => number.as_f64().is_some_and(|seconds| (0.0..1.0).contains(&seconds)),
        Value::String(text) => text.contains('0') && !text.contains(|c: char| ('1'..='9').contains(&c)),
        _ => false,
    }
}

pub(super) fn blob_path(digest: &str) -> ProviderResult<String> {
    let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    match digest.strip_prefix("sha256:") {
        Some(hex) if hex.len() == 64 && hex.bytes().all(is_hex) => Ok(format!("api/blobs/{digest}")),
        _ => Err(ProviderError::InvalidRequest {
            argument: "digest".to_owned(),
            reason: "must be sha256: and 64 hexadecimal digits in lower case".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests;
