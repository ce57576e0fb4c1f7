//! Jobs of many replies: comparisons of models, and batches of texts.

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::chat::Chat;
use crate::chat::attachments::Attachments;
use crate::chat::bytes_of_call;
use crate::chat::request::ChatCall;
use crate::chat::runner::Question;
use crate::models::name::check_model_name;
use crate::tasks::Tasks;
use crate::tasks::job::{Job, JobOutput, ReplySet};
use crate::tasks::memory::Held;
use crate::tasks::queue::Reservation;
use crate::tasks::registry::{Task, TaskKind};
use crate::tasks::reply::ReplyBuffer;
use crate::{Caller, ServiceError};
use types::{Message, Role};

/// Most inputs of a batch.
pub const MAX_INPUTS: usize = 200;
/// Most models of a comparison.
pub const MAX_MODELS: usize = 8;

/// Batches of texts, and comparisons of models.
#[derive(Debug)]
pub struct Batches {
    chat: Arc<Chat>,
    tasks: Arc<Tasks>,
}

impl Batches {
    pub(crate) fn new(chat: Arc<Chat>, tasks: Arc<Tasks>) -> Arc<Self> {
        Arc::new(Self { chat, tasks })
    }

    /// Puts one question to several models, one after another or together.
    ///
    /// # Errors
    /// `invalid_argument`. A model that fails is a reply beside the others.
    pub fn start_comparison(
        self: &Arc<Self>,
        caller: &Caller,
        call: &ChatCall,
        models: &[String],
        together: bool,
    ) -> Result<Arc<Task>, ServiceError> {
        check_models(models)?;
        let call = self.chat.with_system(call.clone())?;
        let calls: Vec<_> =
            models.iter().map(|model| ChatCall { model: Some(model.clone()), ..call.clone() }).collect();
        let held = self.check_all(caller, &calls)?;
        let report = JobOutput::Comparison(ReplySet::new(models.to_vec()));
        let concurrency = if together { calls.len() } else { 1 };
        let calls = self.in_order(caller, calls, concurrency);
        let (batches, asking) = (Arc::clone(self), caller.clone());
        Ok(self.tasks.registry.start_job(&caller.owner, "comparing", report, move |job| async move {
            let _held = held;
            batches.answer_all(&asking, &job, calls, concurrency).await
        }))
    }

    /// Puts one question to several models as completions of their own, in the order of the models: one after another,
    /// which gives fair times, or together.
    ///
    /// # Errors
    /// `invalid_argument`. A model that fails is a completion that failed.
    pub fn start_each(
        &self,
        caller: &Caller,
        call: &ChatCall,
        models: &[String],
        together: bool,
    ) -> Result<Vec<Arc<Task>>, ServiceError> {
        check_models(models)?;
        let call = self.chat.with_system(call.clone())?;
        let mut tasks: Vec<Arc<Task>> = Vec::with_capacity(models.len());
        for model in models {
            let previous = tasks.last().filter(|_| !together).and_then(|task| match &task.kind {
                TaskKind::Reply(reply) => Some(Arc::clone(reply)),
                TaskKind::Job(_) => None,
            });
            let call = ChatCall { model: Some(model.clone()), ..call.clone() };
            match self.chat.start_after(caller, call, Question::Messages, previous) {
                Ok(task) => tasks.push(task),
                Err(error) => {
                    tasks.iter().for_each(|task| task.cancel());
                    return Err(error);
                }
            }
        }
        Ok(tasks)
    }

    /// Applies one instruction to many texts, and then to many files, each of its own ([`Attachments::each_alone`]).
    ///
    /// # Errors
    /// `invalid_argument`. A text or a file that fails is a reply beside the others.
    pub fn start_batch(
        self: &Arc<Self>,
        caller: &Caller,
        call: &ChatCall,
        instruction: &str,
        inputs: &[String],
        files: Vec<Attachments>,
    ) -> Result<Arc<Task>, ServiceError> {
        if instruction.trim().is_empty() {
            return Err(ServiceError::invalid(
                "instruction",
                "is empty; it must say what to do with each input",
            ));
        }
        let total = inputs.len() + files.len();
        if total == 0 || total > MAX_INPUTS {
            return Err(ServiceError::invalid(
                "inputs",
                format!("and files have {total} entries; they must have 1 to {MAX_INPUTS}"),
            ));
        }
        if let Some(index) = inputs.iter().position(|input| input.trim().is_empty()) {
            return Err(ServiceError::invalid(&format!("inputs[{index}]"), "is empty; it must have text"));
        }
        let call = self.chat.with_system(call.clone())?;
        let asking = |question: String, attachments: Attachments| {
            let mut call = ChatCall { attachments, ..call.clone() };
            call.messages.push(Message::text(Role::User, question));
            call
        };
        let of_texts =
            inputs.iter().map(|input| asking(format!("{instruction}\n\n{input}"), Attachments::default()));
        let of_files = files.into_iter().map(|file| asking(instruction.to_owned(), file));
        let calls: Vec<_> = of_texts.chain(of_files).collect();
        let held = self.check_all(caller, &calls)?;
        let labels = (0..total).map(|index| index.to_string()).collect();
        let concurrency = calls.len();
        let calls = self.in_order(caller, calls, concurrency);
        let report = JobOutput::Batch(ReplySet::new(labels));
        // All of them are queued; the queue limits how many run at the same time.
        let (batches, asking) = (Arc::clone(self), caller.clone());
        Ok(self.tasks.registry.start_job(&caller.owner, "working", report, move |job| async move {
            let _held = held;
            batches.answer_all(&asking, &job, calls, concurrency).await
        }))
    }

    /// Checks the calls of a job, and counts what they hold.
    fn check_all(&self, caller: &Caller, calls: &[ChatCall]) -> Result<Held, ServiceError> {
        calls.iter().try_for_each(crate::chat::validate::check)?;
        self.tasks.memory.hold(&caller.owner, calls.iter().map(bytes_of_call).sum())
    }

    /// The calls with their places in the queue, all reserved now, so that later calls come after the whole job.
    fn in_order(
        &self,
        caller: &Caller,
        calls: Vec<ChatCall>,
        concurrency: usize,
    ) -> Vec<(ChatCall, Reservation)> {
        let calls: Vec<_> = calls.into_iter().map(|call| (call, self.tasks.queue.reserve(caller))).collect();
        for (_, place) in calls.iter().skip(concurrency) {
            // It comes after another one of the job.
            place.delay();
        }
        calls
    }

    async fn answer_all(
        self: &Arc<Self>,
        caller: &Caller,
        job: &Arc<Job>,
        calls: Vec<(ChatCall, Reservation)>,
        concurrency: usize,
    ) -> Result<(), ServiceError> {
        let total = calls.len();
        job.advance(|state| state.total = Some(total as f64));
        let answers = calls.into_iter().enumerate().map(|(index, (call, place))| async move {
            (index, self.chat.reply_to(&ReplyBuffer::new(caller), call, job, place).await)
        });
        let mut answers = stream::iter(answers).buffer_unordered(concurrency.max(1));
        while let Some((index, outcome)) = answers.next().await {
            job.advance(|state| {
                state.done += 1.0;
                let (JobOutput::Comparison(replies) | JobOutput::Batch(replies)) = &mut state.report else {
                    return;
                };
                if let Some(slot) = replies.replies.get_mut(index) {
                    *slot = Some(outcome);
                }
            });
        }
        Ok(())
    }
}

fn check_models(models: &[String]) -> Result<(), ServiceError> {
    if !(2..=MAX_MODELS).contains(&models.len()) {
        return Err(ServiceError::invalid(
            "models",
            format!("has {}; it must have 2 to {MAX_MODELS} names", models.len()),
        ));
    }
    let mut numbered = models.iter().enumerate();
    numbered.try_for_each(|(index, model)| check_model_name(&format!("models[{index}]"), model))
}
