//! Conversations on disk: what is stored, and the trait that a database implements.
//!
//! Nothing here knows of models or protocols. SQLite is the one implementation; a server's database
//! such as PostgreSQL would be another [`ConversationStore`].

mod columns;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
mod conversations;
mod database;
mod error;
mod handle;
mod page;
mod sql;
mod sqlite;
mod tables;

pub use conversations::{Conversation, ConversationStore, Stored, StoredMessage, Summary, Turn, TurnLock};
pub use error::StoreError;
pub use handle::Store;
pub use page::{Cursor, CursorError, Page};
pub use sqlite::Sqlite;
#[cfg(any(test, feature = "contract"))]
pub use tables::{ACCOUNT_CHECKS, AccountCheck};
pub use tables::{AccountState, ApiKey, NewUser, Session, SessionKind, User};
pub use tables::{
    Accounts, Answers, AnswersPage, Count, Counter, NamedUsage, StoredAnswer, Upload, UploadCount,
    UploadFilter, Uploads, Usage, UsageCounts, UsageRecord,
};
