//! Conversations on disk: what is stored, and the trait that a database implements.
//!
//! Nothing here knows of models or protocols. [`Store`] is a database with all its tables: SQLite, or PostgreSQL. The tables
//! of a server for several callers are written once, over `database`.

mod columns;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod conversations;
mod database;
mod error;
mod handle;
mod index;
mod page;
mod postgres;
mod sql;
mod sqlite;
mod tables;
mod transfer;

pub use conversations::{
    Conversation, ConversationStore, Stored, StoredMessage, Summary, TryLock, Turn, TurnLock,
};
pub use database::Format;
pub use error::StoreError;
pub use handle::Store;
pub use index::{
    Hit, IndexSummary, IndexedDocument, IndexedPassage, NewDocument, NewPassage, PassageIndex, SqliteIndex,
    Unembedded,
};
pub use page::{Cursor, CursorError, Page};
pub use postgres::AddressError;
pub use sqlite::Sqlite;
#[cfg(any(test, feature = "contract"))]
pub use tables::{ACCOUNT_CHECKS, AccountCheck};
pub use tables::{AccountState, ApiKey, NewUser, Session, SessionKind, User};
pub use tables::{
    Accounts, Answers, AnswersPage, ConversationIndex, Count, Counter, Fork, MessagePage, NamedUsage, Search,
    StoredAnswer, TitledSummary, Upload, UploadCount, UploadFilter, Uploads, Usage, UsageCounts, UsageRecord,
};
pub use transfer::{Counts, Imported, TransferError};
