//! What is stored of a conversation, and the trait that a database implements.

use std::fmt::Debug;

use futures_util::future::BoxFuture;

use super::StoreError;

/// What a call to the store gives, later.
pub type Stored<T> = BoxFuture<'static, Result<T, StoreError>>;

/// A conversation in which this process has its turn; dropping it lets the next one begin.
pub type TurnLock = Box<dyn Debug + Send>;

/// Where conversations are kept. Nothing is opened before the first call.
pub trait ConversationStore: Debug + Send + Sync {
    /// A conversation with its messages, the newest `last` of them or all; `None` where there is none.
    fn get(&self, id: &str, last: Option<usize>) -> Stored<Option<Conversation>>;

    /// The same, with as many of the newest messages as have `max_bytes` of text together, and one at least.
    fn get_end(&self, id: &str, last: Option<usize>, max_bytes: usize) -> Stored<Option<Conversation>>;

    /// Begins a turn in a conversation, which other processes wait for; `None` while they have theirs. It keeps calls
    /// from being answered for nothing; what is written is safe without it. So a store that cannot lock says that it has.
    fn try_lock(&self, id: &str) -> Stored<Option<TurnLock>>;

    /// Writes a turn, all of it or nothing.
    ///
    /// [`StoreError::Changed`] where the conversation is not at `turn.after` any longer.
    fn append(&self, turn: Turn) -> Stored<()>;

    /// Conversations, the newest first, from after `before` on; at most `limit`.
    fn list(&self, before: Option<Place>, limit: usize) -> Stored<Vec<Summary>>;

    /// Deletes a conversation; `false` where there is none.
    fn delete(&self, id: &str) -> Stored<bool>;
}

/// A message as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredMessage {
    /// `user` or `assistant`.
    pub role: String,
    /// The text.
    pub content: String,
    /// What the model thought before it answered, kept apart.
    pub thinking: Option<String>,
    /// The tools that the model called, as JSON text.
    pub tool_calls: Option<String>,
    /// Names of the files that went with it.
    pub attachments: Vec<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// The server's own count of the turn's prompt.
    pub prompt_tokens: Option<u64>,
    /// The server's own count of the reply.
    pub completion_tokens: Option<u64>,
    /// When it was said, in milliseconds of Unix time.
    pub created_ms: i64,
}

/// A conversation, or its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: String,
    /// Its system prompt.
    pub system: Option<String>,
    /// When it began, in milliseconds of Unix time.
    pub created_ms: i64,
    /// When it was last written to.
    pub updated_ms: i64,
    /// How many messages it has, whether they are here or not.
    pub total: usize,
    /// The model that answered last.
    pub model: Option<String>,
    /// Which state this is; it differs from that of every other turn ever written.
    pub revision: i64,
    /// The messages, oldest first.
    pub messages: Vec<StoredMessage>,
}

/// A question and its reply, to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The conversation's id.
    pub id: String,
    /// The [`Conversation::revision`] that the reply was made for; `None` where there was none yet.
    pub after: Option<i64>,
    /// The system prompt from now on.
    pub system: Option<String>,
    /// The messages, oldest first.
    pub messages: Vec<StoredMessage>,
}

/// A conversation in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// When it began, in milliseconds of Unix time.
    pub created_ms: i64,
    /// When it was last written to.
    pub updated_ms: i64,
    /// How many messages it has.
    pub total: usize,
    /// The model that answered last.
    pub model: Option<String>,
    /// The beginning of its first message.
    pub first_words: String,
}

/// A place in the list: the last conversation of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its [`Summary::updated_ms`].
    pub updated_ms: i64,
    /// Its id.
    pub id: String,
}
