//! Passages, read.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use types::{Owner, Place};

use super::documents;
use crate::index::IndexedPassage;
use crate::index::ids;

const SELECT: &str = "SELECT id, first, last, heading, text FROM passages";

pub(super) fn by_ids(
    connection: &Connection,
    owner: &Owner,
    passages: &[i64],
) -> rusqlite::Result<Vec<IndexedPassage>> {
    let Some(owner) = documents::number(connection, owner)? else { return Ok(Vec::new()) };
    let (first, last) = ids::passages_of_owner(owner);
    let mut statement = connection.prepare(&format!("{SELECT} WHERE id = ?1"))?;
    let mut found = Vec::new();
    for id in passages.iter().filter(|id| (first..=last).contains(*id)) {
        found.extend(statement.query_row([id], read).optional()?);
    }
    Ok(found)
}

pub(super) fn of_document(
    connection: &Connection,
    owner: &Owner,
    document: i64,
    from: u32,
    limit: usize,
) -> rusqlite::Result<Vec<IndexedPassage>> {
    let own = documents::own(connection, owner, &[document])?;
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let (first, last) = ids::passages(document);
    let mut statement =
        connection.prepare(&format!("{SELECT} WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3"))?;
    statement.query_map(params![first.saturating_add(from.into()), last, limit], read)?.collect()
}

fn read(row: &Row<'_>) -> rusqlite::Result<IndexedPassage> {
    let id = row.get(0)?;
    let (first, last) = (row.get(1)?, row.get::<_, Option<u32>>(2)?);
    Ok(IndexedPassage {
        id,
        document: ids::document_of(id),
        position: ids::position_of(id),
        place: last.map_or(Place::Page { page: first }, |last| Place::Lines { first, last }),
        heading: row.get(3)?,
        text: row.get(4)?,
    })
}
