//! A turn of a conversation: it is written when it is complete, or not at all.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::OwnedMutexGuard;

use super::turn_locks::QueuedTurn;
use super::{Conversations, conversation_id, failed};
use crate::changes::Change;
use crate::chat::bytes_of_call;
use crate::chat::request::ChatCall;
use crate::chat::runner::{Question, Run};
use crate::chat::validate::check;
use crate::hint::{Action, Warning};
use crate::tasks::registry::Task;
use crate::tasks::registry::TaskKind;
use crate::tasks::reply::{CompletionSummary, Phase, ReplyBuffer, TurnQuestion};
use crate::{Caller, ErrorCode, ServiceError};
use store::{StoredMessage, TryLock, Turn, TurnLock};
use types::{Message, Owner, Role};

/// The pause between attempts to lock a conversation in which another process has its turn.
const LOCK_POLL: Duration = Duration::from_millis(50);

/// The lock of an instance whose answer has just been sent is gone after so long.
const UNLOCKED_WITHIN: Duration = Duration::from_millis(500);

/// A turn as a caller asks for it.
#[derive(Debug, Clone, Default)]
pub struct TurnCall {
    /// The conversation, which is made if it does not exist; `None`: a new one, whose id is made.
    pub conversation_id: Option<String>,
    /// The user's message. With `replaces_last` an empty one is that of the last turn.
    pub prompt: String,
    /// Whether it takes the place of the last turn, which must exist.
    pub replaces_last: bool,
    /// Everything else; its messages are those of the conversation. The names of its files are kept, and what is in
    /// the files is not.
    pub chat: ChatCall,
}

impl Conversations {
    /// Starts a turn as a completion of its own.
    ///
    /// # Errors
    /// `invalid_argument`. What goes wrong later is the completion's outcome.
    pub fn start_turn(
        self: &Arc<Self>,
        caller: &Caller,
        mut call: TurnCall,
    ) -> Result<Arc<Task>, ServiceError> {
        let id = call.conversation_id.take().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        conversation_id(&id)?;
        if call.prompt.trim().is_empty() && !call.replaces_last {
            return Err(ServiceError::invalid("prompt", "is empty; it must have text"));
        }
        check(&call.chat)?;
        let held = self.tasks.memory.hold(&caller.owner, bytes_of_call(&call.chat) + call.prompt.len())?;
        let question = TurnQuestion {
            content: call.prompt.clone(),
            attachments: call.chat.attachments.names(),
            replaces_last: call.replaces_last,
        };
        let reply = ReplyBuffer::in_conversation(caller, &id, question);
        let task = self.tasks.registry.add(&caller.owner, TaskKind::Reply(Arc::clone(&reply)));
        // Both queue positions are reserved here, so that they follow the order of the calls, not that in which their tasks start.
        let turn = self.turn_locks.queue(&caller.owner, &id);
        let run = Run {
            chat: Arc::clone(&self.chat),
            reply: Arc::clone(&reply),
            job: None,
            place: self.tasks.queue.reserve(caller),
        };
        self.changes.announce(Change::Turn { owner: caller.owner.clone(), id: id.clone() });
        let owner = caller.owner.clone();
        let (turns, written) = (Arc::clone(self), Arc::clone(self));
        // A reply that is complete is written, whether or not it is cancelled then.
        self.tasks.registry.spawn_then(
            &reply,
            async move {
                let _held = held;
                turns.answer(&run, owner, id, call, turn).await
            },
            move |answered| async move { written.write(answered).await },
        );
        Ok(task)
    }

    async fn answer(
        &self,
        run: &Run,
        owner: Owner,
        id: String,
        call: TurnCall,
        turn: QueuedTurn,
    ) -> Result<Answered, ServiceError> {
        let TurnCall { mut prompt, mut chat, replaces_last, .. } = call;
        let (chat_part, reply) = (&run.chat, &run.reply);
        let said_at = SystemTime::now();
        let waits = |ahead| {
            reply.set_phase(Phase::Queued(ahead));
            run.place.delay();
        };
        let in_turn = turn.acquire(waits).await;
        let across = self.lock_across(run, &owner, &id).await?;
        reply.set_phase(Phase::Waiting);
        let found = self.store()?.get(&owner, &id, None).await.map_err(failed)?;
        let after = found.as_ref().map(|found| found.revision);
        let system = match (chat.system.take(), &found) {
            (Some(given), _) => Some(given),
            (None, Some(found)) => found.system.clone(),
            // An empty one of the call's is kept, and sent: it takes the model's own away, see `with_system`.
            (None, None) => chat_part.system_prompt.text()?.filter(|system| !system.is_empty()),
        };
        let (model, reason) = match (chat.model.take(), found.as_ref().and_then(|found| found.model.clone()))
        {
            (Some(model), _) => (model, None),
            (None, Some(model)) => (model, Some("the conversation's last model")),
            (None, None) => {
                let default = self.models.default_model(reply.caller()).await?;
                (default.name, Some(default.reason))
            }
        };
        run.check_allowed(&model).await?;
        reply.set_model(&model);
        let mut history = found.map(|found| found.messages).unwrap_or_default();
        let replaced = if replaces_last { last_turn(&mut history)? } else { Vec::new() };
        let asked_again = replaced.first().filter(|_| prompt.trim().is_empty()).cloned();
        if let Some(question) = &asked_again {
            prompt.clone_from(&question.content);
        }
        let bytes = history.iter().map(|message| message.content.len()).sum();
        let _held = self.tasks.memory.hold(&owner, bytes)?;
        let attached = run.attached(&model, &chat.attachments).await?;
        let said = [prompt.as_str(), attached.as_ref().map_or("", |attached| attached.newest_text())];
        let left_out = run
            .with_model(&model, || self.truncate_history(&model, &chat, system.as_deref(), &history, &said))
            .await?;
        chat.messages = system.iter().map(|system| Message::text(Role::System, system.as_str())).collect();
        let kept = history.iter().skip(left_out.map_or(0, |(count, _)| count));
        chat.messages.extend(kept.map(message));
        // A question of before names the files that it had.
        let question = asked_again.as_ref().map(message);
        chat.messages.push(question.unwrap_or_else(|| Message::text(Role::User, prompt.as_str())));
        chat.model = Some(model.clone());

        let mut summary = run.answer(chat, Question::Messages).await?;
        summary.model_reason = reason;
        summary.warnings.extend(
            left_out.map(|(count, context)| left_out_warning(count, context, self.models.takes_num_ctx())),
        );
        let sent = summary.attachments.iter().map(|sent| sent.name.clone());
        let before = asked_again.map(|question| question.attachments).unwrap_or_default();
        let question = StoredMessage {
            attachments: before.into_iter().chain(sent).collect(),
            ..StoredMessage::text(Role::User, prompt, said_at)
        };
        let said = reply.partial();
        let answer = StoredMessage {
            role: Role::Assistant,
            content: said.content,
            thinking: Some(said.thinking).filter(|thinking| !thinking.is_empty()),
            tool_calls: reply.tool_calls(),
            attachments: Vec::new(),
            model: Some(model),
            prompt_tokens: summary.usage.prompt_tokens,
            completion_tokens: summary.usage.completion_tokens,
            created: SystemTime::now().max(said_at),
        };
        let turn = Turn { id, after, replaces: replaced.len(), system, messages: vec![question, answer] };
        Ok(Answered { owner, summary, turn, _across: across, in_turn })
    }

    /// Waits for the turns of other processes in a conversation: what they write is read before the model is asked.
    async fn lock_across(&self, run: &Run, owner: &Owner, id: &str) -> Result<TurnLock, ServiceError> {
        let began = Instant::now();
        loop {
            match self.store()?.try_lock(owner, id).await.map_err(failed)? {
                TryLock::Locked(lock) => return Ok(lock),
                TryLock::Held { instance: Some(instance) } if began.elapsed() >= UNLOCKED_WITHIN => {
                    return Err(runs_elsewhere(&instance));
                }
                TryLock::Held { instance: Some(_) } => {
                    tokio::time::sleep(LOCK_POLL).await;
                    continue;
                }
                TryLock::Held { instance: None } => {}
            }
            if !matches!(run.reply.phase(), Phase::Queued(_)) {
                run.reply.set_phase(Phase::Queued(1));
                run.place.delay();
            }
            tokio::time::sleep(LOCK_POLL).await;
        }
    }

    /// Writes the turn; the next turn of this process may begin when the guard is dropped.
    async fn write(
        &self,
        answered: Answered,
    ) -> (Result<CompletionSummary, ServiceError>, OwnedMutexGuard<()>) {
        let Answered { owner, summary, turn, _across, in_turn } = answered;
        let id = turn.id.clone();
        let written = async { self.store()?.append(&owner, turn).await.map_err(failed) }.await;
        let written = written.map(|_| {
            self.changes.announce(Change::Conversation { owner, id });
            summary
        });
        (written, in_turn)
    }
}

/// A turn that has its reply and is not written yet.
struct Answered {
    owner: Owner,
    summary: CompletionSummary,
    turn: Turn,
    /// Held until the turn is written. The next turn of this process wants the other one first.
    _across: TurnLock,
    /// Held until the end of the turn is announced, so its answer comes before that of the next one.
    in_turn: OwnedMutexGuard<()>,
}

fn runs_elsewhere(instance: &str) -> ServiceError {
    ServiceError::new(
        ErrorCode::ConversationConflict,
        format!("A turn of this conversation runs on the instance {instance}"),
    )
    .with_hint("Ask again when it has ended.")
}

/// Takes the last turn out of a history: the newest message of the user, and what followed.
fn last_turn(history: &mut Vec<StoredMessage>) -> Result<Vec<StoredMessage>, ServiceError> {
    let start = history.iter().rposition(|message| message.role == Role::User);
    let start = start.ok_or_else(|| {
        ServiceError::invalid("replace_last", "is true, and the conversation has no turn to replace yet")
    })?;
    Ok(history.split_off(start))
}

fn left_out_warning(count: usize, context: u64, takes_num_ctx: bool) -> Warning {
    let (messages, were) = if count == 1 { ("message", "was") } else { ("messages", "were") };
    let warning = Warning::new(format!(
        "The {count} oldest {messages} of the conversation {were} left out: it does not fit the context of {context} tokens. \
         All of it is still stored."
    ));
    if takes_num_ctx { warning.and_hint(Action::EnlargeContextForHistory) } else { warning }
}

/// A stored message as it goes to the model: without its thinking, which no model wants back.
fn message(stored: &StoredMessage) -> Message {
    let role = if stored.role == Role::Assistant { Role::Assistant } else { Role::User };
    let mut content = stored.content.clone();
    if !stored.attachments.is_empty() {
        // So that the model does not deny that it has read them. In quotes: a name may have words for the model in it.
        let names: Vec<_> = stored.attachments.iter().map(|name| format!("{name:?}")).collect();
        content.insert_str(0, &format!("(Attached here, and no longer shown: {}.)\n", names.join(", ")));
    }
    Message { tool_calls: stored.tool_calls.clone(), ..Message::text(role, content) }
}
