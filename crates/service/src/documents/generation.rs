//! One reply of a model over parts of files, while its text so far is shown.

use std::sync::Arc;
use std::time::Duration;

use super::Documents;
use crate::Caller;
use crate::chat::attachments::Attachments;
use crate::chat::request::ChatCall;
use crate::chat::response_format::ReplyFormat;
use crate::chat::truncation::Truncation;
use crate::hint::{Warning, WarningKind};
use crate::tasks::job::Job;
use crate::tasks::reply::{Completion, Outcome, ReplyBuffer};
use types::{Message, Role, Sampling, Think};

/// How often the text so far is shown.
const SHOWN_EVERY: Duration = Duration::from_millis(100);

/// What a model is asked over parts of files.
pub(super) struct Asking {
    pub(super) model: String,
    pub(super) system: &'static str,
    /// The parts with their titles. They are fenced, and stand before the question.
    pub(super) texts: Vec<(String, String)>,
    pub(super) question: String,
    pub(super) max_tokens: u64,
    /// Whether the model would think first, which these replies need not.
    pub(super) thinks: bool,
    pub(super) format: Option<ReplyFormat>,
}

impl Documents {
    /// Asks a model. `show` is called with the text so far. There are no tools that it could call, and a prompt that does not fit
    /// is refused.
    pub(super) async fn generate(
        &self,
        caller: &Caller,
        job: &Arc<Job>,
        asking: Asking,
        show: impl Fn(&str),
    ) -> Outcome {
        let call = ChatCall {
            model: Some(asking.model),
            messages: vec![Message::text(Role::User, asking.question)],
            system: Some(asking.system.to_owned()),
            attachments: Attachments::of_texts("files", asking.texts),
            sampling: Sampling { max_tokens: Some(asking.max_tokens), ..Sampling::default() },
            think: asking.thinks.then_some(Think::Off),
            response_format: asking.format,
            truncation: Truncation::Error,
            ..ChatCall::default()
        };
        let call = self.chat.with_system(call)?;
        let place = self.tasks.queue.reserve(caller);
        let reply = ReplyBuffer::new(caller);
        let mut changes = reply.changes();
        let answer = self.chat.reply_to(&reply, call, job, place);
        tokio::pin!(answer);
        loop {
            tokio::select! {
                outcome = &mut answer => return outcome,
                // The reply outlives its answer.
                _ = changes.changed() => show(&reply.partial().content),
            }
            tokio::select! {
                outcome = &mut answer => return outcome,
                () = tokio::time::sleep(SHOWN_EVERY) => {}
            }
        }
    }
}

/// The warnings of a reply. Its limit of tokens is not an argument of these calls.
pub(super) fn warnings(completion: &Completion) -> impl Iterator<Item = Warning> + '_ {
    completion.summary.warnings.iter().map(|warning| match warning.kind {
        WarningKind::ReplyLimit => Warning::new("The reply of the model was cut off at its limit of tokens."),
        _ => warning.clone(),
    })
}
