//! The index of uploads in PostgreSQL, beside their rows: a key is the id of an upload, and a document goes with it.
//!
//! Words are found by `tsvector`. Vectors are compared here, as those of SQLite are: pgvector is an extension that only a
//! superuser can add.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::FutureExt as _;
use serde_json::json;
use types::{Owner, Place};

use super::vectors::{FirstPass, Quantized, signs};
use super::{
    Hit, IndexSummary, IndexedDocument, IndexedPassage, NewDocument, NewPassage, PassageIndex, Unembedded,
    best, digest, distinct_words, ids,
};
use crate::columns::{ms, time};
use crate::database::{Database, Row, Statement, Value};
use crate::{StoreError, Stored};

mod sql;

/// Passages that one statement adds.
const BATCH: usize = 500;
/// What a score is multiplied by as an integer, which the statements return.
const SCORE: f64 = 1e9;

/// The index of all owners' uploads.
#[derive(Debug, Clone)]
pub(crate) struct PostgresIndex(Arc<dyn Database>);

impl PostgresIndex {
    pub(crate) fn new(database: Arc<dyn Database>) -> Self {
        Self(database)
    }

    /// The rows of a statement, each read.
    fn all<T: Send + 'static>(
        &self,
        sql: &'static str,
        parameters: impl IntoIterator<Item = Value>,
        read: impl Fn(&Row) -> Result<T, StoreError> + Send + 'static,
    ) -> Stored<Vec<T>> {
        let rows = self.0.query(Statement::new(sql, parameters));
        async move { rows.await?.iter().map(read).collect() }.boxed()
    }

    /// How many rows a statement removes.
    fn delete(&self, sql: &'static str, parameters: impl IntoIterator<Item = Value>) -> Stored<usize> {
        let written = self.0.write(vec![Statement::new(sql, parameters)]);
        async move {
            let changed = written.await?.first().map_or(0, |done| done.changed);
            Ok(usize::try_from(changed).unwrap_or(usize::MAX))
        }
        .boxed()
    }
}

impl PassageIndex for PostgresIndex {
    fn documents(&self, owner: &Owner, keys: Vec<String>) -> Stored<Vec<IndexedDocument>> {
        self.all(sql::DOCUMENTS, [owner.as_str().into(), list(&keys)], document)
    }

    fn documents_below(&self, owner: &Owner, prefix: &str) -> Stored<Vec<IndexedDocument>> {
        self.all(sql::DOCUMENTS_BELOW, [owner.as_str().into(), prefix.into()], document)
    }

    fn put(&self, owner: &Owner, document: NewDocument) -> Stored<i64> {
        let owner = || Value::from(owner.as_str());
        let passages = document.passages.get(..ids::MAX_PASSAGES).unwrap_or(&document.passages);
        let key = || Value::from(document.key.as_str());
        let head = [
            owner(),
            key(),
            document.name.as_str().into(),
            document.hash.clone().into(),
            integer(document.size),
            document.modified_ns.into(),
            i64::from(document.cut).into(),
            integer(passages.len() as u64),
            ms(SystemTime::now()).into(),
        ];
        let mut statements = vec![Statement::new(sql::PARK, [owner(), key()])];
        // No row: the upload is gone, or another's.
        statements.push(Statement { must_change: Some(1), ..Statement::new(sql::PUT, head) });
        for (batch, number) in passages.chunks(BATCH).zip(0..) {
            let rows =
                batch.iter().zip(number * BATCH..).map(|(passage, position)| record(passage, position));
            let rows = serde_json::Value::from_iter(rows).to_string();
            statements.push(Statement::new(sql::PUT_PASSAGES, [key(), rows.into()]));
        }
        statements.push(Statement::new(sql::KEEP_EMBEDDINGS, [owner(), key()]));
        statements.push(Statement::new(sql::REMOVE_PARKED, [owner()]));
        let written = self.0.write(statements);
        async move {
            let done = written.await?;
            let row = done.get(1).and_then(|done| done.rows.first()).ok_or(StoreError::Unreadable)?;
            Ok(row.int(0)?)
        }
        .boxed()
    }

    fn touch(&self, owner: &Owner, document: i64, name: &str, size: u64, modified_ns: i64) -> Stored<()> {
        let now = ms(SystemTime::now());
        let parameters = [
            owner.as_str().into(),
            document.into(),
            name.into(),
            integer(size),
            modified_ns.into(),
            now.into(),
        ];
        let written = self.0.write(vec![Statement::new(sql::TOUCH, parameters)]);
        async move { written.await.map(drop) }.boxed()
    }

    fn remove(&self, owner: Option<&Owner>, keys: Vec<String>) -> Stored<usize> {
        match owner {
            Some(owner) => self.delete(sql::REMOVE, [list(&keys), owner.as_str().into()]),
            None => self.delete(sql::REMOVE_OF_ALL, [list(&keys)]),
        }
    }

    fn clear(&self, owner: Option<&Owner>) -> Stored<usize> {
        match owner {
            Some(owner) => self.delete(sql::CLEAR, [owner.as_str().into()]),
            None => self.delete(sql::CLEAR_ALL, []),
        }
    }

    fn summary(&self, owner: &Owner) -> Stored<IndexSummary> {
        let documents = self.documents_below(owner, "");
        let models = self.all(sql::MODELS, [owner.as_str().into()], |row| {
            Ok((row.text(0)?, u64::try_from(row.int(1)?).unwrap_or_default()))
        });
        async move { Ok(IndexSummary { documents: documents.await?, models: models.await?, bytes: None }) }
            .boxed()
    }

    fn unembedded(
        &self,
        owner: &Owner,
        documents: Vec<i64>,
        model: &str,
        limit: usize,
    ) -> Stored<(Vec<Unembedded>, usize)> {
        let parameters = || [owner.as_str().into(), list(&documents), model.into()];
        let count = self.all(sql::COUNT_UNEMBEDDED, parameters(), |row| Ok(row.int(0)?));
        let limited = parameters().into_iter().chain([integer(limit as u64)]);
        let found = self.all(sql::UNEMBEDDED, limited, |row| {
            Ok(Unembedded { passage: row.int(0)?, heading: row.optional_text(1)?, text: row.text(2)? })
        });
        async move {
            let count = count.await?.first().copied().unwrap_or_default();
            let count = usize::try_from(count).unwrap_or_default();
            // At most questions nothing is missing, and looking for it takes longer than counting.
            Ok((if count == 0 { Vec::new() } else { found.await? }, count))
        }
        .boxed()
    }

    fn put_embeddings(&self, owner: &Owner, model: &str, vectors: Vec<(i64, Vec<f32>)>) -> Stored<()> {
        let rows = vectors.iter().map(|(passage, vector)| {
            let Quantized { scale, numbers } = Quantized::new(vector);
            json!({
                "passage": passage,
                "length": numbers.len(),
                "scale": scale.to_bits(),
                "signs": hex(&signs(&numbers)),
                "numbers": hex(&numbers),
            })
        });
        let rows = serde_json::Value::from_iter(rows).to_string();
        let parameters = [owner.as_str().into(), model.into(), rows.into()];
        let written = self.0.write(vec![Statement::new(sql::PUT_EMBEDDINGS, parameters)]);
        async move { written.await.map(drop) }.boxed()
    }

    fn search_words(
        &self,
        owner: &Owner,
        documents: Vec<i64>,
        terms: &str,
        limit: usize,
    ) -> Stored<Vec<Hit>> {
        let words = list(&distinct_words(terms));
        let parameters = [owner.as_str().into(), list(&documents), words, integer(limit as u64)];
        self.all(sql::SEARCH_WORDS, parameters, |row| {
            #[allow(clippy::cast_precision_loss, reason = "a score")]
            let score = row.int(1)? as f64 / SCORE;
            Ok(Hit { passage: row.int(0)?, score })
        })
    }

    fn search_vectors(
        &self,
        owner: &Owner,
        documents: Vec<i64>,
        model: &str,
        query: Vec<f32>,
        limit: usize,
    ) -> Stored<Vec<Hit>> {
        let (index, model, query) = (self.clone(), model.to_owned(), Quantized::new(&query));
        let length = integer(query.numbers.len() as u64);
        let parameters = [owner.as_str().into(), list(&documents), model.as_str().into(), length];
        let blocks = self.all(sql::SIGNS, parameters, |row| Ok((row.int(0)?, row.bytes(1)?)));
        async move {
            let mut pass = FirstPass::new(&query, limit);
            for (document, block) in blocks.await? {
                pass.add(&block, |position| ids::passage(document, position));
            }
            let hits = index.all(sql::VECTORS, [model.into(), list(&pass.ids())], move |row| {
                let scale = u32::try_from(row.int(1)?).map_err(|_| StoreError::Unreadable)?;
                let score = query.cosine(f32::from_bits(scale), &row.bytes(2)?);
                Ok(Hit { passage: row.int(0)?, score })
            });
            Ok(best(hits.await?, limit))
        }
        .boxed()
    }

    fn passages(&self, owner: &Owner, ids: Vec<i64>) -> Stored<Vec<IndexedPassage>> {
        let found = self.all(sql::PASSAGES, [owner.as_str().into(), list(&ids)], passage);
        async move {
            let found = found.await?;
            let by_id = |id: &i64| found.iter().find(|passage| passage.id == *id).cloned();
            Ok(ids.iter().filter_map(by_id).collect())
        }
        .boxed()
    }

    fn passages_of(
        &self,
        owner: &Owner,
        document: i64,
        from: u32,
        limit: usize,
    ) -> Stored<Vec<IndexedPassage>> {
        let first = ids::passage(document, from);
        let parameters = [owner.as_str().into(), document.into(), first.into(), integer(limit as u64)];
        self.all(sql::PASSAGES_OF, parameters, passage)
    }
}

/// Values as a list of JSON, which statements take apart: the types of a parameter are those of columns alone.
fn list<T: serde::Serialize>(values: &[T]) -> Value {
    serde_json::to_string(values).unwrap_or_else(|_| "[]".to_owned()).replace("\\u0000", "\u{fffd}").into()
}

fn record(passage: &NewPassage, position: usize) -> serde_json::Value {
    let (first, last) = match passage.place {
        Place::Lines { first, last } => (first, Some(last)),
        Place::Page { page } => (page, None),
    };
    // The one character that PostgreSQL does not store.
    let stored = |text: &str| text.replace('\0', "\u{fffd}");
    json!({
        "position": position,
        "first": first,
        "last": last,
        "heading": passage.heading.as_deref().map(stored),
        "text": stored(&passage.text),
        "digest": hex(&digest(passage.heading.as_deref(), &passage.text)),
        "terms": stored(&passage.terms),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn integer(value: u64) -> Value {
    i64::try_from(value).unwrap_or(i64::MAX).into()
}

/// A column that is never negative and fits its type.
fn unsigned<T: TryFrom<i64>>(row: &Row, column: usize) -> Result<T, StoreError> {
    T::try_from(row.int(column)?).map_err(|_| StoreError::Unreadable)
}

fn document(row: &Row) -> Result<IndexedDocument, StoreError> {
    Ok(IndexedDocument {
        id: row.int(0)?,
        key: row.text(1)?,
        name: row.text(2)?,
        hash: row.bytes(3)?,
        size: unsigned(row, 4)?,
        modified_ns: row.int(5)?,
        cut: unsigned(row, 6)?,
        passages: unsigned(row, 7)?,
        indexed: time(row.int(8)?),
    })
}

fn passage(row: &Row) -> Result<IndexedPassage, StoreError> {
    let (id, first) = (row.int(0)?, unsigned(row, 1)?);
    let last = row.optional_int(2)?.map(u32::try_from).transpose().map_err(|_| StoreError::Unreadable)?;
    Ok(IndexedPassage {
        id,
        document: ids::document_of(id),
        position: ids::position_of(id),
        place: last.map_or(Place::Page { page: first }, |last| Place::Lines { first, last }),
        heading: row.optional_text(3)?,
        text: row.text(4)?,
    })
}
