//! Failures of the database.

use super::{ErrorCode, ServiceError};
use crate::hint::{Action, DataDirFault, Hint};
use store::StoreError;

/// What `what`, as in "Conversations", failed with at the database.
pub fn storage_failed(what: &str, error: &StoreError) -> ServiceError {
    let hint: Hint = match error {
        StoreError::Changed => "Try again.".into(),
        StoreError::NoDirectory => Action::SetDataDir(DataDirFault::Unknown).into(),
        StoreError::Unusable { .. } => Action::SetDataDir(DataDirFault::NotWritable).into(),
        StoreError::Damaged { .. } | StoreError::Unreadable => {
            "Move the file away (a new one is made), or put a backup in its place.".into()
        }
        StoreError::Newer { .. } => Action::SetDataDir(DataDirFault::TooNew).into(),
        StoreError::Unreachable { .. } => "Check that the database server runs, then try again.".into(),
        StoreError::Refused { .. } => "Check the database's user, password and rights.".into(),
        StoreError::Failed { .. } => "The log of the database server says more.".into(),
        StoreError::NewerDatabase { .. } => "Update ollama-mcp.".into(),
        StoreError::Busy { .. } => "Try again in a moment.".into(),
        StoreError::Full { .. } => "Free some space, then call again.".into(),
    };
    ServiceError::new(ErrorCode::StorageFailed, format!("{what} cannot be stored or read: {error}"))
        .with_hint(hint)
}
