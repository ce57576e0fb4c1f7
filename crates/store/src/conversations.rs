//! What is stored of a conversation, and the trait that a database implements.

use std::fmt::Debug;
use std::time::SystemTime;

use futures_util::future::BoxFuture;
use types::{Owner, Role, ToolCall};

use super::{Cursor, Page, StoreError};

/// The result of a call to the store.
pub type Stored<T> = BoxFuture<'static, Result<T, StoreError>>;

/// The exclusive right to a turn in a conversation, released when it is dropped.
pub type TurnLock = Box<dyn Debug + Send>;

/// Whether a conversation could be locked for a turn.
#[derive(Debug)]
pub enum TryLock {
    Locked(TurnLock),
    /// Another turn holds the lock.
    Held {
        /// The instance of the server where that turn runs, if it is known and not this one.
        instance: Option<String>,
    },
}

/// A database of conversations, keyed by owner and id. Nothing is opened before the first call.
///
/// Times are stored in milliseconds, and what is finer is cut off. `contract` tests an implementation.
pub trait ConversationStore: Debug + Send + Sync {
    /// A conversation with its newest `last` messages, or all; `None` if it does not exist.
    fn get(&self, owner: &Owner, id: &str, last: Option<usize>) -> Stored<Option<Conversation>>;

    /// As [`Self::get`], with as many of the newest messages as have `max_bytes` of text together, and at least one.
    fn get_end(
        &self,
        owner: &Owner,
        id: &str,
        last: Option<usize>,
        max_bytes: usize,
    ) -> Stored<Option<Conversation>>;

    /// Locks a conversation for a turn, unless another turn, of this process or another, holds the lock.
    ///
    /// The lock only saves the model's work: [`Self::append`] is safe without it. So a store that cannot lock
    /// pretends that it has.
    fn try_lock(&self, owner: &Owner, id: &str) -> Stored<TryLock>;

    /// Writes a whole turn or nothing.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if the conversation is no longer at the revision `turn.after`.
    fn append(&self, owner: &Owner, turn: Turn) -> Stored<()>;

    /// A page of at most `limit` conversations, the last updated first, from the start or from a page's `next`.
    fn list(&self, owner: &Owner, from: Option<Cursor>, limit: usize) -> Stored<Page<Summary>>;

    /// Deletes a conversation; `false` if it does not exist.
    fn delete(&self, owner: &Owner, id: &str) -> Stored<bool>;
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredMessage {
    pub role: Role,
    pub content: String,
    /// What the model thought before it answered.
    pub thinking: Option<String>,
    pub tool_calls: Vec<ToolCall>,
    /// Names of the files that were sent with it.
    pub attachments: Vec<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Tokens of the turn's prompt, as the model server counted them.
    pub prompt_tokens: Option<u64>,
    /// Tokens of the reply, as the model server counted them.
    pub completion_tokens: Option<u64>,
    pub created: SystemTime,
}

impl StoredMessage {
    /// A message of text alone.
    pub fn text(role: Role, content: impl Into<String>, created: SystemTime) -> Self {
        Self {
            role,
            content: content.into(),
            thinking: None,
            tool_calls: Vec::new(),
            attachments: Vec::new(),
            model: None,
            prompt_tokens: None,
            completion_tokens: None,
            created,
        }
    }
}

/// A conversation with its messages, or the newest of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    pub id: String,
    pub system: Option<String>,
    pub created: SystemTime,
    pub updated: SystemTime,
    /// How many messages are stored.
    pub total: usize,
    /// The model that answered last.
    pub model: Option<String>,
    /// The state of the conversation. A number is never used twice, not even after the conversation was deleted.
    pub revision: i64,
    /// The messages that were read, oldest first.
    pub messages: Vec<StoredMessage>,
}

/// A question and its reply, to be written together.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// The conversation's id.
    pub id: String,
    /// The [`Conversation::revision`] that the reply was made for; `None` for a new conversation.
    pub after: Option<i64>,
    /// How many of the newest messages it replaces.
    pub replaces: usize,
    /// The conversation's system prompt from now on.
    pub system: Option<String>,
    /// The messages, oldest first.
    pub messages: Vec<StoredMessage>,
}

/// A conversation in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub id: String,
    pub created: SystemTime,
    pub updated: SystemTime,
    /// How many messages are stored.
    pub total: usize,
    /// The model that answered last.
    pub model: Option<String>,
    /// Whether it has a system prompt.
    pub has_system: bool,
    /// The first 100 characters of its first message.
    pub first_words: String,
}
