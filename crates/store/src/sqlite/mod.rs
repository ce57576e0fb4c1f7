//! Conversations in one SQLite file, which several processes may share.
//!
//! Every call runs on a blocking thread. The first one opens the file; a later one opens it again if it was replaced
//! or could not be opened.

mod backup;
mod migrations;
mod open;
mod queries;
mod spare;
mod statements;
mod turn_lock;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use rusqlite::{Connection, ErrorCode};
use types::Owner;

use super::{Conversation, ConversationStore, Cursor, Page, StoreError, Stored, Summary, TryLock, Turn};
pub(crate) use open::{Opened, connect, set_up, unusable};
use platform::free_space;
use platform::sync::lock;

/// The file in the data directory.
const FILE: &str = "conversations.db";

/// A store in one file. Its clones share the connection.
#[derive(Debug, Clone)]
pub struct Sqlite(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    directory: Option<PathBuf>,
    /// A standard mutex: held for whole transactions, but on blocking threads alone. One that panicked is rolled back.
    opened: Mutex<Option<Opened>>,
}

impl Sqlite {
    /// A store in a directory, which is created if it does not exist. With `None` every call fails with
    /// [`StoreError::NoDirectory`].
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner { directory, opened: Mutex::new(None) }))
    }

    /// The files that hold conversations, whether they exist or not.
    pub fn files(&self) -> Vec<PathBuf> {
        let Some(directory) = &self.0.directory else { return Vec::new() };
        let own = ["", "-wal", "-shm", "-journal"].map(|end| directory.join(format!("{FILE}{end}")));
        own.into_iter().chain(backup::paths(&directory.join(FILE))).collect()
    }

    /// Runs work that only reads, and so needs no right to write.
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
        blocking(FILE, move || work(&inner))
    }
}

/// Runs work with a file on a blocking thread.
pub(crate) fn blocking<T: Send + 'static>(
    file: &'static str,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Stored<T> {
    async move {
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|error| {
            tracing::error!(%error, "the store's thread failed");
            let reason = "its thread failed".to_owned();
            Err(StoreError::Unusable { path: PathBuf::from(file), doing: "used", reason })
        })
    }
    .boxed()
}

/// How a call uses the file.
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
        let mut opened = lock(&self.opened);
        // Turns that are written to a file that was moved away would be lost to its successor.
        if opened.as_ref().is_some_and(|opened| !opened.is_still_at(&path)) {
            *opened = None;
        }
        let connection = match &mut *opened {
            Some(opened) => &mut opened.connection,
            none => match open::open(directory, &path).or_else(|error| {
                // SQLite needs a little space for its own files even to read and to delete.
                match access != Access::Write && is_full(&error, directory) && spare::release(directory) {
                    true => open::open(directory, &path),
                    false => Err(error),
                }
            }) {
                Ok(opened) => &mut none.insert(opened).connection,
                // Not kept open: the file may be writable by the next call.
                Err(error) if access == Access::Read => {
                    let mut connection = open::open_to_read(&path, error)?;
                    return work(&mut connection).map_err(|failure| failure.at(&path));
                }
                Err(error) => return Err(error),
            },
        };
        let mut result = work(connection).map_err(|failure| failure.at(&path));
        // A newer process may have migrated the file since it was opened; its tables are not damage.
        if matches!(result, Err(StoreError::Damaged { .. }))
            && let Ok(found) = migrations::format(connection)
            && let Err(newer) = migrations::check(found, &path)
        {
            result = Err(newer);
        }
        if matches!(
            result,
            Err(StoreError::Damaged { .. } | StoreError::Unusable { .. } | StoreError::Newer { .. })
        ) {
            *opened = None;
        }
        result
    }

    /// Deletes a conversation; on a full disk in the space that is reserved for it.
    fn delete(&self, owner: &Owner, id: &str) -> Result<bool, StoreError> {
        let delete = || self.run(Access::Delete, |connection| Ok(queries::delete(connection, owner, id)?));
        let directory = self.directory()?;
        let deleted = match delete() {
            Err(error) if is_full(&error, directory) && spare::release(directory) => {
                let deleted = delete();
                spare::keep(directory);
                deleted
            }
            deleted => deleted,
        }?;
        if deleted {
            backup::remove(&directory.join(FILE));
        }
        Ok(deleted)
    }

    fn try_lock(&self, owner: &Owner, id: &str) -> Result<TryLock, StoreError> {
        match turn_lock::TurnLock::try_new(self.directory()?, owner, id) {
            Ok(Some(lock)) => Ok(TryLock::Locked(Box::new(lock))),
            // A file does not say which process locks it, and all are of this machine.
            Ok(None) => Ok(TryLock::Held { instance: None }),
            Err(error) => {
                tracing::debug!(%error, "a conversation cannot be locked");
                Ok(TryLock::Locked(Box::new(())))
            }
        }
    }
}

/// Whether something failed because the disk is full, for which SQLite has several errors.
fn is_full(error: &StoreError, directory: &Path) -> bool {
    match error {
        StoreError::Full { .. } => true,
        StoreError::Unusable { .. } => free_space(directory).is_ok_and(|free| free < spare::MIN_FREE_BYTES),
        _ => false,
    }
}

impl ConversationStore for Sqlite {
    fn get(&self, owner: &Owner, id: &str, last: Option<usize>) -> Stored<Option<Conversation>> {
        self.get_end(owner, id, last, usize::MAX)
    }

    fn get_end(
        &self,
        owner: &Owner,
        id: &str,
        last: Option<usize>,
        max_bytes: usize,
    ) -> Stored<Option<Conversation>> {
        let (owner, id) = (owner.clone(), id.to_owned());
        self.read(move |connection| Ok(queries::get(connection, &owner, &id, last, max_bytes)?))
    }

    fn try_lock(&self, owner: &Owner, id: &str) -> Stored<TryLock> {
        let (owner, id) = (owner.clone(), id.to_owned());
        self.blocking(move |inner| inner.try_lock(&owner, &id))
    }

    fn append(&self, owner: &Owner, turn: Turn) -> Stored<()> {
        let owner = owner.clone();
        self.write(move |connection| queries::append(connection, &owner, &turn))
    }

    fn list(&self, owner: &Owner, from: Option<Cursor>, limit: usize) -> Stored<Page<Summary>> {
        let owner = owner.clone();
        self.read(move |connection| Ok(queries::list(connection, &owner, from.as_ref(), limit)?))
    }

    fn delete(&self, owner: &Owner, id: &str) -> Stored<bool> {
        let (owner, id) = (owner.clone(), id.to_owned());
        self.blocking(move |inner| inner.delete(&owner, &id))
    }
}

/// A failure inside a call: SQLite's, or a turn for a revision that is not the newest.
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

/// What a failure of SQLite at a file is for the store.
pub(crate) fn failure(error: &rusqlite::Error, path: &Path) -> StoreError {
    let path = path.to_owned();
    // Only SQLite's own message: other texts could quote what is stored.
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
        // A missing table or a value of another type is damage as well.
        None | Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) => {
            StoreError::Damaged { path, reason }
        }
        // What is there already, or what it refers to and is not there.
        Some(ErrorCode::ConstraintViolation) => StoreError::Changed,
        Some(_) => StoreError::Unusable { path, doing: "used", reason },
    }
}

#[cfg(test)]
mod tests;
