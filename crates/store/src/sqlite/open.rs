//! Opening the file: its directory, its mode, its format.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::{failure, migrations, spare};
use crate::StoreError;
use platform::{create_private_directory, create_private_file, file_identity};

/// How long another process may keep the file busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two tries to switch the file to a write-ahead log.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// A connection, and which file it is to.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    identity: Option<(u64, u64)>,
}

impl Opened {
    pub(crate) fn new(connection: Connection, path: &Path) -> Self {
        Self { connection, identity: file_identity(path) }
    }

    /// Whether the file is still the one at `path`.
    pub(crate) fn is_still_at(&self, path: &Path) -> bool {
        self.identity.is_none_or(|identity| file_identity(path) == Some(identity))
    }
}

/// Opens the file, creates it if it does not exist, and brings it to the newest format.
pub(super) fn open(directory: &Path, path: &Path) -> Result<Opened, StoreError> {
    let failed = |error: rusqlite::Error| failure(&error, path);
    let mut connection = connect(directory, path)?;
    let found = migrations::format(&connection).map_err(failed)?;
    // Checked before the settings below write to the file.
    migrations::check(found, path)?;
    if connection.is_readonly("main").map_err(failed)? {
        let reason = "it is read-only".to_owned();
        return Err(StoreError::Unusable { path: path.to_owned(), doing: "written", reason });
    }
    // What was answered is on the disk, also after a power failure.
    set_up(&connection, "full").map_err(failed)?;
    if found < migrations::NEWEST {
        migrations::migrate(&mut connection, path)?;
    }
    spare::keep(directory);
    Ok(Opened::new(connection, path))
}

/// A connection to a file for this user alone, which is created if it does not exist.
pub(crate) fn connect(directory: &Path, path: &Path) -> Result<Connection, StoreError> {
    create_private_directory(directory).map_err(|error| unusable(directory, "made", &error))?;
    // SQLite gives its other files the mode of this one.
    create_private_file(path).map_err(|error| unusable(path, "made", &error))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| failure(&error, path))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| failure(&error, path))?;
    Ok(connection)
}

/// Opens the file only to read it, if it cannot be written: its disk is full or read-only, or the user may only read it.
///
/// # Errors
/// `cause`, why it could not be opened to be written, if it cannot be read either.
pub(super) fn open_to_read(path: &Path, cause: StoreError) -> Result<Connection, StoreError> {
    let unwritable = matches!(cause, StoreError::Unusable { .. } | StoreError::Full { .. });
    let is_file = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_file());
    if !unwritable || !is_file {
        return Err(cause);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if let Ok(connection) = Connection::open_with_flags(path, flags)
        && migrations::read_as_newest(&connection)
    {
        return Ok(connection);
    }
    // SQLite reads a log only beside an index that it can write. Without a log, all is in the file, and the file can be
    // read as one that nobody changes.
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let has_log = std::fs::metadata(&log).is_ok_and(|log| log.len() > 0);
    if let Some(mut uri) = uri(path).filter(|_| !has_log) {
        uri.set_query(Some("immutable=1"));
        if let Ok(connection) = Connection::open_with_flags(uri.as_str(), flags | OpenFlags::SQLITE_OPEN_URI)
            && migrations::read_as_newest(&connection)
        {
            return Ok(connection);
        }
    }
    Err(cause)
}

/// A path as a URI, as which SQLite takes any path.
pub(super) fn uri(path: &Path) -> Option<url::Url> {
    std::path::absolute(path).ok().and_then(|path| url::Url::from_file_path(path).ok())
}

/// The error of a file or directory of the store that the system refuses; `doing` is what was tried, as in "made".
pub(crate) fn unusable(path: &Path, doing: &'static str, error: &io::Error) -> StoreError {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::StorageFull => StoreError::Full { path },
        ErrorKind::InvalidInput => StoreError::Unusable { path, doing: "opened", reason: error.to_string() },
        _ => StoreError::Unusable { path, doing, reason: error.to_string() },
    }
}

/// Settings that all files have; `synchronous` is when a transaction is on the disk.
pub(crate) fn set_up(connection: &Connection, synchronous: &str) -> rusqlite::Result<()> {
    // SQLite's own timeout does not hold for this switch, for which processes that create one file compete.
    let until = Instant::now() + BUSY_TIMEOUT;
    while let Err(error) = connection.pragma_update(None, "journal_mode", "wal") {
        if error.sqlite_error_code() != Some(rusqlite::ErrorCode::DatabaseBusy) || Instant::now() > until {
            return Err(error);
        }
        std::thread::sleep(RETRY_INTERVAL);
    }
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Deleted text is overwritten.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -512)
}
