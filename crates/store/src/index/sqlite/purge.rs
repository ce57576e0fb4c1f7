//! Overwriting the words of passages that were removed. SQLite's index of words marks them as removed, and rewrites what it
//! merges; until then they are in the file, though no search finds them.

use rusqlite::Connection;

use super::Inner;
use crate::StoreError;

/// Pages that one step merges: other calls write between two steps.
const PAGES: i64 = 2000;

/// Notes, in the transaction that removes passages, that their words are still there.
pub(super) fn request(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("UPDATE purge SET removals = removals + 1", []).map(drop)
}

pub(super) fn is_needed(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(removals(connection)? > 0)
}

/// Overwrites the words of removed passages, step by step. A failure leaves the rest to the next opening of the file.
pub(super) fn in_steps(inner: &Inner) {
    if let Err(error) = purge(inner) {
        tracing::debug!(%error, "the index of words cannot be rewritten now");
    }
}

pub(super) fn compact(inner: &Inner) -> Result<(), StoreError> {
    purge(inner)?;
    inner.write(|connection| {
        connection.execute_batch("VACUUM")?;
        truncate_log(connection)
    })
}

fn purge(inner: &Inner) -> Result<(), StoreError> {
    // The file may have been removed, before or meanwhile; it is not made anew for this.
    if !inner.is_there() {
        return Ok(());
    }
    let removals = inner.write(|connection| removals(connection))?;
    if removals == 0 {
        return Ok(());
    }
    // A negative number begins to merge everything into one part; the steps after it go on.
    let mut pages = -PAGES;
    while inner.write(|connection| merge(connection, pages))? {
        pages = PAGES;
        if !inner.is_there() {
            return Ok(());
        }
    }
    inner.write(|connection| {
        // What was removed meanwhile may be in a part that was not merged.
        connection.execute("UPDATE purge SET removals = 0 WHERE removals = ?1", [removals])?;
        truncate_log(connection)
    })
}

/// Whether there is more to merge.
fn merge(connection: &mut Connection, pages: i64) -> rusqlite::Result<bool> {
    let before = connection.total_changes();
    connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?1)", [pages])?;
    // SQLite documents that a step without work changes fewer than two rows.
    Ok(connection.total_changes().saturating_sub(before) >= 2)
}

fn removals(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT removals FROM purge", [], |row| row.get(0))
}

/// Empties the log, which holds what the file held. While others read, it stays until its next reuse.
fn truncate_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}
