//! A prompt that does not fit the model's context: what the call wants, what is done, and what is reported.
//!
//! Ollama cuts such a prompt in silence, unless the request has `truncate: false`: then it refuses at once, with the
//! exact counts of tokens. So every request is sent that way first. `shift` is never sent: Ollama 0.33 loads the model
//! anew for a request whose `shift` differs from the one before, so two clients would unload it for each other. That the
//! context overflowed while the reply was generated is found from the counts instead.

use std::time::Duration;

use tokio::time::timeout;

use super::Chat;
use super::warnings;
use crate::chat::model_request::ModelRequest;
use crate::error::{ErrorCode, ServiceError, TokenCounts};
use crate::hint::{Action, Hint, Warning, WarningKind};
use types::Usage;

/// What to do with a prompt that does not fit the context.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Truncation {
    /// The server cuts it, and the answer warns with the counts.
    #[default]
    Auto,
    /// The call fails with `context_exceeded`.
    Error,
    /// The request is sent again with a `num_ctx` that fits, up to the model's own context length.
    Grow,
}

impl Truncation {
    /// Reads the argument `truncation`.
    ///
    /// # Errors
    /// `invalid_argument`.
    pub fn parse(text: &str) -> Result<Self, ServiceError> {
        match text {
            "auto" => Ok(Self::Auto),
            "error" => Ok(Self::Error),
            "grow" => Ok(Self::Grow),
            other => Err(ServiceError::invalid(
                "truncation",
                format!("is {other:?}; it must be \"auto\", \"error\" or \"grow\""),
            )),
        }
    }
}

/// What was done to make a prompt fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fitted {
    /// The server was allowed to cut it. `split` is how long files can be read whole.
    Cut { counts: TokenCounts, model_context: Option<u64>, requested: Option<u64>, split: Option<Hint> },
    /// The server was allowed to cut it, and has not said how long it is.
    CutUncounted,
    /// The context was made larger.
    Grown { counts: TokenCounts, num_ctx: u64 },
}

/// Room for the reply where the call does not bound it, in tokens.
const REPLY_ROOM: u64 = 1024;
/// `num_ctx` is rounded up to a multiple of this: slightly longer prompts then do not load the model again.
const STEP: u64 = 256;
/// No model is loaded with a smaller context by default, so a shorter exchange cannot have filled one.
const MIN_DEFAULT_CONTEXT: u64 = 2048;
/// How long an answer that is complete waits for the size of the context.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(1);

impl Chat {
    /// Changes a refused request so that it can be sent again.
    ///
    /// # Errors
    /// `context_exceeded`, with the next step, where the call does not want that or nothing more can be done.
    pub(crate) async fn fit(
        &self,
        request: &mut ModelRequest,
        mut error: ServiceError,
    ) -> Result<(), ServiceError> {
        // A refusal to cut comes without the counts of the refusal before.
        error.tokens = error.tokens.or_else(|| request.fitted().and_then(Fitted::counts));
        let Some(counts) = error.tokens.filter(|_| self.models.takes_num_ctx()) else {
            return self.fit_without_counts(request, error);
        };
        let model_context = self.models.model_context(request.model()).await;
        let num_ctx = num_ctx_for(counts.prompt, request.sampling().max_tokens, model_context);
        match (request.truncation(), num_ctx) {
            (Truncation::Auto, _) if !request.may_cut() => {
                request.allow_cut(Fitted::Cut {
                    counts,
                    model_context,
                    requested: request.num_ctx(),
                    split: split_hint(request, counts),
                });
                Ok(())
            }
            // Not for the same size twice: a server that keeps its context refuses again.
            (Truncation::Grow, Some(num_ctx))
                if num_ctx > counts.context
                    && request.num_ctx().is_none_or(|requested| requested < num_ctx) =>
            {
                request.grow(num_ctx, Fitted::Grown { counts, num_ctx });
                Ok(())
            }
            (truncation, num_ctx) => {
                let num_ctx_is_given = request.num_ctx().is_some();
                let error = match (truncation, num_ctx) {
                    (_, None) => error.with_hint(too_long_for_model(model_context)),
                    (Truncation::Grow, Some(_)) => error.with_hint(Action::SendLessAsContextIsFixed),
                    (Truncation::Auto, Some(num_ctx)) => error
                        .with_hint("Ollama cannot cut this prompt.")
                        .and_hint(Action::FitPrompt { num_ctx, num_ctx_is_given, can_cut: false }),
                    (Truncation::Error, Some(num_ctx)) => {
                        error.with_hint(Action::FitPrompt { num_ctx, num_ctx_is_given, can_cut: true })
                    }
                };
                Err(match split_hint(request, counts) {
                    Some(split) => error.and_hint(split),
                    None => error,
                })
            }
        }
    }

    /// A server that refuses without counts, or that takes no `num_ctx`.
    fn fit_without_counts(
        &self,
        request: &mut ModelRequest,
        error: ServiceError,
    ) -> Result<(), ServiceError> {
        if !self.models.takes_num_ctx() {
            return Err(error.with_hint("Send less. The context of this server is set where it is started."));
        }
        if request.truncation() == Truncation::Auto && !request.may_cut() {
            request.allow_cut(Fitted::CutUncounted);
            return Ok(());
        }
        Err(error.with_hint(Action::EnlargeContext))
    }

    /// A warning where the context overflowed while the reply was generated: the oldest tokens were dropped on the way.
    pub(crate) async fn overflow(&self, request: &ModelRequest, usage: &Usage) -> Option<Warning> {
        let prompt = usage.prompt_tokens?;
        let total = prompt.saturating_add(usage.completion_tokens?);
        let context = match request.num_ctx().filter(|_| self.models.takes_num_ctx()) {
            Some(num_ctx) => num_ctx,
            None if total < MIN_DEFAULT_CONTEXT || !self.models.takes_num_ctx() => return None,
            None => Box::pin(timeout(LOOKUP_TIMEOUT, self.models.loaded_context(request.model())))
                .await
                .ok()??,
        };
        // A prompt that fills the context by itself was cut before the reply began.
        if prompt >= context {
            return warnings::cut_prompt(request.text_bytes(), usage, Some(context), true);
        }
        (total > context).then(|| warnings::context_overflowed(total, context))
    }
}

/// The `num_ctx` that a prompt needs with room for its reply; `None` where the model cannot have it.
fn num_ctx_for(prompt: u64, max_tokens: Option<u64>, model_context: Option<u64>) -> Option<u64> {
    let wanted = prompt.saturating_add(max_tokens.unwrap_or(REPLY_ROOM)).checked_next_multiple_of(STEP)?;
    match model_context {
        // At least one token has to be generated.
        Some(most) if prompt >= most => None,
        Some(most) => Some(wanted.min(most)),
        None => Some(wanted),
    }
}

/// How files that are too long for one prompt can be read whole: in parts that fit.
fn split_hint(request: &ModelRequest, counts: TokenCounts) -> Option<Hint> {
    if !request.has_files() || counts.prompt == 0 {
        return None;
    }
    // Room for the instruction and the reply.
    let part_tokens = counts.context.saturating_sub((counts.context / 2).min(REPLY_ROOM));
    let part_bytes = (request.text_bytes() as u64).saturating_mul(part_tokens) / counts.prompt;
    Some(Action::SplitFiles { part_bytes }.into())
}

fn too_long_for_model(model_context: Option<u64>) -> String {
    match model_context {
        Some(most) => format!(
            "The model's own context length is {most} tokens: send less, or use a model with a longer context."
        ),
        None => "Send less, or use a model with a longer context.".to_owned(),
    }
}

impl Fitted {
    fn counts(&self) -> Option<TokenCounts> {
        match self {
            Self::Cut { counts, .. } | Self::Grown { counts, .. } => Some(*counts),
            Self::CutUncounted => None,
        }
    }

    /// What the answer says of it. `read` is what the model read, by the server's count.
    pub(crate) fn warning(&self, read: Option<u64>, max_tokens: Option<u64>) -> Warning {
        match self {
            Self::Cut { counts: TokenCounts { prompt, context }, model_context, requested, split } => {
                let read = read.map(|read| format!("; the model read {read}")).unwrap_or_default();
                let next: Hint = match num_ctx_for(*prompt, max_tokens, *model_context) {
                    Some(num_ctx) => {
                        let num_ctx_is_given = requested.is_some();
                        Action::ReadWholePrompt { num_ctx, num_ctx_is_given }.into()
                    }
                    None => too_long_for_model(*model_context).into(),
                };
                let text = format!(
                    "The prompt has {prompt} tokens and the model's context here {context}: Ollama cut the prompt, or dropped the \
                     oldest messages{read}."
                );
                let hints = std::iter::once(next).chain(split.clone()).collect();
                Warning { text, hints, kind: WarningKind::PromptCut }
            }
            Self::CutUncounted => {
                let read = read.map(|read| format!("; the model read {read} tokens")).unwrap_or_default();
                Warning::new(format!(
                    "The prompt does not fit the model's context: Ollama cut it, or dropped the oldest messages{read}."
                ))
                .and_hint(Action::EnlargeContext)
            }
            Self::Grown { counts: TokenCounts { prompt, context }, num_ctx } => Warning::new(format!(
                "The prompt has {prompt} tokens and the model's context here was {context}: the model was loaded again with num_ctx \
                 {num_ctx}, which takes more memory."
            )),
        }
    }
}

/// Checks that `truncation` and `num_ctx` do not contradict each other.
///
/// # Errors
/// `invalid_argument`.
pub(crate) fn check(truncation: Truncation, num_ctx_is_given: bool) -> Result<(), ServiceError> {
    if truncation == Truncation::Grow && num_ctx_is_given {
        return Err(ServiceError::new(
            ErrorCode::InvalidArgument,
            "truncation is \"grow\" and num_ctx is given; give one of them",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn num_ctx_has_room_for_the_reply_and_stays_within_the_model() {
        assert_eq!(num_ctx_for(3029, None, None), Some(4096));
        assert_eq!(num_ctx_for(3029, Some(10), None), Some(3072));
        assert_eq!(num_ctx_for(3029, None, Some(32_768)), Some(4096));
        assert_eq!(num_ctx_for(3029, Some(50_000), Some(32_768)), Some(32_768));
        assert_eq!(num_ctx_for(3029, None, Some(3029)), None);
        assert_eq!(num_ctx_for(u64::MAX, None, None), None);
    }

    #[test]
    fn warnings_have_both_counts_and_the_next_step() {
        let counts = TokenCounts { prompt: 4400, context: 2050 };
        let cut = Fitted::Cut { counts, model_context: Some(8192), requested: None, split: None }
            .warning(Some(2049), None)
            .to_string();
        for part in ["4400 tokens", "2050", "read 2049", "5632 tokens"] {
            assert!(cut.contains(part), "{part}: {cut}");
        }
        let too_long = Fitted::Cut {
            counts,
            model_context: Some(4096),
            requested: Some(512),
            split: Some("Split it.".into()),
        }
        .warning(None, None)
        .to_string();
        assert!(too_long.contains("own context length is 4096") && !too_long.contains("grow"), "{too_long}");
        assert!(too_long.ends_with("longer context. Split it."), "{too_long}");
        let grown = Fitted::Grown { counts, num_ctx: 5632 }.warning(Some(4400), None).to_string();
        assert!(grown.contains("num_ctx 5632") && grown.contains("4400"), "{grown}");
    }
}
