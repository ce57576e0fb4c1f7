//! Stored conversations: a turn, the list, one of them, its end.
//!
//! Every process of the user shares them. A turn is written when it is complete, or not at all.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::OwnedMutexGuard;

use super::Conversations;
use super::turn_locks::QueuedTurn;
use crate::changes::Change;
use crate::chat::bytes_of_call;
use crate::chat::request::ChatCall;
use crate::chat::runner::{Question, Run};
use crate::chat::validate::check;
use crate::tasks::registry::Task;
use crate::tasks::registry::TaskKind;
use crate::tasks::reply::{CompletionSummary, Phase, ReplyBuffer};
use crate::{Caller, ErrorCode, ServiceError};
use store::{ConversationStore, Place, StoreError, Turn, TurnLock};
use types::{Message, Owner, Role, ToolCall};

pub use store::{Conversation, StoredMessage, Summary};

/// The id for which one is made.
pub const NEW: &str = "new";
/// Most characters of an id.
const MAX_ID: usize = 64;
/// Conversations on a page of the list, where the caller does not say.
const PAGE: u64 = 50;
/// Bytes of text of a conversation that is read, so that no host gets an answer that it cannot hold.
pub const MAX_SHOWN_BYTES: usize = 1024 * 1024;
/// How long to wait before another process is looked at again that has its turn.
const LOCK_POLL: Duration = Duration::from_millis(50);
/// Most conversations on a page.
pub const MAX_PAGE: u64 = 200;

/// A turn as a caller asks for it.
#[derive(Debug, Clone, Default)]
pub struct TurnCall {
    /// The conversation, or [`NEW`].
    pub conversation_id: String,
    /// What is said.
    pub prompt: String,
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
        conversation_id(&call.conversation_id)?;
        if call.conversation_id == NEW {
            call.conversation_id = uuid::Uuid::new_v4().to_string();
        }
        if call.prompt.trim().is_empty() {
            return Err(ServiceError::invalid("prompt", "is empty; it must have text"));
        }
        check(&call.chat)?;
        let held = self.tasks.memory.hold(bytes_of_call(&call.chat) + call.prompt.len())?;
        let live = ReplyBuffer::in_conversation(&call.conversation_id);
        let registered = self.tasks.registry.add(&caller.owner, TaskKind::Reply(Arc::clone(&live)));
        // Both orders are those in which the calls came, whichever of their tasks runs first.
        let turn = self.turn_locks.queue(&caller.owner, &call.conversation_id);
        let run = Run {
            chat: Arc::clone(&self.chat),
            live: Arc::clone(&live),
            job: None,
            place: self.tasks.queue.reserve(&caller.owner),
        };
        let owner = caller.owner.clone();
        let (turns, written) = (Arc::clone(self), Arc::clone(self));
        // The end of the reply is the end of cancelling: then it is written, and not half.
        self.tasks.registry.spawn_then(
            &live,
            async move {
                let _held = held;
                turns.answer(&run, owner, call, turn).await
            },
            move |answered| async move { written.write(answered).await },
        );
        Ok(registered)
    }

    /// A conversation, with the newest `last` of its messages or all, as far as [`MAX_SHOWN_BYTES`] go.
    ///
    /// # Errors
    /// `conversation_not_found`, `storage_failed`.
    pub async fn get(
        &self,
        caller: &Caller,
        id: &str,
        last: Option<u64>,
    ) -> Result<Conversation, ServiceError> {
        conversation_id(id)?;
        let last = last.map(|last| usize::try_from(last).unwrap_or(usize::MAX));
        let found = self.store(&caller.owner)?.get_end(id, last, MAX_SHOWN_BYTES).await.map_err(failed)?;
        let mut found = found.ok_or_else(|| not_found(id))?;
        found.system.iter_mut().for_each(shorten);
        for message in &mut found.messages {
            shorten(&mut message.content);
            message.thinking.iter_mut().for_each(shorten);
        }
        Ok(found)
    }

    /// The place behind the turns of a conversation that have begun, for a call that must not overtake them.
    pub fn queue_turn(&self, caller: &Caller, id: &str) -> QueuedTurn {
        self.turn_locks.queue(&caller.owner, id)
    }

    /// A page of the conversations, newest first, and the cursor of the next one.
    ///
    /// # Errors
    /// `invalid_argument`, `storage_failed`.
    pub async fn list(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: Option<u64>,
    ) -> Result<(Vec<Summary>, Option<String>), ServiceError> {
        let limit = limit.unwrap_or(PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(ServiceError::invalid(
                "limit",
                format!("is {limit}; it must be between 1 and {MAX_PAGE}"),
            ));
        }
        let before = cursor.map(read_cursor).transpose()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        // One more than asked for tells whether there is a next page.
        let mut page = self.store(&caller.owner)?.list(before, limit + 1).await.map_err(failed)?;
        let more = page.len() > limit;
        page.truncate(limit);
        let next = page.last().filter(|_| more).map(|last| format!("{}.{}", last.updated_ms, last.id));
        Ok((page, next))
    }

    /// Deletes a conversation for good.
    ///
    /// # Errors
    /// `conversation_not_found`, `storage_failed`.
    pub async fn delete(&self, caller: &Caller, id: &str) -> Result<(), ServiceError> {
        conversation_id(id)?;
        match self.store(&caller.owner)?.delete(id).await.map_err(failed)? {
            true => {
                self.changes
                    .announce(Change::Conversation { owner: caller.owner.clone(), id: id.to_owned() });
                Ok(())
            }
            false => Err(not_found(id)),
        }
    }

    /// The store. It knows no owners yet: all that is in it belongs to the local one, so nobody else gets there.
    fn store(&self, owner: &Owner) -> Result<&Arc<dyn ConversationStore>, ServiceError> {
        if *owner != Owner::local() {
            return Err(failed(StoreError::NoDirectory));
        }
        self.store.as_ref().ok_or_else(|| failed(StoreError::NoDirectory))
    }

    async fn answer(
        &self,
        run: &Run,
        owner: Owner,
        call: TurnCall,
        turn: QueuedTurn,
    ) -> Result<Answered, ServiceError> {
        let TurnCall { conversation_id: id, prompt, mut chat } = call;
        let (chat_part, live) = (&run.chat, &run.live);
        let said_ms = now_ms();
        let waits = |ahead| {
            live.set_phase(Phase::Queued(ahead));
            run.place.delay();
        };
        let in_turn = turn.acquire(waits).await;
        let across = self.lock_across(run, &owner, &id).await?;
        live.set_phase(Phase::Waiting);
        let found = self.store(&owner)?.get(&id, None).await.map_err(failed)?;
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
                let default = self.models.default_model().await?;
                (default.name, Some(default.reason))
            }
        };
        live.set_model(&model);
        let history = found.map(|found| found.messages).unwrap_or_default();
        let _held = self.tasks.memory.hold(history.iter().map(|message| message.content.len()).sum())?;
        let attached = run.attached(&model, &chat.attachments).await?;
        let said = [prompt.as_str(), attached.as_ref().map_or("", |attached| &attached.text)];
        let left_out = run
            .with_model(&model, || self.truncate_history(&model, &chat, system.as_deref(), &history, &said))
            .await?;
        chat.messages = system.iter().map(|system| Message::text(Role::System, system.as_str())).collect();
        let kept = history.iter().skip(left_out.map_or(0, |(count, _)| count));
        chat.messages.extend(kept.map(message));
        chat.messages.push(Message::text(Role::User, prompt.as_str()));
        chat.model = Some(model.clone());

        let mut ending = run.answer(chat, Question::Messages).await?;
        ending.model_reason = reason;
        ending.warnings.extend(
            left_out.map(|(count, context)| left_out_warning(count, context, self.models.takes_num_ctx())),
        );
        let question = StoredMessage {
            role: Role::User.as_str().to_owned(),
            content: prompt,
            attachments: ending.attachments.iter().map(|sent| sent.name.clone()).collect(),
            created_ms: said_ms,
            ..StoredMessage::default()
        };
        let reply = live.partial();
        let reply = StoredMessage {
            role: Role::Assistant.as_str().to_owned(),
            content: reply.content,
            thinking: Some(reply.thinking).filter(|thinking| !thinking.is_empty()),
            tool_calls: written_calls(&live.tool_calls()),
            attachments: Vec::new(),
            model: Some(model),
            prompt_tokens: ending.usage.prompt_tokens,
            completion_tokens: ending.usage.completion_tokens,
            created_ms: now_ms().max(said_ms),
        };
        let turn = Turn { id, after, system, messages: vec![question, reply] };
        Ok(Answered { owner, ending, turn, _across: across, _in_turn: in_turn })
    }

    /// Waits for the turns of other processes in a conversation: what they write is read before the model is asked.
    async fn lock_across(&self, run: &Run, owner: &Owner, id: &str) -> Result<TurnLock, ServiceError> {
        loop {
            if let Some(lock) = self.store(owner)?.try_lock(id).await.map_err(failed)? {
                return Ok(lock);
            }
            if !matches!(run.live.phase(), Phase::Queued(_)) {
                run.live.set_phase(Phase::Queued(1));
                run.place.delay();
            }
            tokio::time::sleep(LOCK_POLL).await;
        }
    }

    async fn write(&self, answered: Answered) -> Result<CompletionSummary, ServiceError> {
        let id = answered.turn.id.clone();
        self.store(&answered.owner)?.append(answered.turn).await.map_err(failed)?;
        self.changes.announce(Change::Conversation { owner: answered.owner, id });
        Ok(answered.ending)
    }
}

/// Checks an id.
///
/// # Errors
/// `invalid_argument`.
pub fn conversation_id(id: &str) -> Result<(), ServiceError> {
    let right = (1..=MAX_ID).contains(&id.len())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if right {
        return Ok(());
    }
    let shown: String = id.chars().take(MAX_ID).collect();
    Err(ServiceError::invalid(
        "conversation_id",
        format!(
            "is {shown:?}; it must be 1 to {MAX_ID} letters (a-z), digits, \"-\" or \"_\", or \"{NEW}\" to have one made"
        ),
    ))
}

/// A turn that has its reply and is not written yet.
struct Answered {
    owner: Owner,
    ending: CompletionSummary,
    turn: Turn,
    /// Both are held until the turn is written. The next turn of this process wants the other one first.
    _across: TurnLock,
    _in_turn: OwnedMutexGuard<()>,
}

/// Leaves the end of a text out that is too long to be shown, and says so.
fn shorten(text: &mut String) {
    if text.len() <= MAX_SHOWN_BYTES {
        return;
    }
    let end = (0..=MAX_SHOWN_BYTES).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let left_out = text.len() - end;
    text.truncate(end);
    text.push_str(&format!("\n[{left_out} more bytes are stored and not shown here]"));
}

fn left_out_warning(count: usize, context: u64, takes_num_ctx: bool) -> String {
    let (messages, were) = if count == 1 { ("message", "was") } else { ("messages", "were") };
    let more = if takes_num_ctx { "; raise num_ctx to have more of it read" } else { "" };
    format!(
        "The {count} oldest {messages} of the conversation {were} left out: it does not fit the context of {context} tokens. \
         All of it is still stored{more}."
    )
}

/// A stored message as it goes to the model: without its thinking, which no model wants back.
fn message(stored: &StoredMessage) -> Message {
    let role = if stored.role == Role::Assistant.as_str() { Role::Assistant } else { Role::User };
    let calls = stored.tool_calls.as_deref().and_then(|calls| serde_json::from_str(calls).ok());
    let calls: Vec<(String, String, String)> = calls.unwrap_or_default();
    let mut content = stored.content.clone();
    if !stored.attachments.is_empty() {
        // So that the model does not deny that it has read them. In quotes: a name may have words for the model in it.
        let names: Vec<_> = stored.attachments.iter().map(|name| format!("{name:?}")).collect();
        content.insert_str(0, &format!("(Attached here, and no longer shown: {}.)\n", names.join(", ")));
    }
    Message {
        tool_calls: calls.into_iter().map(|(id, name, arguments)| ToolCall { id, name, arguments }).collect(),
        ..Message::text(role, content)
    }
}

fn written_calls(calls: &[ToolCall]) -> Option<String> {
    let calls: Vec<_> = calls.iter().map(|call| (&call.id, &call.name, &call.arguments)).collect();
    (!calls.is_empty()).then(|| serde_json::to_string(&calls).ok()).flatten()
}

fn now_ms() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

fn read_cursor(cursor: &str) -> Result<Place, ServiceError> {
    let place = cursor
        .split_once('.')
        .and_then(|(updated_ms, id)| Some(Place { updated_ms: updated_ms.parse().ok()?, id: id.to_owned() }));
    place.filter(|place| conversation_id(&place.id).is_ok()).ok_or_else(|| {
        ServiceError::invalid("cursor", format!("is {cursor:?}; give the next_cursor of the page before"))
    })
}

fn not_found(id: &str) -> ServiceError {
    ServiceError::new(ErrorCode::ConversationNotFound, format!("There is no conversation {id:?}"))
        .with_hint("list_conversations lists them. converse starts one.")
}

/// The error that a failure of the store is.
fn failed(error: StoreError) -> ServiceError {
    let hint = match &error {
        StoreError::Changed => {
            return ServiceError::new(
                ErrorCode::ConversationConflict,
                "Another call continued or deleted this conversation while the reply was generated, so the turn was not stored",
            )
            .with_hint("Read the conversation, then ask again. get_conversation reads it.");
        }
        StoreError::NoDirectory => "Set OLLAMA_MCP_DATA_DIR to a directory.",
        StoreError::Unusable { .. } => {
            "Make its directory writable for this user, or set OLLAMA_MCP_DATA_DIR to another."
        }
        StoreError::Damaged { .. } => "Move the file away (a new one is made), or put a backup in its place.",
        StoreError::Newer { .. } => "Update ollama-mcp, or set OLLAMA_MCP_DATA_DIR to another directory.",
        StoreError::Busy { .. } => "Try again in a moment.",
        StoreError::Full { .. } => "Free some space, then call again.",
    };
    ServiceError::new(ErrorCode::StorageFailed, format!("Conversations cannot be stored or read: {error}"))
        .with_hint(format!("{hint} chat_completion works without."))
}
