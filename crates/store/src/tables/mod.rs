//! The tables of a server for several callers, written once over [`crate::database`].

mod accounts;
mod uploads;
mod usage;

pub use accounts::Accounts;
pub use uploads::Uploads;
pub use usage::{Count, Counter, NamedUsage, Usage, UsageCounts, UsageRecord};
