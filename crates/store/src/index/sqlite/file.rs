//! Opening the file of the index, and replacing it.

use std::io::ErrorKind;
use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::StoreError;
use crate::sqlite::{Opened, connect, failure, set_up, unusable};

/// The format that this version writes, and the only one that it reads.
pub(super) const FORMAT: i64 = 1;

/// Opens the file. One that is damaged or of another format is replaced by an empty one.
pub(super) fn open(directory: &Path, path: &Path) -> Result<Opened, StoreError> {
    match open_as_it_is(directory, path) {
        Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => {
            replace(path)?;
            open_as_it_is(directory, path)
        }
        opened => opened,
    }
}

pub(super) fn in_memory(path: &Path) -> Result<Opened, StoreError> {
    let failed = |error: rusqlite::Error| failure(&error, path);
    let mut connection = Connection::open_in_memory().map_err(failed)?;
    create(&mut connection).map_err(failed)?;
    Ok(Opened::new(connection, path))
}

/// Whether the file itself is at fault, and not what was asked of it.
pub(super) fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, text) => match failure.code {
            ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => true,
            // A table that another program took away.
            ErrorCode::Unknown => text.as_ref().is_some_and(|text| text.starts_with("no such table")),
            _ => false,
        },
        _ => false,
    }
}

/// Removes the file and what SQLite has beside it.
pub(super) fn replace(path: &Path) -> Result<(), StoreError> {
    tracing::warn!(path = %path.display(), "the index is damaged or of another version; it is made anew");
    for end in ["", "-wal", "-shm", "-journal"] {
        let mut file = path.as_os_str().to_owned();
        file.push(end);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(unusable(path, "replaced", &error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn open_as_it_is(directory: &Path, path: &Path) -> Result<Opened, StoreError> {
    let failed = |error: rusqlite::Error| failure(&error, path);
    let mut connection = connect(directory, path)?;
    let found = format(&connection).map_err(failed)?;
    let is_empty = || connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0));
    if found != FORMAT && !(found == 0 && is_empty().map_err(failed)?) {
        return Err(StoreError::Newer { path: path.to_owned(), found, known: FORMAT });
    }
    // What a failure of power loses is made again from the files.
    set_up(&connection, "normal").map_err(failed)?;
    // What a search reads again and again: the bits, and the top of the trees.
    connection.pragma_update(None, "cache_size", -16384).map_err(failed)?;
    if found != FORMAT {
        create(&mut connection).map_err(failed)?;
    }
    Ok(Opened::new(connection, path))
}

fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have made them while this one waited.
    if format(&transaction)? != FORMAT {
        transaction.execute_batch(include_str!("schema.sql"))?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    transaction.commit()
}

fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
