//! The tables of a server for several callers, written once over [`crate::database`].

mod accounts;
mod answers;
mod uploads;
mod usage;

pub use accounts::Accounts;
pub use answers::{Answers, AnswersPage, StoredAnswer};
pub use uploads::{Upload, UploadCount, UploadFilter, Uploads};
pub use usage::{Count, Counter, NamedUsage, Usage, UsageCounts, UsageRecord};
