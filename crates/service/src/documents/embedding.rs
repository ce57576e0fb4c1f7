//! Embeddings of passages: which model makes them, and those that are missing.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::embedding_text::{VERSION, for_passage, for_query};
use super::{Documents, failed};
use crate::hint::{Action, Server, Warning};
use crate::models::name::full_name;
use crate::tasks::job::Job;
use crate::{Caller, ServiceError};
use store::{PassageIndex, Unembedded};
use types::EmbedRequest;

/// Passages that are fetched at a time, those of one request, and the requests at the same time.
const FETCHED: usize = 2048;
const BATCH: usize = 32;
const AT_ONCE: usize = 2;

impl Documents {
    /// The embedding model of a call: the named one, that of the settings, or the first installed one that runs on this machine.
    /// A warning where there is none.
    ///
    /// # Errors
    /// `attachment_denied` for a named model that does not run here; `model_not_found`.
    pub(super) async fn embedding_model(
        &self,
        caller: &Caller,
        named: Option<String>,
    ) -> Result<Result<String, Warning>, ServiceError> {
        if let Some(model) = named.or_else(|| self.settings.embedding_model.clone()) {
            self.models.check_allowed(caller, &model).await?;
            self.chat.check_takes_files(caller, &model).await?;
            return Ok(Ok(model));
        }
        let models = match self.embeddings.embedding_models(caller).await {
            Ok(models) => models,
            // Words need no model.
            Err(error) => return Ok(Err(words_alone(caller, &error))),
        };
        for model in models {
            if self.chat.check_takes_files(caller, &model).await.is_ok() {
                return Ok(Ok(model));
            }
        }
        let install = match self.models.server() {
            Server::Ollama => Action::PullEmbeddingModel { example: "nomic-embed-text" },
            Server::OpenAiCompatible => Action::NameEmbeddingModel,
        };
        Ok(Err(Warning::new(
            "The files were searched by words alone: no model is known here that makes embeddings, by which passages with the same \
             meaning in other words are found.",
        )
        .and_hint(install)))
    }

    /// Makes the embeddings that passages of documents do not have yet.
    ///
    /// # Errors
    /// Those of the model server, `storage_failed`.
    pub(super) async fn embed_missing(
        &self,
        caller: &Caller,
        job: &Job,
        index: &Arc<dyn PassageIndex>,
        documents: &[i64],
        model: &str,
    ) -> Result<(), ServiceError> {
        let (mut done, mut before) = (0, usize::MAX);
        loop {
            let missing = index.unembedded(&caller.owner, documents.to_vec(), &key_of(model), FETCHED);
            let (missing, left) = missing.await.map_err(failed)?;
            // A passage that is never stored would be embedded again and again.
            if missing.is_empty() || left >= before {
                return Ok(());
            }
            before = left;
            let total = done + left;
            let batches: Vec<Vec<Unembedded>> = missing.chunks(BATCH).map(<[Unembedded]>::to_vec).collect();
            let batches = batches.into_iter().map(|batch| self.embed(caller, index, model, batch));
            let mut batches = stream::iter(batches).buffer_unordered(AT_ONCE);
            while let Some(embedded) = batches.next().await {
                done += embedded?;
                job.advance(|state| {
                    state.status = format!("embedding: {done} of {total} passages");
                    (state.done, state.total) = (done as f64, Some(total as f64));
                });
            }
        }
    }

    async fn embed(
        &self,
        caller: &Caller,
        index: &Arc<dyn PassageIndex>,
        model: &str,
        batch: Vec<Unembedded>,
    ) -> Result<usize, ServiceError> {
        let texts = batch.iter().map(|missing| for_passage(model, missing.heading.as_deref(), &missing.text));
        let request = EmbedRequest::new(model.to_owned(), texts.collect());
        let in_use = self.models.names.rely_on(model)?;
        self.chat.check_takes_files(caller, model).await?;
        let embedded = self.embeddings.embed(caller, request, |_| {}).await?;
        drop(in_use);
        let ids = batch.iter().map(|missing| missing.passage);
        let vectors: Vec<_> = ids.zip(embedded.embeddings.vectors).collect();
        let count = vectors.len();
        index.put_embeddings(&caller.owner, &key_of(model), vectors).await.map_err(failed)?;
        Ok(count)
    }

    /// The embedding of a query.
    ///
    /// # Errors
    /// Those of the model server.
    pub(super) async fn embed_query(
        &self,
        caller: &Caller,
        model: &str,
        query: &str,
    ) -> Result<Vec<f32>, ServiceError> {
        let request = EmbedRequest::new(model.to_owned(), vec![for_query(model, query)]);
        let mut embedded = self.embeddings.embed(caller, request, |_| {}).await?;
        embedded.embeddings.vectors.pop().ok_or_else(ServiceError::internal)
    }
}

/// A warning that the files are searched by words alone.
pub(super) fn words_alone(caller: &Caller, error: &ServiceError) -> Warning {
    let reason = match caller.may_see_places() {
        true => error.message.clone(),
        false => error.message_without_places(),
    };
    let warning = Warning::new(format!(
        "The files were searched by words alone, as no embeddings could be made: {reason}."
    ));
    error.hints.iter().cloned().fold(warning, Warning::and_hint)
}

/// Under which the embeddings of a model are kept: those of texts in another form do not fit.
pub(super) fn key_of(model: &str) -> String {
    format!("{}#{VERSION}", full_name(model))
}
