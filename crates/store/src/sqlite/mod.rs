//! Conversations in one SQLite file, which several processes may share.
//!
//! Every call runs off the async threads. The file is opened by the first one, and again where it was
//! replaced or opening failed before.

mod open;
mod queries;
mod spare;
mod turn_lock;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt as _;
use rusqlite::{Connection, ErrorCode};

use super::{Conversation, ConversationStore, Cursor, Page, StoreError, Stored, Summary, Turn, TurnLock};
use open::Opened;
use platform::free_space;

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

    /// Reads, which needs no right to write.
    fn read<T, W>(&self, work: W) -> Stored<T>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    {
        self.blocking(move |inner| inner.run(Access::Read, work))
    }

    fn write<T, W>(&self, work: W) -> Stored<T>
    where
        T: Send + 'static,
        W: FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
    {
        self.blocking(move |inner| inner.run(Access::Write, work))
    }

    fn blocking<T, W>(&self, work: W) -> Stored<T>
    where
        T: Send + 'static,
        W: FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        async move {
            let done = tokio::task::spawn_blocking(move || work(&inner)).await;
            done.unwrap_or_else(|error| {
                tracing::error!(%error, "the store's thread failed");
                let reason = "its thread failed".to_owned();
                Err(StoreError::Unusable { path: PathBuf::from(FILE), doing: "used", reason })
            })
        }
        .boxed()
    }
}

/// What is done with the file.
#[derive(Clone, Copy, PartialEq)]
enum Access {
    Read,
    Write,
    Delete,
}

impl Inner {
    fn directory(&self) -> Result<&Path, StoreError> {
        self.directory.as_deref().ok_or(StoreError::NoDirectory)
    }

    fn run<T>(
        &self,
        access: Access,
        work: impl FnOnce(&mut Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let directory = self.directory()?;
        let path = directory.join(FILE);
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        // A file that was moved away would take the turns with it.
        if opened.as_ref().is_some_and(|opened| !opened.is_still_at(&path)) {
            *opened = None;
        }
        let connection = match &mut *opened {
            Some(opened) => &mut opened.connection,
            none => match open::open(directory, &path).or_else(|error| {
                // To read and to delete, SQLite needs a little room for its own files.
                match access != Access::Write && is_full(&error, directory) && spare::release(directory) {
                    true => open::open(directory, &path),
                    false => Err(error),
                }
            }) {
                Ok(opened) => &mut none.insert(opened).connection,
                // It is opened anew each time: the disk may have room, or be writable, by then.
                Err(error) if access == Access::Read => {
                    let mut connection = open::open_to_read(&path, error)?;
                    return work(&mut connection).map_err(|failure| failure.at(&path));
                }
                Err(error) => return Err(error),
            },
        };
        let result = work(connection).map_err(|failure| failure.at(&path));
        if matches!(result, Err(StoreError::Damaged { .. } | StoreError::Unusable { .. })) {
            *opened = None;
        }
        result
    }

    /// Deletes a conversation, on a full disk with the room that is kept for it.
    fn delete(&self, id: &str) -> Result<bool, StoreError> {
        let delete = || self.run(Access::Delete, |connection| Ok(queries::delete(connection, id)?));
        let directory = self.directory()?;
        match delete() {
            Err(error) if is_full(&error, directory) && spare::release(directory) => {
                let deleted = delete();
                spare::keep(directory);
                deleted
            }
            deleted => deleted,
        }
    }

    fn try_lock(&self, id: &str) -> Result<Option<TurnLock>, StoreError> {
        match turn_lock::TurnLock::try_new(self.directory()?, id) {
            Ok(lock) => Ok(lock.map(|lock| Box::new(lock) as TurnLock)),
            Err(error) => {
                tracing::debug!(%error, "a conversation cannot be locked");
                Ok(Some(Box::new(())))
            }
        }
    }
}

/// Whether something failed for want of room on the disk. SQLite has several failures for it.
fn is_full(error: &StoreError, directory: &Path) -> bool {
    match error {
        StoreError::Full { .. } => true,
        StoreError::Unusable { .. } => free_space(directory).is_ok_and(|free| free < spare::LITTLE),
        _ => false,
    }
}

impl ConversationStore for Sqlite {
    fn get(&self, id: &str, last: Option<usize>) -> Stored<Option<Conversation>> {
        let id = id.to_owned();
        self.read(move |connection| Ok(queries::get(connection, &id, last, usize::MAX)?))
    }

    fn get_end(&self, id: &str, last: Option<usize>, max_bytes: usize) -> Stored<Option<Conversation>> {
        let id = id.to_owned();
        self.read(move |connection| Ok(queries::get(connection, &id, last, max_bytes)?))
    }

    fn try_lock(&self, id: &str) -> Stored<Option<TurnLock>> {
        let id = id.to_owned();
        self.blocking(move |inner| inner.try_lock(&id))
    }

    fn append(&self, turn: Turn) -> Stored<()> {
        self.write(move |connection| queries::append(connection, &turn))
    }

    fn list(&self, from: Option<Cursor>, limit: usize) -> Stored<Page<Summary>> {
        self.read(move |connection| Ok(queries::list(connection, from.as_ref(), limit)?))
    }

    fn delete(&self, id: &str) -> Stored<bool> {
        let id = id.to_owned();
        self.blocking(move |inner| inner.delete(&id))
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
