//! Opening the file: its directory, its mode, its format.

use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{failure, spare};
use crate::StoreError;
use platform::{create_private_directory, create_private_file, file_identity};

/// How long another process may keep the file busy.
const PATIENCE: Duration = Duration::from_secs(10);

/// The steps from each format to the next; the file's `user_version` counts those that were taken.
/// A step that was published is never changed.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_conversations.sql")];

/// A connection, and which file it is to.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    identity: Option<(u64, u64)>,
}

impl Opened {
    /// Whether the file is still the one at `path`.
    pub(super) fn is_still_at(&self, path: &Path) -> bool {
        self.identity.is_none_or(|identity| file_identity(path) == Some(identity))
    }
}

/// Opens the file, which is made where there is none, and brings it to the newest format.
pub(super) fn open(directory: &Path, path: &Path) -> Result<Opened, StoreError> {
    make_private(directory, path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error: rusqlite::Error| failure(&error, path);
    let mut connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(PATIENCE).map_err(failed)?;
    let found = version(&connection).map_err(failed)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    // Before anything is written to it.
    if found > known {
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    if connection.is_readonly("main").map_err(failed)? {
        let reason = "it is read-only".to_owned();
        return Err(StoreError::Unusable { path: path.to_owned(), doing: "written", reason });
    }
    set_up(&connection).map_err(failed)?;
    if found < known {
        migrate(&mut connection).map_err(failed)?;
    }
    spare::keep(directory);
    Ok(Opened { connection, identity: file_identity(path) })
}

/// Opens the file to read it, where it cannot be written: its disk is full or read-only, or the user may only read it.
///
/// # Errors
/// `cause`, why it could not be opened to be written, where it cannot be read either.
pub(super) fn open_to_read(path: &Path, cause: StoreError) -> Result<Connection, StoreError> {
    let unwritable = matches!(cause, StoreError::Unusable { .. } | StoreError::Full { .. });
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    if !unwritable || !is_file {
        return Err(cause);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let known = |connection: &Connection| {
        let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
        version(connection).is_ok_and(|version| version == newest)
    };
    if let Ok(connection) = Connection::open_with_flags(path, flags)
        && known(&connection)
    {
        return Ok(connection);
    }
    // SQLite reads a log only beside an index that it can write. Without a log, all is in the file, and the file can be
    // read as one that nobody changes.
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let has_log = std::fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    let uri = std::path::absolute(path).ok().and_then(|path| url::Url::from_file_path(path).ok());
    if let Some(mut uri) = uri.filter(|_| !has_log) {
        uri.set_query(Some("immutable=1"));
        if let Ok(connection) = Connection::open_with_flags(uri.as_str(), flags | OpenFlags::SQLITE_OPEN_URI)
            && known(&connection)
        {
            return Ok(connection);
        }
    }
    Err(cause)
}

fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    // Two processes that make one new file: the switch itself does not wait for the other one.
    let until = Instant::now() + PATIENCE;
    while let Err(error) = connection.pragma_update(None, "journal_mode", "wal") {
        if error.sqlite_error_code() != Some(rusqlite::ErrorCode::DatabaseBusy) || Instant::now() > until {
            return Err(error);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // What was answered is on the disk, also after the power failed.
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -512)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it while this one waited.
    let done = usize::try_from(version(&transaction)?).unwrap_or(usize::MAX);
    for step in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len().max(done))?;
    transaction.commit()
}

/// Makes what is missing with no rights for others. SQLite gives its other files the mode of this one.
fn make_private(directory: &Path, path: &Path) -> Result<(), StoreError> {
    let unusable = |path: &Path, doing: &'static str| {
        let path = path.to_owned();
        move |error: std::io::Error| match error.kind() {
            ErrorKind::StorageFull => StoreError::Full { path },
            ErrorKind::InvalidInput => {
                StoreError::Unusable { path, doing: "opened", reason: error.to_string() }
            }
            _ => StoreError::Unusable { path, doing, reason: error.to_string() },
        }
    };
    create_private_directory(directory).map_err(unusable(directory, "made"))?;
    create_private_file(path).map_err(unusable(path, "made"))
}
