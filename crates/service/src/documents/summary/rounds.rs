//! The notes on the parts of a summary, brought together: as many as fit one prompt at a time, in as many rounds as it takes.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;

use super::super::budget::MIN_PART;
use super::super::parts::{Part, together};
use super::super::question::shrunk;
use super::super::{Documents, cut_to, prompts};
use super::{AT_ONCE, MAX_TRIES, NOTE_WORDS, Plan, ends_all};
use crate::Caller;
use crate::error::{ErrorCode, ServiceError};
use crate::tasks::job::Job;
use crate::tasks::reply::Outcome;

impl Documents {
    /// Brings notes together, in rounds: as many as fit one prompt at a time.
    pub(super) async fn bring_together(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        plan: &Plan,
        mut notes: Vec<(String, String)>,
        mut room: usize,
    ) -> Outcome {
        let mut tries = 0;
        for round in 1.. {
            // Two fit at least, so each round has fewer.
            for (_, note) in &mut notes {
                cut_to(note, room / 3);
            }
            let groups = together(notes.iter().cloned(), room);
            let total = groups.len();
            if let [last] = groups.as_slice() {
                job.advance(|state| state.status = "bringing the parts together".to_owned());
                let question = prompts::together(&plan.instruction, plan.words);
                match self.write_twice(caller, job, plan, last, question, plan.reply_tokens(), true).await {
                    Err(error) if error.code == ErrorCode::ContextExceeded && tries < MAX_TRIES => {
                        tries += 1;
                        room = shrunk(last.text_bytes(), &error).max(MIN_PART);
                        continue;
                    }
                    outcome => return outcome,
                }
            }
            let question = || prompts::together(&plan.instruction, NOTE_WORDS * 2);
            let tokens = plan.budget.reply_tokens(NOTE_WORDS * 2);
            let writing = groups.into_iter().map(|group| async move {
                match group.texts.as_slice() {
                    [(label, text)] => Ok::<_, ServiceError>((label.clone(), text.clone())),
                    _ => {
                        let written =
                            self.write_twice(caller, job, plan, &group, question(), tokens, false).await?;
                        Ok((group.label(), written.content.clone()))
                    }
                }
            });
            let mut writing = stream::iter(writing).buffered(AT_ONCE);
            let mut fewer = Vec::with_capacity(total);
            while let Some(written) = writing.next().await {
                fewer.push(written?);
                let done = fewer.len();
                job.advance(|state| {
                    state.status = format!("bringing the parts together: {done} of {total}, round {round}");
                    (state.done, state.total) = (done as f64, Some(total as f64));
                });
            }
            drop(writing);
            notes = fewer;
        }
        Err(ServiceError::internal())
    }

    /// One reply over a part, once more where it fails.
    #[expect(clippy::too_many_arguments, reason = "one request, with all that it is made of")]
    async fn write_twice(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        plan: &Plan,
        part: &Part,
        question: String,
        max_tokens: u64,
        is_last: bool,
    ) -> Outcome {
        match self.write(caller, job, plan, part, question.clone(), max_tokens, is_last).await {
            Err(error) if error.code != ErrorCode::ContextExceeded && !ends_all(&error) => {
                self.write(caller, job, plan, part, question, max_tokens, is_last).await
            }
            outcome => outcome,
        }
    }
}
