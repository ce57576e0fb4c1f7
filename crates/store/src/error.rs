//! Errors of the store. They name the file and quote nothing that is stored.

use std::path::PathBuf;

/// Why a call to the store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The conversation is not at the revision that the reply was made for.
    #[error("the conversation has changed meanwhile")]
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
    /// The disk is full, or the file has reached a limit of its size.
    #[error("{} cannot grow: the disk is full", path.display())]
    Full { path: PathBuf },
}
