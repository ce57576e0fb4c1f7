//! What a model server does in silence, reported: a prompt that was cut, a reply that stopped early.

use crate::hint::{Action, Warning, WarningKind};
use types::Usage;

/// More bytes of text a token than any tokenizer makes of real text; English has about four, code and
/// other scripts fewer. Above it, part of the prompt was not read.
const MAX_BYTES_PER_TOKEN: usize = 12;

/// Shorter prompts fit every context.
const MIN_BYTES: usize = 1500;

/// A reply that stopped at a limit of tokens.
pub(crate) fn stopped_at_limit(max_tokens: Option<u64>, takes_num_ctx: bool) -> Warning {
    let warning = match max_tokens {
        Some(limit) => {
            Warning::new(format!("The reply stopped at max_tokens ({limit}); raise it for a longer one."))
        }
        None => Warning::new("The reply stopped at the model's limit of tokens.")
            .and_hint(Action::RaiseReplyLimit { takes_num_ctx }),
    };
    warning.of_kind(WarningKind::ReplyLimit)
}

/// The prompt and the reply together are longer than the context.
pub(crate) fn context_overflowed(total: u64, context: u64) -> Warning {
    Warning::new(format!(
        "The prompt and the reply have {total} tokens together and the context {context}: the oldest part was dropped while the \
         reply was generated."
    ))
    .and_hint(Action::EnlargeContextOrBoundReply)
}

/// Log probabilities were asked for, and the reply has none.
pub(crate) fn no_logprobs() -> Warning {
    Warning::new("logprobs was ignored: the model server gave no log probabilities.")
        .of_kind(WarningKind::NoLogprobs)
}

/// A guess that the model read only a part of the prompt, for servers that ignore `truncate: false` and cut in silence:
/// only their count of tokens tells. `sent` is in bytes. Only Ollama takes `num_ctx`.
pub(crate) fn cut_prompt(
    sent: usize,
    usage: &Usage,
    num_ctx: Option<u64>,
    takes_num_ctx: bool,
) -> Option<Warning> {
    let read = usage.prompt_tokens?;
    let num_ctx = num_ctx.filter(|_| takes_num_ctx);
    let at_limit = num_ctx.is_some_and(|num_ctx| read >= num_ctx);
    let too_few =
        sent >= MIN_BYTES && sent / MAX_BYTES_PER_TOKEN > usize::try_from(read).unwrap_or(usize::MAX);
    (at_limit || too_few).then(|| {
        let context = num_ctx.map(|num_ctx| format!(" ({num_ctx} here)")).unwrap_or_default();
        let warning = Warning::new(format!(
            "The prompt was probably cut to the context{context}, or older messages were dropped: the model server counted only \
             {read} tokens for {sent} bytes."
        ))
        .of_kind(WarningKind::PromptCut);
        if takes_num_ctx { warning.and_hint(Action::EnlargeContext) } else { warning.and_hint("Send less.") }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warned(bytes: usize, tokens: u64, num_ctx: Option<u64>) -> bool {
        let usage = Usage { prompt_tokens: Some(tokens), completion_tokens: None, ..Usage::default() };
        cut_prompt(bytes, &usage, num_ctx, true).is_some()
    }

    #[test]
    fn recorded_cuts_are_warned_of_and_whole_prompts_are_not() {
        // 3,000 words at num_ctx 512: cut, and dropped as an older message.
        assert!(warned(14_999, 259, Some(512)));
        assert!(warned(15_008, 38, Some(512)));
        assert!(warned(15_008, 38, None));
        assert!(warned(3_000, 512, Some(512)));
        assert!(!warned(19, 33, None));
        assert!(!warned(14_999, 3_010, Some(4096)));
        assert!(!warned(1_000, 1, None));
        let usage = Usage { prompt_tokens: Some(38), completion_tokens: None, ..Usage::default() };
        let elsewhere = cut_prompt(15_008, &usage, Some(512), false).unwrap().to_string();
        assert!(!elsewhere.contains("Enlarge") && !elsewhere.contains("512"), "{elsewhere}");
    }
}
