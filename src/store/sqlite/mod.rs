//! Conversations in one SQLite file, which several processes may share.
//!
//! Every call runs off the async threads. The file is opened by the first one, and again where it was
//! replaced or opening failed before.

mod open;
mod queries;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use rusqlite::{Connection, ErrorCode};

use super::{Conversation, ConversationStore, Place, StoreError, Stored, Summary, Turn};
use open::Opened;

/// The file in the data directory.
const FILE: &str = "conversations.db";

/// A store in one file.
#[derive(Debug, Clone)]
pub struct Sqlite(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: Option<PathBuf>,
    opened: Mutex<Option<Opened>>,
}

impl Sqlite {
    /// A store in a directory that need not exist yet; with `None` every call fails and says so.
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner { directory, opened: Mutex::new(None) }))
    }

    /// The files that it has or may come to have.
    pub fn files(&self) -> Vec<PathBuf> {
        let file = |directory: &PathBuf| {
            ["", "-wal", "-shm", "-journal"].map(|end| directory.join(format!("{FILE}{end}")))
        };
        self.0.directory.iter().flat_map(file).collect()
    }

    fn run<T, W>(&self, work: W) -> Stored<T>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        async move {
            let done = tokio::task::spawn_blocking(move || inner.run(work)).await;
            done.unwrap_or_else(|error| {
                tracing::error!(%error, "the store's thread failed");
                let reason = "its thread failed".to_owned();
                Err(StoreError::Unusable { path: PathBuf::from(FILE), doing: "used", reason })
            })
        }
        .boxed()
    }
}

impl Inner {
    fn run<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, Failure>) -> Result<T, StoreError> {
        let directory = self.directory.as_deref().ok_or(StoreError::NoDirectory)?;
        let path = directory.join(FILE);
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        // A file that was moved away would take the turns with it.
        if opened.as_ref().is_some_and(|opened| !opened.is_still_at(&path)) {
            *opened = None;
        }
        let connection = match &mut *opened {
            Some(opened) => &mut opened.connection,
            none => &mut none.insert(open::open(directory, &path)?).connection,
        };
        let result = work(connection).map_err(|failure| failure.at(&path));
        if matches!(result, Err(StoreError::Damaged { .. } | StoreError::Unusable { .. })) {
            *opened = None;
        }
        result
    }
}

impl ConversationStore for Sqlite {
    fn get(&self, id: &str, last: Option<usize>) -> Stored<Option<Conversation>> {
        let id = id.to_owned();
        self.run(move |connection| Ok(queries::get(connection, &id, last)?))
    }

    fn append(&self, turn: Turn) -> Stored<()> {
        self.run(move |connection| queries::append(connection, &turn))
    }

    fn list(&self, before: Option<Place>, limit: usize) -> Stored<Vec<Summary>> {
        self.run(move |connection| Ok(queries::list(connection, before.as_ref(), limit)?))
    }

    fn delete(&self, id: &str) -> Stored<bool> {
        let id = id.to_owned();
        self.run(move |connection| Ok(queries::delete(connection, &id)?))
    }
}

/// What goes wrong inside: SQLite's own failure, or a turn that comes too late.
#[derive(Debug)]
enum Failure {
    Sqlite(rusqlite::Error),
    Changed,
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Failure {
    fn at(self, path: &Path) -> StoreError {
        match self {
            Self::Changed => StoreError::Changed,
            Self::Sqlite(error) => failure(&error, path),
        }
    }
}

fn failure(error: &rusqlite::Error, path: &Path) -> StoreError {
    let path = path.to_owned();
    // Only the message of SQLite itself: the rest could quote what is stored.
    let reason = match error {
        rusqlite::Error::SqliteFailure(code, text) => {
            text.clone().unwrap_or_else(|| format!("SQLite code {}", code.extended_code))
        }
        _ => "what is stored there cannot be read".to_owned(),
    };
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path },
        Some(ErrorCode::DiskFull) => StoreError::Full { path },
        Some(ErrorCode::ReadOnly) => StoreError::Unusable { path, doing: "written", reason },
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            StoreError::Unusable { path, doing: "opened", reason }
        }
        Some(ErrorCode::SystemIoFailure) => StoreError::Unusable { path, doing: "read or written", reason },
        // A table that is not there, or a value of another type, is damage as well.
        None | Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) => {
            StoreError::Damaged { path, reason }
        }
        Some(_) => StoreError::Unusable { path, doing: "used", reason },
    }
}

#[cfg(test)]
mod tests;
