//! The tables of a server for several callers, written once over [`crate::database`].

mod accounts;
mod answers;
mod uploads;
mod usage;

#[cfg(any(test, feature = "contract"))]
pub use accounts::{ACCOUNT_CHECKS, AccountCheck};
pub use accounts::{AccountState, Accounts, ApiKey, NewUser, Session, SessionKind, User};
pub use answers::{Answers, AnswersPage, StoredAnswer};
#[cfg(any(test, feature = "contract"))]
pub(crate) use uploads::checks as upload_checks;
pub use uploads::{Upload, UploadCount, UploadFilter, Uploads};
pub use usage::{Count, Counter, NamedUsage, Usage, UsageCounts, UsageRecord};
