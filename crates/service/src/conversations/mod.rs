//! Conversations that are stored, and their turns.
//!
//! Every process of the user shares them.

mod context_window;
mod library;
pub mod markdown;
mod turn;
mod turn_locks;

use std::sync::Arc;

pub use store::{Conversation, MessagePage, Page, StoredMessage, Summary, TitledSummary};
use store::{ConversationIndex, ConversationStore, Cursor, StoreError};

use crate::changes::{Change, Changes};
use crate::chat::Chat;
use crate::error::storage_failed;
use crate::hint::Action;
use crate::models::Models;
use crate::tasks::Tasks;
use crate::transfers::Transfers;
use crate::{Caller, ErrorCode, ServiceError};
pub use library::{MAX_MESSAGES, MAX_TITLE, shown_title};
pub use turn::TurnCall;
use turn_locks::{QueuedTurn, TurnLocks};

/// The id for which fronts that have no absent one let an id be made.
pub const NEW: &str = "new";
/// Most characters of an id.
pub const MAX_ID: usize = 64;
/// Conversations on a page of the list, where the caller does not say.
const PAGE: u64 = 50;
/// Bytes of text of a conversation that is read, so that no host gets an answer that it cannot hold.
pub const MAX_SHOWN_BYTES: usize = 1024 * 1024;
/// Most conversations on a page.
pub const MAX_PAGE: u64 = 200;

/// The stored conversations.
#[derive(Debug)]
pub struct Conversations {
    models: Arc<Models>,
    tasks: Arc<Tasks>,
    transfers: Arc<Transfers>,
    chat: Arc<Chat>,
    store: Option<Arc<dyn ConversationStore>>,
    index: Option<ConversationIndex>,
    changes: Arc<Changes>,
    turn_locks: TurnLocks,
}

impl Conversations {
    pub(crate) fn new(
        models: Arc<Models>,
        tasks: Arc<Tasks>,
        transfers: Arc<Transfers>,
        chat: Arc<Chat>,
        store: Option<Arc<dyn ConversationStore>>,
        index: Option<ConversationIndex>,
        changes: Arc<Changes>,
    ) -> Arc<Self> {
        let turn_locks = TurnLocks::default();
        Arc::new(Self { models, tasks, transfers, chat, store, index, changes, turn_locks })
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
        let mut found = self.get_end(caller, id, last, MAX_SHOWN_BYTES).await?;
        found.system.iter_mut().for_each(shorten);
        for message in &mut found.messages {
            shorten(&mut message.content);
            message.thinking.iter_mut().for_each(shorten);
        }
        Ok(found)
    }

    /// A conversation, with as many of its newest `last` messages as have `max_bytes` of text together, and at least one.
    ///
    /// # Errors
    /// `conversation_not_found`, `storage_failed`.
    pub async fn get_end(
        &self,
        caller: &Caller,
        id: &str,
        last: Option<u64>,
        max_bytes: usize,
    ) -> Result<Conversation, ServiceError> {
        conversation_id(id)?;
        let last = last.map(|last| usize::try_from(last).unwrap_or(usize::MAX));
        let found = self.store()?.get_end(&caller.owner, id, last, max_bytes).await.map_err(failed)?;
        found.ok_or_else(|| not_found(id))
    }

    /// Queues a call behind the turns of a conversation that have begun.
    pub fn queue_turn(&self, caller: &Caller, id: &str) -> QueuedTurn {
        self.turn_locks.queue(&caller.owner, id)
    }

    /// A page of the conversations, newest first.
    ///
    /// # Errors
    /// `invalid_argument`, `storage_failed`.
    pub async fn list(
        &self,
        caller: &Caller,
        cursor: Option<&str>,
        limit: Option<u64>,
    ) -> Result<Page<Summary>, ServiceError> {
        let limit = limit.unwrap_or(PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(ServiceError::invalid(
                "limit",
                format!("is {limit}; it must be between 1 and {MAX_PAGE}"),
            ));
        }
        let from = cursor.map(read_cursor).transpose()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.store()?.list(&caller.owner, from, limit).await.map_err(failed)
    }

    /// Deletes a conversation for good.
    ///
    /// # Errors
    /// `conversation_not_found`, `storage_failed`.
    pub async fn delete(&self, caller: &Caller, id: &str) -> Result<(), ServiceError> {
        conversation_id(id)?;
        match self.store()?.delete(&caller.owner, id).await.map_err(failed)? {
            true => {
                self.changes
                    .announce(Change::Conversation { owner: caller.owner.clone(), id: id.to_owned() });
                Ok(())
            }
            false => Err(not_found(id)),
        }
    }

    fn store(&self) -> Result<&Arc<dyn ConversationStore>, ServiceError> {
        self.store.as_ref().ok_or_else(|| failed(StoreError::NoDirectory))
    }
}

/// Whether a text can be the id of a conversation: 1 to [`MAX_ID`] ASCII letters, digits, `-` or `_`.
pub fn is_conversation_id(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// Checks an id.
///
/// # Errors
/// `invalid_argument`.
pub fn conversation_id(id: &str) -> Result<(), ServiceError> {
    if is_conversation_id(id) {
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

fn read_cursor(cursor: &str) -> Result<Cursor, ServiceError> {
    cursor.parse().map_err(|_| {
        ServiceError::invalid("cursor", format!("is {cursor:?}; give the next_cursor of the page before"))
    })
}

fn not_found(id: &str) -> ServiceError {
    ServiceError::new(ErrorCode::ConversationNotFound, format!("There is no conversation {id:?}"))
        .with_hint(Action::ListConversations)
        .and_hint(Action::StartConversation)
}

fn failed(error: StoreError) -> ServiceError {
    if error == StoreError::Changed {
        return ServiceError::new(
            ErrorCode::ConversationConflict,
            "Another call continued or deleted this conversation while the reply was generated, so the turn was not stored",
        )
        .with_hint(Action::ReadConversation);
    }
    storage_failed("Conversations", &error).and_hint(Action::ChatWithoutConversation)
}
