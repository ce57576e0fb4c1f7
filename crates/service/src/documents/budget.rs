//! How much text fits in a prompt: the context that the model really has, in bytes.

use super::Documents;
use crate::models::name::ModelName;
use crate::tasks::job::Job;
use crate::{Caller, ErrorCode, ServiceError};

/// The context where the server says nothing: the least that Ollama gives a model.
const UNKNOWN_CONTEXT: u64 = 4096;
/// What the template, the instructions and the titles of the parts take, in tokens.
const AROUND: u64 = 350;
/// Bytes of a token where nothing was measured. It is less than usual: a prompt that is refused costs another try.
const FEWEST_BYTES: f64 = 2.8;
/// What of a measured figure is used: a text may have shorter tokens than those before.
const MARGIN: f64 = 0.85;
/// Tokens that a model may think, where it does.
const THINKING: u64 = 1000;
/// The smallest part that is worth a request, in bytes.
pub(super) const MIN_PART: usize = 400;

/// The room of a model's context.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Budget {
    /// In tokens.
    pub(super) context: u64,
    bytes_per_token: f64,
    /// The model would think before it answers.
    pub(super) thinks: bool,
}

impl Budget {
    /// Tokens of a reply of so many words, and not more than the context allows beside what is read.
    pub(super) fn reply_tokens(&self, words: u64) -> u64 {
        // Some models cannot be kept from thinking.
        let thinking = if self.thinks { THINKING } else { 0 };
        (words.saturating_mul(2) + 60 + thinking).min(self.context / 4).max(64)
    }

    /// Bytes of text that fit beside a reply and an instruction.
    pub(super) fn text_bytes(&self, reply_tokens: u64, instruction: &str) -> usize {
        let tokens = self.context.saturating_sub(reply_tokens + AROUND);
        let bytes = (tokens as f64 * self.bytes_per_token) as usize;
        bytes.saturating_sub(instruction.len()).max(MIN_PART)
    }
}

impl Documents {
    /// The model of a call, and what fits in its prompt. A model of Ollama is loaded for that: only then its context is known.
    ///
    /// # Errors
    /// `no_models`, `model_not_found`, `attachment_denied` for a model that does not run on this machine.
    pub(super) async fn budget(
        &self,
        caller: &Caller,
        job: &Job,
        model: Option<&str>,
    ) -> Result<(String, Budget), ServiceError> {
        let model = match model {
            Some(model) => model.to_owned(),
            None => self.models.default_model(caller).await?.name,
        };
        self.models.check_allowed(caller, &model).await?;
        match self.chat.check_takes_files(caller, &model).await {
            // It is pulled before it answers.
            Err(error)
                if error.code == ErrorCode::ModelNotFound && self.transfers.may_pull(&error, &model) => {}
            checked => checked?,
        }
        let context = self.context(caller, job, &model).await?.unwrap_or(UNKNOWN_CONTEXT);
        let measured = self.chat.measured_bytes_per_token(&model);
        let bytes_per_token = measured.map_or(FEWEST_BYTES, |measured| measured * MARGIN);
        let thinks = self.thinks(caller, &model).await;
        Ok((model, Budget { context, bytes_per_token, thinks }))
    }

    /// Whether a model is known to think.
    async fn thinks(&self, caller: &Caller, model: &str) -> bool {
        match self.models.capabilities(caller, model).await {
            Ok(Some(words)) => words.iter().any(|word| word == "thinking"),
            _ => false,
        }
    }

    async fn context(&self, caller: &Caller, job: &Job, model: &str) -> Result<Option<u64>, ServiceError> {
        if let Some(loaded) = self.models.loaded_context(model).await {
            return Ok(Some(loaded));
        }
        if !self.models.features().manages_models {
            return Ok(self.models.model_context(model).await);
        }
        job.advance(|state| state.status = format!("loading {model}"));
        let name = ModelName::parse("model", model.to_owned())?;
        match self.models.load_model(caller, &name, None, None).await {
            Ok(()) => Ok(self.models.loaded_context(model).await),
            Err(error) if self.transfers.may_pull(&error, model) => Ok(None),
            Err(error) if matches!(error.code, ErrorCode::ModelNotFound | ErrorCode::OllamaUnreachable) => {
                Err(error)
            }
            // The completion tells what is wrong, or does without it.
            Err(_) => Ok(None),
        }
    }
}
