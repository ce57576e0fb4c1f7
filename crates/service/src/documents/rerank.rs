//! A second reading: the model puts the passages that were found in the order in which they help.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::json;

use super::budget::Budget;
use super::generation::Asking;
use super::prompts;
use super::question::titled;
use super::search::{Library, Match, report};
use super::{Documents, cut_to};
use crate::Caller;
use crate::chat::response_format::ReplyFormat;
use crate::error::{ErrorCode, ServiceError};
use crate::hint::Warning;
use crate::tasks::job::Job;
use types::ResponseFormat;

/// Passages that are read again.
pub(super) const CANDIDATES: usize = 20;
/// What is shown of each, in bytes: their beginnings tell what they are about.
const SHOWN: usize = 600;
/// Tokens of the reply: twenty numbers.
const REPLY_TOKENS: u64 = 160;

#[derive(Debug, Deserialize)]
struct Order {
    passages: Vec<usize>,
}

impl Documents {
    /// Puts passages in the order that the model gives them. Those that it leaves out come after, in their order. Where it fails,
    /// the order stays, with a warning.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of a question, with all that the steps before have found"
    )]
    pub(super) async fn rerank(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        library: &Library,
        question: &str,
        matches: Vec<Match>,
        model: &str,
        budget: &Budget,
    ) -> Result<Vec<Match>, ServiceError> {
        job.advance(|state| state.status = format!("reading {} passages again", matches.len()));
        let room = budget.text_bytes(REPLY_TOKENS, question) / matches.len().max(1);
        let mut texts = titled(library, &matches);
        for (_, text) in &mut texts {
            cut_to(text, room.min(SHOWN));
        }
        let schema = json!({
            "type": "object",
            "properties": { "passages": { "type": "array", "items": { "type": "integer" } } },
            "required": ["passages"],
        });
        let asking = Asking {
            model: model.to_owned(),
            system: prompts::RERANK,
            texts,
            question: prompts::order(question, matches.len()),
            max_tokens: REPLY_TOKENS,
            thinks: budget.thinks,
            format: Some(ReplyFormat::new(ResponseFormat::Schema(schema))?),
        };
        let order = match self.generate(caller, job, asking, |_| {}).await {
            Ok(completion) => serde_json::from_str::<Order>(completion.content.trim()).ok(),
            Err(error) if error.code == ErrorCode::Cancelled => return Err(error),
            Err(_) => None,
        };
        Ok(match order {
            Some(order) => reordered(matches, &order.passages),
            None => {
                let warning =
                    "The model did not put the passages in order; the order of the search was kept.";
                report(job, |report| report.warnings.push(Warning::new(warning)));
                matches
            }
        })
    }
}

/// Matches in an order of their numbers, from 1; the others after them.
fn reordered(matches: Vec<Match>, order: &[usize]) -> Vec<Match> {
    let mut left: Vec<Option<Match>> = matches.into_iter().map(Some).collect();
    let mut sorted = Vec::with_capacity(left.len());
    for number in order {
        sorted.extend(number.checked_sub(1).and_then(|index| left.get_mut(index)?.take()));
    }
    sorted.extend(left.into_iter().flatten());
    sorted
}
