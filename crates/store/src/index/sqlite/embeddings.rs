//! Embeddings: which are missing, and storing them.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use types::Owner;

use super::documents;
use crate::index::Unembedded;
use crate::index::ids;
use crate::index::vectors::{Quantized, add_to_block, signs};

/// The number of an owner's model that has, or had, embeddings.
pub(super) fn model(connection: &Connection, owner: i64, name: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT number FROM models WHERE owner = ?1 AND name = ?2";
    connection.query_row(sql, params![owner, name], |row| row.get(0)).optional()
}

pub(super) fn missing(
    connection: &Connection,
    owner: &Owner,
    documents: &[i64],
    model_name: &str,
    limit: usize,
) -> rusqlite::Result<(Vec<Unembedded>, usize)> {
    let own = documents::own(connection, owner, documents)?;
    let Some(owner) = documents::number(connection, owner)? else { return Ok(Default::default()) };
    let model = model(connection, owner, model_name)?;
    // Counts of whole documents first: at most questions nothing is missing.
    let mut embedded = HashMap::<i64, i64>::new();
    let mut statement = connection.prepare("SELECT block, passages FROM signs WHERE model = ?1")?;
    let mut rows = statement.query([model])?;
    while let Some(row) = rows.next()? {
        *embedded.entry(ids::document_of_block(row.get(0)?)).or_default() += row.get::<_, i64>(1)?;
    }
    let (mut found, mut all) = (Vec::new(), 0_usize);
    let mut statement = connection.prepare(
        "SELECT p.id, p.heading, p.text FROM passages p
         WHERE p.id BETWEEN ?1 AND ?2
           AND NOT EXISTS (SELECT 1 FROM vectors v WHERE v.passage = p.id AND v.model = ?3)
         ORDER BY p.id LIMIT ?4",
    )?;
    for (document, passages) in own {
        let missing = passages - embedded.get(&document).copied().unwrap_or_default();
        if missing <= 0 {
            continue;
        }
        all = all.saturating_add(usize::try_from(missing).unwrap_or_default());
        let (first, last) = ids::passages(document);
        let room = limit.saturating_sub(found.len());
        if room > 0 {
            let rows = statement.query_map(params![first, last, model, room], |row| {
                Ok(Unembedded { passage: row.get(0)?, heading: row.get(1)?, text: row.get(2)? })
            })?;
            for row in rows {
                found.push(row?);
            }
        }
    }
    Ok((found, all))
}

pub(super) fn put(
    connection: &mut Connection,
    owner: &Owner,
    model_name: &str,
    vectors: &[(i64, Vec<f32>)],
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some(owner) = documents::number(&transaction, owner)? else { return Ok(()) };
    transaction.execute(
        "INSERT INTO models (owner, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![owner, model_name],
    )?;
    let model = model(&transaction, owner, model_name)?;
    let (first, last) = ids::passages_of_owner(owner);
    let mut blocks = Vec::new();
    {
        let mut insert = transaction.prepare(
            "INSERT INTO vectors (passage, model, scale, numbers)
             SELECT id, ?2, ?3, ?4 FROM passages WHERE id = ?1
             ON CONFLICT (passage, model) DO UPDATE SET scale = excluded.scale, numbers = excluded.numbers",
        )?;
        // Another owner's passage does not exist.
        for (passage, vector) in vectors.iter().filter(|(passage, _)| (first..=last).contains(passage)) {
            let Quantized { scale, numbers } = Quantized::new(vector);
            if insert.execute(params![passage, model, scale, numbers])? > 0 {
                blocks.push(ids::block_of(*passage));
            }
        }
    }
    blocks.sort_unstable();
    blocks.dedup();
    blocks.into_iter().try_for_each(|block| write_signs(&transaction, block))?;
    transaction.commit()
}

/// Writes the bits of a block of passages, as its vectors are.
pub(super) fn write_signs(transaction: &Transaction<'_>, block: i64) -> rusqlite::Result<()> {
    // Of one model and length each: the count of passages, and their bits.
    let mut all = BTreeMap::<(i64, usize), (i64, Vec<u8>)>::new();
    let sql = "SELECT model, passage, numbers FROM vectors WHERE passage BETWEEN ?1 AND ?2 ORDER BY passage";
    let mut statement = transaction.prepare(sql)?;
    let mut rows = statement.query(ids::passages_of_block(block))?;
    while let Some(row) = rows.next()? {
        let numbers = row.get_ref(2)?.as_blob()?;
        let (passages, bits) = all.entry((row.get(0)?, numbers.len())).or_default();
        *passages += 1;
        add_to_block(bits, ids::position_of(row.get(1)?), &signs(numbers));
    }
    transaction.execute("DELETE FROM signs WHERE block = ?1", [block])?;
    let mut insert = transaction
        .prepare("INSERT INTO signs (model, length, block, passages, bits) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for ((model, length), (passages, bits)) in all {
        insert.execute(params![model, length, block, passages, bits])?;
    }
    Ok(())
}
