//! How much of a long conversation the model can read.
//!
//! Ollama drops what does not fit without reporting it, so it is dropped here, with a warning. Tokens are the server's own
//! counts where they were stored; otherwise they are estimated from the bytes, rather too many than too few.

use serde_json::Value;

use super::Conversations;
use crate::ServiceError;
use crate::chat::request::ChatCall;
use crate::chat::truncation::Truncation;
use store::StoredMessage;
use types::{Role, ToolCall};

/// Bytes a token in judging: English has about four, code and other scripts fewer.
const BYTES_A_TOKEN: u64 = 3;
/// Tokens that a chat template puts around a message.
const AROUND_A_MESSAGE: u64 = 8;
/// What fits every context, with room for a reply: no server has to be asked.
const FITS_ALWAYS: u64 = 1024;

impl Conversations {
    /// How many of the oldest messages are left out for what is said now, and the context that they do not fit.
    ///
    /// # Errors
    /// `model_not_found` for a model that is pulled first: nobody knows its context before.
    pub(crate) async fn truncate_history(
        &self,
        model: &str,
        call: &ChatCall,
        system: Option<&str>,
        history: &[StoredMessage],
        new_messages: &[&str],
    ) -> Result<Option<(usize, u64)>, ServiceError> {
        // The call wants no message left out: the server tells whether they fit.
        if call.truncation != Truncation::Auto && self.models.takes_num_ctx() {
            return Ok(None);
        }
        let fixed = system.map_or(0, of_text) + new_messages.iter().map(|text| of_text(text)).sum::<u64>();
        let given = call.sampling.num_ctx.or_else(|| call.options.get("num_ctx").and_then(Value::as_u64));
        let given = given.filter(|_| self.models.takes_num_ctx());
        if given.is_none() && fixed + history.iter().map(of_message).sum::<u64>() <= FITS_ALWAYS {
            return Ok(None);
        }
        let context = match given {
            Some(given) => given,
            None => match self.context_of(model).await? {
                Some(context) => context,
                None => return Ok(None),
            },
        };
        // Half of it at most is kept free for the reply.
        let reply = call.sampling.max_tokens.unwrap_or(context / 4).min(context / 2);
        let left_out = messages_to_drop(history, context.saturating_sub(reply + fixed));
        Ok((left_out > 0).then_some((left_out, context)))
    }

    /// The context that the model is loaded with, else the one that it was trained for; `None` if the server reports neither.
    async fn context_of(&self, model: &str) -> Result<Option<u64>, ServiceError> {
        if let Some(loaded) = self.models.loaded_context(model).await {
            return Ok(Some(loaded));
        }
        let details =
            match self.models.provider().show_model(model).await.map_err(|error| self.models.error(error)) {
                Ok(details) => details,
                Err(error) if self.transfers.may_pull(&error, model) => return Err(error),
                Err(_) => return Ok(None),
            };
        let of_parameters = details.parameters.as_deref().and_then(|parameters| {
            parameters.lines().find_map(|line| line.strip_prefix("num_ctx")?.trim().parse().ok())
        });
        Ok(of_parameters.or(details.context_length))
    }
}

/// How many of the oldest do not fit. A reply whose question is gone goes as well.
fn messages_to_drop(history: &[StoredMessage], mut budget: u64) -> usize {
    let mut kept = 0;
    for message in history.iter().rev() {
        let Some(left) = budget.checked_sub(of_message(message)) else { break };
        budget = left;
        kept += 1;
    }
    let mut left_out = history.len() - kept;
    while left_out > 0 && history.get(left_out).is_some_and(|message| message.role != Role::User) {
        left_out += 1;
    }
    left_out
}

fn of_message(message: &StoredMessage) -> u64 {
    // The count of a reply has the thinking in it, which is not sent again.
    match message.completion_tokens.filter(|_| message.thinking.is_none()) {
        Some(counted) => counted + AROUND_A_MESSAGE,
        None => of_text(&message.content) + message.tool_calls.iter().map(of_call).sum::<u64>(),
    }
}

fn of_call(call: &ToolCall) -> u64 {
    of_text(&call.name) + of_text(&call.arguments)
}

fn of_text(text: &str) -> u64 {
    (text.len() as u64).div_ceil(BYTES_A_TOKEN) + AROUND_A_MESSAGE
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn said(role: Role, tokens: u64) -> StoredMessage {
        let content = "x".repeat(usize::try_from((tokens - AROUND_A_MESSAGE) * BYTES_A_TOKEN).unwrap());
        StoredMessage::text(role, content, UNIX_EPOCH)
    }

    #[test]
    fn oldest_messages_are_dropped_with_their_replies() {
        let history = [Role::User, Role::Assistant, Role::User, Role::Assistant].map(|role| said(role, 100));
        assert_eq!(messages_to_drop(&history, 400), 0);
        assert_eq!(messages_to_drop(&history, 399), 2);
        assert_eq!(messages_to_drop(&history, 200), 2);
        assert_eq!(messages_to_drop(&history, 199), 4);
        assert_eq!(messages_to_drop(&history, 0), 4);
        assert_eq!(messages_to_drop(&[], 0), 0);
    }

    #[test]
    fn token_count_of_server_precedes_estimate() {
        let mut reply = said(Role::Assistant, 1000);
        reply.completion_tokens = Some(50);
        assert_eq!(of_message(&reply), 58);
        reply.thinking = Some("hm".into());
        assert_eq!(of_message(&reply), 1000);
    }
}
