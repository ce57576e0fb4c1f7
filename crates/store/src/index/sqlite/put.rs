//! Adding, replacing and removing documents.

use std::collections::HashMap;
use std::time::SystemTime;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, ffi, params};
use types::{Owner, Place};

use super::{documents, embeddings, purge};
use crate::columns::ms;
use crate::index::ids;
use crate::index::{NewDocument, digest};

pub(super) fn put(
    connection: &mut Connection,
    owner: &Owner,
    document: &NewDocument,
) -> rusqlite::Result<i64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (owner, newest): (i64, i64) = transaction.query_row(
        "INSERT INTO owners (name, newest) VALUES (?1, 1)
         ON CONFLICT (name) DO UPDATE SET newest = newest + 1 RETURNING number, newest",
        [owner.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if owner >= ids::MAX_OWNERS || newest >= ids::MAX_DOCUMENTS {
        return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None));
    }
    let sql = "SELECT id FROM documents WHERE key = ?1 AND owner = ?2";
    let old: Option<i64> =
        transaction.query_row(sql, params![document.key, owner], |row| row.get(0)).optional()?;
    let id = ids::document(owner, newest);
    add_passages(&transaction, id, document)?;
    if let Some(old) = old {
        keep_vectors(&transaction, old, id)?;
        remove_document(&transaction, old)?;
    }
    let passages = document.passages.len().min(ids::MAX_PASSAGES);
    transaction.execute(
        "INSERT INTO documents (id, owner, key, name, hash, size, modified_ns, cut, passages, indexed_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            id,
            owner,
            document.key,
            document.name,
            document.hash,
            document.size,
            document.modified_ns,
            document.cut,
            passages,
            ms(SystemTime::now())
        ],
    )?;
    transaction.commit()?;
    Ok(id)
}

pub(super) fn remove(
    connection: &mut Connection,
    owner: Option<&Owner>,
    keys: &[String],
) -> rusqlite::Result<usize> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let number = match owner {
        Some(owner) => match documents::number(&transaction, owner)? {
            None => return Ok(0),
            number => number,
        },
        None => None,
    };
    let mut removed = 0;
    for key in keys {
        let mut statement =
            transaction.prepare("SELECT id FROM documents WHERE key = ?1 AND (?2 IS NULL OR owner = ?2)")?;
        let found = statement.query_map(params![key, number], |row| row.get(0))?;
        for id in found.collect::<Result<Vec<i64>, _>>()? {
            remove_document(&transaction, id)?;
            removed += 1;
        }
    }
    if removed > 0 {
        purge::request(&transaction)?;
    }
    transaction.commit()?;
    Ok(removed)
}

pub(super) fn clear(connection: &mut Connection, owner: Option<&Owner>) -> rusqlite::Result<usize> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let removed = match owner {
        None => {
            let removed = transaction.execute("DELETE FROM documents", [])?;
            transaction.execute("INSERT INTO words (words) VALUES ('delete-all')", [])?;
            for table in ["passages", "vectors", "signs", "models", "owners"] {
                transaction.execute(&format!("DELETE FROM {table}"), [])?;
            }
            removed
        }
        Some(owner) => {
            let Some(number) = documents::number(&transaction, owner)? else { return Ok(0) };
            let (first, last) = ids::documents(number);
            let mut statement = transaction.prepare("SELECT id FROM documents WHERE id BETWEEN ?1 AND ?2")?;
            let found = statement.query_map([first, last], |row| row.get(0))?;
            let found = found.collect::<Result<Vec<i64>, _>>()?;
            for id in &found {
                remove_document(&transaction, *id)?;
            }
            transaction.execute("DELETE FROM models WHERE owner = ?1", [number])?;
            // Its number is not given again.
            transaction.execute("DELETE FROM owners WHERE number = ?1", [number])?;
            found.len()
        }
    };
    if removed > 0 {
        purge::request(&transaction)?;
    }
    transaction.commit()?;
    Ok(removed)
}

fn add_passages(transaction: &Transaction<'_>, id: i64, document: &NewDocument) -> rusqlite::Result<()> {
    let mut passages = transaction.prepare(
        "INSERT INTO passages (id, first, last, heading, text, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut words = transaction.prepare("INSERT INTO words (rowid, terms) VALUES (?1, ?2)")?;
    for (passage, position) in document.passages.iter().take(ids::MAX_PASSAGES).zip(0..) {
        let id = ids::passage(id, position);
        let (first, last) = match passage.place {
            Place::Lines { first, last } => (first, Some(last)),
            Place::Page { page } => (page, None),
        };
        let digest = digest(passage.heading.as_deref(), &passage.text);
        passages.execute(params![id, first, last, passage.heading, passage.text, digest])?;
        words.execute(params![id, passage.terms])?;
    }
    Ok(())
}

/// Gives the passages of a document the vectors of another one's passages with the same digest.
fn keep_vectors(transaction: &Transaction<'_>, old: i64, new: i64) -> rusqlite::Result<()> {
    let digests = |document: i64| {
        let mut statement =
            transaction.prepare("SELECT digest, id FROM passages WHERE id BETWEEN ?1 AND ?2")?;
        let rows = statement.query_map(ids::passages(document), |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<rusqlite::Result<Vec<(Vec<u8>, i64)>>>()
    };
    let old: HashMap<_, _> = digests(old)?.into_iter().collect();
    let mut copy = transaction.prepare(
        "INSERT INTO vectors (passage, model, scale, numbers)
         SELECT ?2, model, scale, numbers FROM vectors WHERE passage = ?1",
    )?;
    let mut blocks = Vec::new();
    for (digest, id) in digests(new)? {
        if let Some(old) = old.get(&digest)
            && copy.execute([*old, id])? > 0
        {
            blocks.push(ids::block_of(id));
        }
    }
    blocks.dedup();
    blocks.into_iter().try_for_each(|block| embeddings::write_signs(transaction, block))
}

fn remove_document(transaction: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    let passages = ids::passages(id);
    for sql in [
        "DELETE FROM words WHERE rowid BETWEEN ?1 AND ?2",
        "DELETE FROM passages WHERE id BETWEEN ?1 AND ?2",
        "DELETE FROM vectors WHERE passage BETWEEN ?1 AND ?2",
    ] {
        transaction.execute(sql, passages)?;
    }
    transaction.execute("DELETE FROM signs WHERE block BETWEEN ?1 AND ?2", ids::blocks(id))?;
    transaction.execute("DELETE FROM documents WHERE id = ?1", [id]).map(drop)
}
