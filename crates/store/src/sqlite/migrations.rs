//! Formats of the file. Each numbered file of SQL is the step to the format of its number; the file's `user_version` is
//! the format that it has.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{backup, failure};
use crate::StoreError;

/// A step that was published is never changed.
const STEPS: [&str; 4] = [
    include_str!("migrations/0001_conversations.sql"),
    include_str!("migrations/0002_owners.sql"),
    include_str!("migrations/0003_server.sql"),
    include_str!("migrations/0004_titles.sql"),
];

/// The format that this version writes.
pub(super) const NEWEST: i64 = STEPS.len() as i64;

pub(super) fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Refuses a file of a newer version, which may mean something else by the same columns.
pub(super) fn check(found: i64, path: &Path) -> Result<(), StoreError> {
    if (0..=NEWEST).contains(&found) {
        return Ok(());
    }
    Err(StoreError::Newer { path: path.to_owned(), found, known: NEWEST })
}

/// Brings a file to the newest format in one transaction, so that it has the old format or the new one whenever the
/// process ends. A file that holds anything is copied first.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error: rusqlite::Error| failure(&error, path);
    // No process writes between the copy and the commit.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Another process may have migrated it while this one waited.
    let found = format(&transaction).map_err(failed)?;
    check(found, path)?;
    if found == NEWEST {
        return Ok(());
    }
    if found > 0 {
        backup::make(path, found)?;
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or_default()) {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", NEWEST).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// Makes a file that cannot be migrated readable with today's statements; `false` if its format is too new.
pub(super) fn read_as_newest(connection: &Connection) -> bool {
    match format(connection) {
        Ok(NEWEST) => true,
        Ok(2..=3) => connection.execute_batch(include_str!("migrations/read_format_3.sql")).is_ok(),
        Ok(1) => connection.execute_batch(include_str!("migrations/read_format_1.sql")).is_ok(),
        _ => false,
    }
}
