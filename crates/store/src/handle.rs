//! One database with all its tables.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt as _;

use super::database::Database;
use super::postgres::Postgres;
use super::{
    Accounts, AddressError, Answers, ConversationIndex, ConversationStore, Format, PassageIndex, Sqlite,
    Stored, Uploads, Usage,
};
use crate::index::PostgresIndex;

/// A database with all its tables. Clones are the same one.
#[derive(Debug, Clone)]
pub struct Store {
    conversations: Arc<dyn ConversationStore>,
    database: Arc<dyn Database>,
    files: Vec<PathBuf>,
    /// In the same database.
    index: Option<Arc<dyn PassageIndex>>,
}

impl Store {
    /// SQLite in a directory, as [`Sqlite::new`].
    pub fn sqlite(directory: Option<PathBuf>) -> Self {
        let sqlite = Arc::new(Sqlite::new(directory));
        Self { conversations: Arc::clone(&sqlite) as _, files: sqlite.files(), database: sqlite, index: None }
    }

    /// PostgreSQL at a URL, as libpq takes it. `instance` is the name of this process for others: a turn that runs here
    /// is reported under it.
    ///
    /// # Errors
    /// The text is no URL of PostgreSQL.
    pub fn postgres(url: &str, instance: &str) -> Result<Self, AddressError> {
        Self::postgres_with_password(url, None, instance)
    }

    /// The same with the password of a URL that has none.
    ///
    /// # Errors
    /// As [`Self::postgres`]; the URL has a password, too.
    pub fn postgres_with_password(
        url: &str,
        password: Option<&str>,
        instance: &str,
    ) -> Result<Self, AddressError> {
        let postgres = Arc::new(Postgres::new(url, password, instance)?);
        let index = PostgresIndex::new(Arc::clone(&postgres) as _);
        Ok(Self {
            conversations: Arc::clone(&postgres) as _,
            database: postgres,
            files: Vec::new(),
            index: Some(Arc::new(index)),
        })
    }

    /// The files of this machine that hold what is stored, whether they exist or not.
    pub fn files(&self) -> Vec<PathBuf> {
        self.files.clone()
    }

    pub(crate) fn database(&self) -> Arc<dyn Database> {
        Arc::clone(&self.database)
    }

    /// What the database is and where, without a password.
    pub fn name(&self) -> String {
        self.database.name()
    }

    /// The format of the tables, without changing them.
    pub fn format(&self) -> Stored<Format> {
        self.database.format()
    }

    /// Creates the tables, or brings them to the newest format.
    pub fn migrate(&self) -> Stored<()> {
        // Whatever is written first does so.
        let written = self.database.write(Vec::new());
        async move { written.await.map(drop) }.boxed()
    }

    pub fn conversations(&self) -> Arc<dyn ConversationStore> {
        Arc::clone(&self.conversations)
    }

    pub fn accounts(&self) -> Accounts {
        Accounts::new(Arc::clone(&self.database))
    }

    pub fn answers(&self) -> Answers {
        Answers::new(Arc::clone(&self.database))
    }

    pub fn uploads(&self) -> Uploads {
        Uploads::new(Arc::clone(&self.database))
    }

    pub fn conversation_index(&self) -> ConversationIndex {
        ConversationIndex::new(Arc::clone(&self.database))
    }

    /// The index of uploads that is in the database, and loses what a deleted upload had; `None` for SQLite, beside which a
    /// [`SqliteIndex`](crate::SqliteIndex) has a file of its own.
    pub fn passage_index(&self) -> Option<Arc<dyn PassageIndex>> {
        self.index.clone()
    }

    pub fn usage(&self) -> Usage {
        Usage::new(Arc::clone(&self.database))
    }
}
