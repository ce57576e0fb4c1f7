//! Searching by vectors.

use rusqlite::{Connection, OptionalExtension as _, params};
use types::Owner;

use super::{documents, embeddings};
use crate::index::ids;
use crate::index::vectors::{FirstPass, Quantized};
use crate::index::{Hit, best};

pub(super) fn search(
    connection: &Connection,
    owner: &Owner,
    documents: &[i64],
    model_name: &str,
    query: &[f32],
    limit: usize,
) -> rusqlite::Result<Vec<Hit>> {
    let own = documents::own(connection, owner, documents)?;
    let (Some((first, _)), Some((last, _))) = (own.first(), own.last()) else { return Ok(Vec::new()) };
    let Some(owner) = documents::number(connection, owner)? else { return Ok(Vec::new()) };
    let Some(model) = embeddings::model(connection, owner, model_name)? else { return Ok(Vec::new()) };
    let query = Quantized::new(query);
    let mut pass = FirstPass::new(&query, limit);
    let mut statement = connection.prepare(
        "SELECT block, bits FROM signs WHERE model = ?1 AND length = ?2 AND block BETWEEN ?3 AND ?4",
    )?;
    let (first, last) = (ids::blocks(*first).0, ids::blocks(*last).1);
    let mut rows = statement.query(params![model, query.numbers.len(), first, last])?;
    while let Some(row) = rows.next()? {
        let document = ids::document_of_block(row.get(0)?);
        if own.binary_search_by_key(&document, |(id, _)| *id).is_ok() {
            pass.add(row.get_ref(1)?.as_blob()?, |position| ids::passage(document, position));
        }
    }
    let mut statement =
        connection.prepare("SELECT scale, numbers FROM vectors WHERE passage = ?1 AND model = ?2")?;
    let mut hits = Vec::new();
    for passage in pass.ids() {
        let score = statement
            .query_row([passage, model], |row| Ok(query.cosine(row.get(0)?, row.get_ref(1)?.as_blob()?)));
        hits.extend(score.optional()?.map(|score| Hit { passage, score }));
    }
    Ok(best(hits, limit))
}
