//! The index in a SQLite file of its own, or in memory.
//!
//! It is derived data: a file that is damaged or of another format is replaced by an empty one. Nothing of it is held in memory
//! between two calls but its connections: vectors are read when a question is asked.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use platform::sync::lock;
use rusqlite::Connection;
use types::Owner;

use super::{Hit, IndexSummary, IndexedDocument, IndexedPassage, NewDocument, PassageIndex, Unembedded};
use crate::sqlite::{Opened, blocking, failure};
use crate::{StoreError, Stored};

mod documents;
mod embeddings;
mod file;
mod passages;
mod purge;
mod put;
mod vectors;
mod words;

/// The file in the data directory.
const FILE: &str = "index.db";
/// Connections that are kept for reading; more searches at one time open their own.
const MAX_READERS: usize = 2;

/// The index of all owners in one file, which several processes may share. Clones share the connections.
#[derive(Debug, Clone)]
pub struct SqliteIndex(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// `None`: in memory.
    directory: Option<PathBuf>,
    /// Standard mutexes: held for whole transactions, but on blocking threads alone. In memory, all calls use this one.
    writer: Mutex<Option<Opened>>,
    readers: Mutex<Vec<Opened>>,
    /// Whether words of removed passages are in the file, for all that this process knows.
    is_purge_needed: AtomicBool,
}

impl SqliteIndex {
    /// The index in a data directory, which is created at the first use, as the file is; `None`: in memory, where it lasts as
    /// long as this value and its clones.
    pub fn new(directory: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner {
            directory,
            writer: Mutex::default(),
            readers: Mutex::default(),
            is_purge_needed: AtomicBool::new(false),
        }))
    }

    /// The files that hold the index, whether they exist or not.
    pub fn files(&self) -> Vec<PathBuf> {
        let Some(directory) = &self.0.directory else { return Vec::new() };
        ["", "-wal", "-shm", "-journal"].map(|end| directory.join(format!("{FILE}{end}"))).into()
    }

    /// Whether there is a file. Without one nothing is indexed, and no call needs to make it.
    pub fn exists(&self) -> bool {
        self.files().first().is_some_and(|file| file.exists())
    }

    /// The size of these files.
    pub fn bytes(&self) -> u64 {
        self.files().iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum()
    }

    /// Overwrites what was removed, and gives its space back to the disk.
    pub fn compact(&self) -> Stored<()> {
        let inner = Arc::clone(&self.0);
        blocking(FILE, move || purge::compact(&inner))
    }

    /// Those who have documents.
    pub fn owners(&self) -> Stored<Vec<Owner>> {
        self.read(|connection| documents::owners(connection))
    }

    fn read<T, W>(&self, work: W) -> Stored<T>
    where
        T: Send + 'static,
        W: Fn(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        blocking(FILE, move || inner.read(&work))
    }

    /// Runs work that writes, in a transaction of its own.
    fn write<T, W>(&self, work: W) -> Stored<T>
    where
        T: Send + 'static,
        W: Fn(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let inner = Arc::clone(&self.0);
        let written = {
            let inner = Arc::clone(&inner);
            blocking(FILE, move || inner.write(&work))
        };
        async move {
            let written = written.await;
            if inner.is_purge_needed.swap(false, Ordering::AcqRel) {
                // Rewriting the index of words takes seconds where it is large; nobody waits for it.
                drop(tokio::task::spawn_blocking(move || purge::in_steps(&inner)));
            }
            written
        }
        .boxed()
    }

    /// As [`Self::write`], for work that removes words. No file is made for it.
    fn removing<W>(&self, work: W) -> Stored<usize>
    where
        W: Fn(&mut Connection) -> rusqlite::Result<usize> + Send + 'static,
    {
        if !self.0.is_there() {
            return async { Ok(0) }.boxed();
        }
        let inner = Arc::clone(&self.0);
        self.write(move |connection| {
            let removed = work(connection)?;
            inner.is_purge_needed.fetch_or(removed > 0, Ordering::AcqRel);
            Ok(removed)
        })
    }
}

impl Inner {
    fn write<T>(&self, work: impl Fn(&mut Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.run(&mut lock(&self.writer), work)
    }

    fn read<T>(&self, work: impl Fn(&mut Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        if self.directory.is_none() {
            return self.write(work);
        }
        let mut opened = lock(&self.readers).pop();
        let result = self.run(&mut opened, work);
        let mut readers = lock(&self.readers);
        if readers.len() < MAX_READERS {
            readers.extend(opened.filter(|_| result.is_ok()));
        }
        result
    }

    fn is_there(&self) -> bool {
        self.directory.is_none() || self.path().exists()
    }

    fn path(&self) -> PathBuf {
        self.directory.as_deref().unwrap_or_else(|| Path::new("")).join(FILE)
    }

    /// Runs work; once more with an empty file where the file is damaged.
    fn run<T>(
        &self,
        opened: &mut Option<Opened>,
        work: impl Fn(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let path = self.path();
        // Another process may have replaced the file.
        if self.directory.is_some() && opened.as_ref().is_some_and(|opened| !opened.is_still_at(&path)) {
            *opened = None;
        }
        let work_on = |opened: &mut Option<Opened>| -> Result<rusqlite::Result<T>, StoreError> {
            let connection = match opened {
                Some(opened) => &mut opened.connection,
                none => &mut none.insert(self.open(&path)?).connection,
            };
            Ok(work(connection))
        };
        let mut result = work_on(opened)?;
        if self.directory.is_some()
            && let Err(error) = &result
            && file::is_damage(error)
        {
            *opened = None;
            file::replace(&path)?;
            result = work_on(opened)?;
        }
        result.map_err(|error| failure(&error, &path))
    }

    fn open(&self, path: &Path) -> Result<Opened, StoreError> {
        let opened = match &self.directory {
            Some(directory) => file::open(directory, path)?,
            None => file::in_memory(path)?,
        };
        let is_needed = purge::is_needed(&opened.connection).map_err(|error| failure(&error, path))?;
        self.is_purge_needed.fetch_or(is_needed, Ordering::AcqRel);
        Ok(opened)
    }
}

impl PassageIndex for SqliteIndex {
    fn documents(&self, owner: &Owner, keys: Vec<String>) -> Stored<Vec<IndexedDocument>> {
        let owner = owner.clone();
        self.read(move |connection| documents::by_keys(connection, &owner, &keys))
    }

    fn documents_below(&self, owner: &Owner, prefix: &str) -> Stored<Vec<IndexedDocument>> {
        let (owner, prefix) = (owner.clone(), prefix.to_owned());
        self.read(move |connection| documents::below(connection, &owner, &prefix))
    }

    fn put(&self, owner: &Owner, document: NewDocument) -> Stored<i64> {
        let owner = owner.clone();
        self.write(move |connection| put::put(connection, &owner, &document))
    }

    fn touch(&self, owner: &Owner, document: i64, name: &str, size: u64, modified_ns: i64) -> Stored<()> {
        let (owner, name) = (owner.clone(), name.to_owned());
        self.write(move |connection| documents::touch(connection, &owner, document, &name, size, modified_ns))
    }

    fn remove(&self, owner: Option<&Owner>, keys: Vec<String>) -> Stored<usize> {
        let owner = owner.cloned();
        self.removing(move |connection| put::remove(connection, owner.as_ref(), &keys))
    }

    fn clear(&self, owner: Option<&Owner>) -> Stored<usize> {
        let owner = owner.cloned();
        self.removing(move |connection| put::clear(connection, owner.as_ref()))
    }

    fn summary(&self, owner: &Owner) -> Stored<IndexSummary> {
        let (owner, index) = (owner.clone(), self.clone());
        self.read(move |connection| {
            let bytes = index.0.directory.as_ref().map(|_| index.bytes());
            documents::summary(connection, &owner, bytes)
        })
    }

    fn unembedded(
        &self,
        owner: &Owner,
        documents: Vec<i64>,
        model: &str,
        limit: usize,
    ) -> Stored<(Vec<Unembedded>, usize)> {
        let (owner, model) = (owner.clone(), model.to_owned());
        self.read(move |connection| embeddings::missing(connection, &owner, &documents, &model, limit))
    }

    fn put_embeddings(&self, owner: &Owner, model: &str, vectors: Vec<(i64, Vec<f32>)>) -> Stored<()> {
        let (owner, model) = (owner.clone(), model.to_owned());
        self.write(move |connection| embeddings::put(connection, &owner, &model, &vectors))
    }

    fn search_words(
        &self,
        owner: &Owner,
        documents: Vec<i64>,
        terms: &str,
        limit: usize,
    ) -> Stored<Vec<Hit>> {
        let (owner, terms) = (owner.clone(), terms.to_owned());
        self.read(move |connection| words::search(connection, &owner, &documents, &terms, limit))
    }

    fn search_vectors(
        &self,
        owner: &Owner,
        documents: Vec<i64>,
        model: &str,
        query: Vec<f32>,
        limit: usize,
    ) -> Stored<Vec<Hit>> {
        let (owner, model) = (owner.clone(), model.to_owned());
        self.read(move |connection| vectors::search(connection, &owner, &documents, &model, &query, limit))
    }

    fn passages(&self, owner: &Owner, ids: Vec<i64>) -> Stored<Vec<IndexedPassage>> {
        let owner = owner.clone();
        self.read(move |connection| passages::by_ids(connection, &owner, &ids))
    }

    fn passages_of(
        &self,
        owner: &Owner,
        document: i64,
        from: u32,
        limit: usize,
    ) -> Stored<Vec<IndexedPassage>> {
        let owner = owner.clone();
        self.read(move |connection| passages::of_document(connection, &owner, document, from, limit))
    }
}

#[cfg(test)]
mod tests;
