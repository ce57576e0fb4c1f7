//! The tables of a server for several callers, written once over [`crate::database`].

mod accounts;
mod answers;
mod conversation_index;
mod search;
mod uploads;
mod usage;

#[cfg(any(test, feature = "contract"))]
pub use accounts::{ACCOUNT_CHECKS, AccountCheck};
pub use accounts::{AccountState, Accounts, ApiKey, NewUser, Session, SessionKind, User};
pub use answers::{Answers, AnswersPage, StoredAnswer};
pub(crate) use conversation_index::message;
pub use conversation_index::{ConversationIndex, Fork, MessagePage, TitledSummary};
pub use search::Search;
#[cfg(any(test, feature = "contract"))]
pub(crate) use uploads::checks as upload_checks;
pub use uploads::{Upload, UploadCount, UploadFilter, Uploads};
pub use usage::{Count, Counter, NamedUsage, Usage, UsageCounts, UsageRecord};
