//! Embeddings, and ranking by them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::hint::{Action, Hint, Server};
use crate::models::Models;
use crate::models::name::name_length;
use crate::tasks::Tasks;
use crate::tasks::observer::{EndedCompletion, EndedKind};
use crate::transfers::Transfers;
use crate::{Caller, ErrorCode, ServiceError};
use types::{EmbedRequest, Usage};

/// Texts in one call.
pub const MAX_TEXTS: usize = 2048;

/// A model that is pulled before it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulling {
    pub model: String,
    /// Bytes that have been transferred.
    pub done: u64,
    /// Bytes in all, as far as they are known.
    pub total: Option<u64>,
}

/// A text's place in a ranking.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Its place in the given list, from 0.
    pub index: usize,
    /// Cosine of its angle to the query: 1 is the same direction, 0 unrelated.
    pub score: f64,
}

/// Texts in the order of their similarity to a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// The model whose embeddings were compared.
    pub model: String,
    /// The most similar first.
    pub ranked: Vec<Ranked>,
    /// That a text was cut.
    pub warning: Option<String>,
}

/// Embeddings, and a warning where the server cut a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    pub embeddings: types::Embeddings,
    /// That a text was cut.
    pub warning: Option<String>,
}

/// Embeddings of texts.
#[derive(Debug)]
pub struct Embeddings {
    models: Arc<Models>,
    tasks: Arc<Tasks>,
    transfers: Arc<Transfers>,
    /// The model of calls that name none.
    default_model: Option<String>,
}

impl Embeddings {
    pub(crate) fn new(
        models: Arc<Models>,
        tasks: Arc<Tasks>,
        transfers: Arc<Transfers>,
        default_model: Option<String>,
    ) -> Arc<Self> {
        Arc::new(Self { models, tasks, transfers, default_model })
    }

    /// Makes embeddings. Without a model, that of the settings, or the first installed one that can. `notify` is called while a model is pulled.
    ///
    /// # Errors
    /// `invalid_argument` for no or empty texts; `unsupported` for a model that makes none, naming those that do.
    pub async fn embed(
        &self,
        caller: &Caller,
        mut request: EmbedRequest,
        mut notify: impl FnMut(Pulling) + Send,
    ) -> Result<Embedded, ServiceError> {
        check_texts("input", &request.input)?;
        name_length("model", &request.model)?;
        let _held = self.tasks.memory.hold(&caller.owner, request.input.iter().map(String::len).sum())?;
        if request.dimensions == Some(0) {
            return Err(ServiceError::invalid("dimensions", "is 0; it must be at least 1"));
        }
        if request.model.is_empty() {
            request.model = self.embedding_model(caller).await?;
        }
        self.models.check_allowed(caller, &request.model).await?;
        let started = Instant::now();
        let embedded = self.embed_checked(caller, &mut request, &mut notify).await;
        self.tasks.registry.observers.report(|| EndedCompletion {
            kind: EndedKind::Embeddings,
            caller: caller.clone(),
            model: request.model.clone(),
            error: embedded.as_ref().err().map(|error| error.code),
            usage: Usage {
                prompt_tokens: embedded.as_ref().ok().and_then(|embedded| embedded.embeddings.prompt_tokens),
                ..Usage::default()
            },
            chunks: 0,
            queued: Duration::ZERO,
            first_chunk: None,
            generation: started.elapsed(),
        });
        embedded
    }

    async fn embed_checked(
        &self,
        caller: &Caller,
        request: &mut EmbedRequest,
        notify: &mut (impl FnMut(Pulling) + Send),
    ) -> Result<Embedded, ServiceError> {
        let may_cut = request.truncate != Some(false) && self.models.takes_num_ctx();
        match self.embed_once(caller, request, may_cut).await {
            Err(error) if self.transfers.may_pull(&error, &request.model) => {
                let model = &request.model;
                let pulling = |done, total| notify(Pulling { model: model.clone(), done, total });
                self.transfers.ensure_installed(caller, model, pulling).await?;
                self.embed_once(caller, request, may_cut).await
            }
            embedded => embedded,
        }
    }

    /// Ollama cuts a text that does not fit in silence, so it is asked to refuse first.
    async fn embed_once(
        &self,
        caller: &Caller,
        request: &mut EmbedRequest,
        may_cut: bool,
    ) -> Result<Embedded, ServiceError> {
        request.truncate = Some(false);
        match self.embed_as_it_is(caller, request).await {
            Err(error) if error.code == ErrorCode::ContextExceeded && may_cut => {
                request.truncate = Some(true);
                let embeddings = self.embed_as_it_is(caller, request).await?;
                Ok(Embedded { embeddings, warning: Some(cut(request.input.len())) })
            }
            Err(error) if error.code == ErrorCode::ContextExceeded => {
                let shorten = Hint::text("Send shorter texts.");
                let cut = self.models.takes_num_ctx().then(|| Action::ShortenOrCutTexts.into());
                Err(error.with_hint(cut.unwrap_or(shorten)))
            }
            embeddings => Ok(Embedded { embeddings: embeddings?, warning: None }),
        }
    }

    async fn embed_as_it_is(
        &self,
        caller: &Caller,
        request: &EmbedRequest,
    ) -> Result<types::Embeddings, ServiceError> {
        match self.models.provider().embed(request).await {
            Ok(embeddings) => Ok(embeddings),
            Err(error) => Err(self.models.explain(caller, error).await),
        }
    }

    /// Orders texts by their similarity to a query, the most similar first.
    ///
    /// # Errors
    /// As [`Embeddings::embed`].
    pub async fn rank(
        &self,
        caller: &Caller,
        model: Option<String>,
        query: &str,
        texts: Vec<String>,
        notify: impl FnMut(Pulling) + Send,
    ) -> Result<Ranking, ServiceError> {
        if query.trim().is_empty() {
            return Err(ServiceError::invalid("query", "is empty; it must have text"));
        }
        check_texts("texts", &texts)?;
        let mut input = texts;
        input.push(query.to_owned());
        let request = EmbedRequest::new(model.unwrap_or_default(), input);
        let Embedded { mut embeddings, warning } = self.embed(caller, request, notify).await?;
        let Some(query) = embeddings.vectors.pop() else { return Err(ServiceError::internal()) };
        let scores = embeddings.vectors.iter().map(|vector| cosine(&query, vector));
        let mut ranked: Vec<_> = scores.enumerate().map(|(index, score)| Ranked { index, score }).collect();
        // The sort is stable: equal scores keep the given order.
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        Ok(Ranking { model: embeddings.model, ranked, warning })
    }

    /// The installed models that are known to make embeddings.
    pub(crate) async fn embedding_models(&self, caller: &Caller) -> Result<Vec<String>, ServiceError> {
        let models = self.models.list_models(caller).await?;
        let makes_embeddings = |words: &Vec<String>| words.iter().any(|word| word == "embedding");
        let embedding = models
            .into_iter()
            .filter(|listed| listed.model.capabilities.as_ref().is_some_and(makes_embeddings));
        Ok(embedding.map(|listed| listed.model.name).collect())
    }

    async fn embedding_model(&self, caller: &Caller) -> Result<String, ServiceError> {
        if let Some(model) = &self.default_model {
            return Ok(model.clone());
        }
        let found = self.embedding_models(caller).await?.into_iter().next();
        found.ok_or_else(|| {
            let install = match self.models.server() {
                Server::Ollama => Action::PullSuch { example: "nomic-embed-text" },
                Server::OpenAiCompatible => Action::ListServed,
            };
            ServiceError::new(ErrorCode::NoModels, "No installed model is known to make embeddings")
                .with_hint("Name one in model.")
                .and_hint(install)
        })
    }
}

fn check_texts(argument: &str, texts: &[String]) -> Result<(), ServiceError> {
    if texts.is_empty() {
        return Err(ServiceError::invalid(argument, "is empty; it must hold at least one text"));
    }
    if texts.len() > MAX_TEXTS {
        return Err(ServiceError::invalid(
            argument,
            format!("has {} texts; at most {MAX_TEXTS} are taken in one call", texts.len()),
        ));
    }
    match texts.iter().position(|text| text.trim().is_empty()) {
        Some(index) => {
            Err(ServiceError::invalid(&format!("{argument}[{index}]"), "is empty; it must have text"))
        }
        None => Ok(()),
    }
}

fn cut(texts: usize) -> String {
    let which =
        if texts == 1 { "The text is".to_owned() } else { format!("At least one of the {texts} texts is") };
    format!(
        "{which} longer than the model's context, and only its beginning was read. Send shorter texts, or use a model with a \
         longer context."
    )
}

/// The cosine of the angle between two vectors; 0 where one is zero.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let dot: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
    let length = |vector: &[f32]| vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    let lengths = length(a) * length(b);
    if lengths > 0.0 { dot / lengths } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_is_1_for_the_same_direction_and_0_for_none() {
        assert!((cosine(&[1.0, 2.0], &[2.0, 4.0]) - 1.0).abs() < 1e-9);
        assert!(cosine(&[1.0, 0.0], &[0.0, 1.0]).abs() < 1e-9);
        assert!((cosine(&[1.0], &[-1.0]) + 1.0).abs() < 1e-9);
        assert_eq!(cosine(&[0.0], &[1.0]), 0.0);
    }
}
