//! What can go wrong with the store, with the file and without a word of what is in it.

use std::path::PathBuf;

/// A failure of the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The conversation is not at the turn that the reply was made for.
    #[error("the conversation has changed meanwhile")]
    Changed,
    /// The system tells no directory for the user's data.
    #[error("this system has no directory for a user's data")]
    NoDirectory,
    /// The file or its directory cannot be opened or written.
    #[error("{} cannot be {doing}: {reason}", path.display())]
    Unusable {
        /// The file or directory.
        path: PathBuf,
        /// What was tried, as in "opened".
        doing: &'static str,
        /// The system's words.
        reason: String,
    },
    /// The file is no database, or a damaged one.
    #[error("{} is damaged, or is no database: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// SQLite's words.
        reason: String,
    },
    /// The file was written by a newer version of this program.
    #[error("{} has format {found}; this version knows formats up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// Another process kept the file busy for too long.
    #[error("{} is kept busy by another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The disk, or the file's limit, is full.
    #[error("{} cannot grow: the disk is full", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
}
