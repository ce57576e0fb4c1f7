//! Documents: looking them up.

use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use types::Owner;

use crate::columns::{ms, time};
use crate::index::ids;
use crate::index::{IndexSummary, IndexedDocument};

const SELECT: &str =
    "SELECT id, key, name, hash, size, modified_ns, cut, passages, indexed_ms FROM documents";

/// The number of an owner who has, or had, documents.
pub(super) fn number(connection: &Connection, owner: &Owner) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT number FROM owners WHERE name = ?1";
    connection.query_row(sql, [owner.as_str()], |row| row.get(0)).optional()
}

pub(super) fn owners(connection: &Connection) -> rusqlite::Result<Vec<Owner>> {
    let mut statement = connection.prepare("SELECT name FROM owners ORDER BY name")?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    Ok(names.collect::<Result<Vec<_>, _>>()?.iter().filter_map(|name| Owner::new(name)).collect())
}

pub(super) fn by_keys(
    connection: &Connection,
    owner: &Owner,
    keys: &[String],
) -> rusqlite::Result<Vec<IndexedDocument>> {
    let Some(owner) = number(connection, owner)? else { return Ok(Vec::new()) };
    let mut statement = connection.prepare(&format!("{SELECT} WHERE key = ?1 AND owner = ?2"))?;
    let mut found = Vec::new();
    for key in keys {
        found.extend(statement.query_row(params![key, owner], read).optional()?);
    }
    Ok(found)
}

pub(super) fn below(
    connection: &Connection,
    owner: &Owner,
    prefix: &str,
) -> rusqlite::Result<Vec<IndexedDocument>> {
    let Some(owner) = number(connection, owner)? else { return Ok(Vec::new()) };
    // The index is read from the prefix on; `LIKE` would read `%` and `_` of a name as patterns.
    let sql = format!("{SELECT} WHERE key >= ?1 AND key < ?2 AND owner = ?3 ORDER BY key");
    let mut statement = connection.prepare(&sql)?;
    // After all texts that begin with the prefix: the largest character is none of any name.
    let end = format!("{prefix}{}", char::MAX);
    statement.query_map(params![prefix, end, owner], read)?.collect()
}

pub(super) fn touch(
    connection: &Connection,
    owner: &Owner,
    document: i64,
    name: &str,
    size: u64,
    modified_ns: i64,
) -> rusqlite::Result<()> {
    let Some(owner) = number(connection, owner)? else { return Ok(()) };
    let sql = "UPDATE documents SET name = ?3, size = ?4, modified_ns = ?5, indexed_ms = ?6 WHERE id = ?1 AND owner = ?2";
    let now = ms(SystemTime::now());
    connection.execute(sql, params![document, owner, name, size, modified_ns, now]).map(drop)
}

pub(super) fn summary(
    connection: &Connection,
    owner: &Owner,
    bytes: Option<u64>,
) -> rusqlite::Result<IndexSummary> {
    let documents = below(connection, owner, "")?;
    let owner = number(connection, owner)?;
    let sql = "SELECT m.name, coalesce(sum(s.passages), 0) FROM models m
               LEFT JOIN signs s ON s.model = m.number WHERE m.owner = ?1 GROUP BY m.number ORDER BY m.name";
    let models = connection
        .prepare(sql)?
        .query_map([owner], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    Ok(IndexSummary { documents, models, bytes })
}

/// Those of the documents that are the owner's, with how many passages they have, by their ids.
pub(super) fn own(
    connection: &Connection,
    owner: &Owner,
    documents: &[i64],
) -> rusqlite::Result<Vec<(i64, i64)>> {
    let Some(owner) = number(connection, owner)? else { return Ok(Vec::new()) };
    let mut sorted = documents.to_vec();
    sorted.sort_unstable();
    let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else { return Ok(Vec::new()) };
    let all = ids::documents(owner);
    // One pass over the ids between them is cheaper than thousands of lookups.
    let mut statement =
        connection.prepare("SELECT id, passages FROM documents WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let mut rows = statement.query([all.0.max(*first), all.1.min(*last)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id = row.get(0)?;
        if sorted.binary_search(&id).is_ok() {
            found.push((id, row.get(1)?));
        }
    }
    Ok(found)
}

fn read(row: &Row<'_>) -> rusqlite::Result<IndexedDocument> {
    Ok(IndexedDocument {
        id: row.get(0)?,
        key: row.get(1)?,
        name: row.get(2)?,
        hash: row.get(3)?,
        size: row.get(4)?,
        modified_ns: row.get(5)?,
        cut: row.get(6)?,
        passages: row.get(7)?,
        indexed: time(row.get(8)?),
    })
}
