//! The index of documents: passages of files, found by their words and by their meaning.
//!
//! It is derived from the files, so it may be dropped at any time.

use std::fmt::Debug;
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use types::{Owner, Place};

use crate::Stored;

mod ids;
mod postgres;
mod sqlite;
mod vectors;

pub(crate) use postgres::PostgresIndex;
pub use sqlite::SqliteIndex;

/// A document to be indexed, with all its passages.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDocument {
    /// What names it among its owner's: the absolute path of a file of this machine, or the id of an upload.
    pub key: String,
    /// Its name for people.
    pub name: String,
    /// Digest of its bytes.
    pub hash: Vec<u8>,
    pub size: u64,
    /// When the file was changed, in nanoseconds of Unix time.
    pub modified_ns: i64,
    /// The version of the code that cut it: another one cuts it anew.
    pub cut: u32,
    /// In their order.
    pub passages: Vec<NewPassage>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPassage {
    pub place: Place,
    pub heading: Option<String>,
    pub text: String,
    /// The words by which it is found, of heading and text.
    pub terms: String,
}

/// A document of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedDocument {
    pub id: i64,
    pub key: String,
    pub name: String,
    pub hash: Vec<u8>,
    pub size: u64,
    pub modified_ns: i64,
    pub cut: u32,
    /// How many passages it has.
    pub passages: usize,
    pub indexed: SystemTime,
}

/// A passage of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedPassage {
    pub id: i64,
    pub document: i64,
    /// Its place in the order of the document's passages, from 0.
    pub position: u32,
    pub place: Place,
    pub heading: Option<String>,
    pub text: String,
}

/// A passage that a search found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    pub passage: i64,
    /// Higher is better; scores of words and of vectors cannot be compared.
    pub score: f64,
}

/// A passage whose embedding is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unembedded {
    pub passage: i64,
    pub heading: Option<String>,
    pub text: String,
}

/// What an owner has in the index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IndexSummary {
    pub documents: Vec<IndexedDocument>,
    /// Embedding models, and how many passages have an embedding of each.
    pub models: Vec<(String, u64)>,
    /// Bytes on the disk, where they are known.
    pub bytes: Option<u64>,
}

/// The index of all owners. What is not the owner's does not exist.
pub trait PassageIndex: Debug + Send + Sync {
    /// The documents of these keys that are in the index.
    fn documents(&self, owner: &Owner, keys: Vec<String>) -> Stored<Vec<IndexedDocument>>;

    /// The documents whose key begins with a text, such as a folder's path with its separator.
    fn documents_below(&self, owner: &Owner, prefix: &str) -> Stored<Vec<IndexedDocument>>;

    /// Adds a document, or replaces the one of its key. Embeddings of passages with the same text are kept. The result is its id.
    fn put(&self, owner: &Owner, document: NewDocument) -> Stored<i64>;

    /// Notes that a file has at this moment the bytes that are indexed, though its time or its name changed.
    fn touch(&self, owner: &Owner, document: i64, name: &str, size: u64, modified_ns: i64) -> Stored<()>;

    /// Removes documents by their keys; `None`: those of all owners. How many there were.
    fn remove(&self, owner: Option<&Owner>, keys: Vec<String>) -> Stored<usize>;

    /// Removes the documents of an owner, or of all.
    fn clear(&self, owner: Option<&Owner>) -> Stored<usize>;

    fn summary(&self, owner: &Owner) -> Stored<IndexSummary>;

    /// Passages of documents without an embedding of a model, at most `limit`, and how many there are in all.
    fn unembedded(
        &self,
        owner: &Owner,
        documents: Vec<i64>,
        model: &str,
        limit: usize,
    ) -> Stored<(Vec<Unembedded>, usize)>;

    /// Stores embeddings of a model. A passage that is gone meanwhile is left out. A vector is of any length and need not be
    /// normalized; those of another length than the model's others are left out of searches.
    fn put_embeddings(&self, owner: &Owner, model: &str, vectors: Vec<(i64, Vec<f32>)>) -> Stored<()>;

    /// The passages of documents that have words of a query (its terms), the best first.
    fn search_words(&self, owner: &Owner, documents: Vec<i64>, terms: &str, limit: usize)
    -> Stored<Vec<Hit>>;

    /// The passages of documents whose embeddings of a model are nearest to a vector (cosine), the nearest first.
    fn search_vectors(
        &self,
        owner: &Owner,
        documents: Vec<i64>,
        model: &str,
        query: Vec<f32>,
        limit: usize,
    ) -> Stored<Vec<Hit>>;

    /// Passages by their ids, in the given order; one that is gone is left out.
    fn passages(&self, owner: &Owner, ids: Vec<i64>) -> Stored<Vec<IndexedPassage>>;

    /// The passages of a document from a position on, in their order.
    fn passages_of(
        &self,
        owner: &Owner,
        document: i64,
        from: u32,
        limit: usize,
    ) -> Stored<Vec<IndexedPassage>>;
}

/// Bytes of a digest of a passage.
const DIGEST_BYTES: usize = 16;
/// How many words of a query count: a pasted text would take seconds.
const MAX_WORDS: usize = 64;

/// What tells whether a passage is the same, and so its embedding.
fn digest(heading: Option<&str>, text: &str) -> Vec<u8> {
    let mut hash = Sha256::new();
    // No heading is not an empty one, and the end of a heading is known.
    hash.update(heading.map_or(u64::MAX, |heading| heading.len() as u64).to_le_bytes());
    hash.update(heading.unwrap_or_default());
    hash.update(text);
    hash.finalize().into_iter().take(DIGEST_BYTES).collect()
}

/// The different words of a query, in their order.
fn distinct_words(terms: &str) -> Vec<&str> {
    let mut words: Vec<&str> = Vec::new();
    for word in terms.split(|c: char| c.is_whitespace() || c.is_control()) {
        if words.len() == MAX_WORDS {
            break;
        }
        if !word.is_empty() && !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// The best hits, the best first; of equals the one that comes first in its document.
fn best(mut hits: Vec<Hit>, limit: usize) -> Vec<Hit> {
    hits.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.passage.cmp(&b.passage)));
    hits.truncate(limit);
    hits
}
