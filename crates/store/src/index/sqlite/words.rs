//! Searching by words.
//!
//! SQLite's BM25 takes microseconds for each passage that has any of the words, which is too long where that is most of them. So
//! words that are in very many passages do not count beside others, and BM25 orders only those passages that have the rarest
//! words.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use types::Owner;

use super::documents;
use crate::index::ids;
use crate::index::{Hit, best, distinct_words};

/// A word in more passages than this, and in more than a tenth of those that are searched, does not count beside others.
const MIN_FREQUENT: usize = 5000;
/// Passages that BM25 orders, at least.
const CANDIDATES: usize = 1000;

pub(super) fn search(
    connection: &Connection,
    owner: &Owner,
    documents: &[i64],
    terms: &str,
    limit: usize,
) -> rusqlite::Result<Vec<Hit>> {
    let own = documents::own(connection, owner, documents)?;
    let (Some((first, _)), Some((last, _))) = (own.first(), own.last()) else { return Ok(Vec::new()) };
    let (first, last) = (ids::passages(*first).0, ids::passages(*last).1);
    let passages: i64 = own.iter().map(|(_, passages)| passages).sum();
    let passages = usize::try_from(passages).unwrap_or_default();
    let frequent = MIN_FREQUENT.max(passages / 10);
    let words: Vec<_> = distinct_words(terms).into_iter().map(quoted).collect();
    let mut statement = connection
        .prepare("SELECT rowid FROM words WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3 LIMIT ?4")?;
    let (mut found, mut too_many) = (Vec::new(), Vec::new());
    for word in &words {
        let rows = statement.query_map(params![word, first, last, frequent + 1], |row| row.get(0))?;
        let ids = rows.collect::<Result<Vec<i64>, _>>()?;
        let list = if ids.len() > frequent { &mut too_many } else { &mut found };
        if !ids.is_empty() {
            list.push((word.as_str(), ids));
        }
    }
    if found.is_empty() {
        found = too_many;
    }
    let mut weights = HashMap::<i64, f64>::new();
    for (_, ids) in &found {
        let weight = weight(ids.len(), passages);
        for id in ids {
            if own.binary_search_by_key(&ids::document_of(*id), |(id, _)| *id).is_ok() {
                *weights.entry(*id).or_default() += weight;
            }
        }
    }
    let candidates = weights.into_iter().map(|(passage, score)| Hit { passage, score }).collect();
    let candidates = best(candidates, CANDIDATES.max(limit));
    let words: Vec<_> = found.into_iter().map(|(word, _)| word).collect();
    Ok(best(by_bm25(connection, &words.join(" OR "), &candidates)?, limit))
}

/// A word as a text of FTS5, in which nothing is an operator.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

/// What a word counts that is in some of the passages, as BM25 has it.
#[allow(clippy::cast_precision_loss, reason = "counts of passages")]
fn weight(found: usize, passages: usize) -> f64 {
    let (found, passages) = (found as f64, passages.max(found) as f64);
    (1.0 + (passages - found + 0.5) / (found + 0.5)).ln()
}

fn by_bm25(connection: &Connection, query: &str, candidates: &[Hit]) -> rusqlite::Result<Vec<Hit>> {
    let ids = || candidates.iter().map(|hit| hit.passage);
    let (Some(first), Some(last)) = (ids().min(), ids().max()) else { return Ok(Vec::new()) };
    let list = ids().map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    // With `+` SQLite looks for the words once, and not once for each passage.
    let mut statement = connection.prepare(
        "SELECT rowid, bm25(words) FROM words
         WHERE words MATCH ?1 AND rowid BETWEEN ?2 AND ?3 AND +rowid IN (SELECT value FROM json_each(?4))",
    )?;
    let rows = statement.query_map(params![query, first, last, format!("[{list}]")], |row| {
        // Lower is better for SQLite.
        Ok(Hit { passage: row.get(0)?, score: -row.get::<_, f64>(1)? })
    })?;
    rows.collect()
}
