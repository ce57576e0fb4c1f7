//! Errors of the store. They name the file or the database, and quote nothing that is stored and no password.

use std::path::PathBuf;

/// Why a call to the store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// What is stored is not what the change was made for: another revision, a row that is missing or exists already.
    #[error("what is stored has changed meanwhile")]
    Changed,
    #[error("this system has no directory for a user's data")]
    NoDirectory,
    /// The file or its directory cannot be opened or written.
    #[error("{} cannot be {doing}: {reason}", path.display())]
    Unusable {
        path: PathBuf,
        /// What was tried, as in "opened".
        doing: &'static str,
        reason: String,
    },
    /// The file is not a database, or a damaged one.
    #[error("{} is damaged, or is no database: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    /// A column does not hold what this program writes there.
    #[error("what is stored cannot be read")]
    Unreadable,
    /// A newer version of this program wrote the file.
    #[error("{} has format {found}; this version knows formats up to {known}", path.display())]
    Newer { path: PathBuf, found: i64, known: i64 },
    /// Another process kept the file busy for too long.
    #[error("{} is kept busy by another process", path.display())]
    Busy { path: PathBuf },
    /// The server of the database does not answer, or not in time.
    #[error("{database} cannot be reached: {reason}")]
    Unreachable { database: String, reason: String },
    /// The server of the database does not allow it: the password is wrong, the database or a right is missing.
    #[error("{database} refuses: {reason}")]
    Refused { database: String, reason: String },
    /// The server of the database failed in another way.
    #[error("{database} failed: {reason}")]
    Failed { database: String, reason: String },
    /// A newer version of this program changed the tables.
    #[error("{database} has format {found}; this version knows formats up to {known}")]
    NewerDatabase { database: String, found: i64, known: i64 },
    /// The disk is full, or the file has reached a limit of its size.
    #[error("{} cannot grow: the disk is full", path.display())]
    Full { path: PathBuf },
}
