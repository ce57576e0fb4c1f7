//! A database as the tables see it: statements with parameters, and rows. What is above this is written once for SQLite
//! and PostgreSQL.
//!
//! Both take the same statements: parameters as `$1`, `RETURNING`, `ON CONFLICT`; integers of 64 bits, texts and bytes as
//! values. Times are milliseconds of Unix time, and truth values are 0 and 1, since the databases have different types
//! for these.

use std::borrow::Cow;
use std::fmt::Debug;

use super::{StoreError, Stored};

/// A value of a column or a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// One statement with its parameters, which its text names by number: `$1`. It has no `$` elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    pub(crate) sql: Cow<'static, str>,
    pub(crate) parameters: Vec<Value>,
    /// The number of rows that it must change, or the whole transaction fails with [`StoreError::Changed`].
    pub(crate) must_change: Option<u64>,
}

impl Statement {
    pub(crate) fn new(
        sql: impl Into<Cow<'static, str>>,
        parameters: impl IntoIterator<Item = Value>,
    ) -> Self {
        Self { sql: sql.into(), parameters: parameters.into_iter().collect(), must_change: None }
    }

    // Tables of today count rows themselves; the contract holds databases to it.
    #[cfg(any(test, feature = "contract"))]
    /// Fails the transaction unless exactly `rows` change.
    pub(crate) fn must_change(mut self, rows: u64) -> Self {
        self.must_change = Some(rows);
        self
    }
}

/// What a statement did: the rows that it returned, and how many it changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Done {
    pub(crate) rows: Vec<Row>,
    pub(crate) changed: u64,
}

/// The format of the tables of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// `None`: there are no tables yet.
    pub found: Option<i64>,
    /// The format that this version writes.
    pub newest: i64,
}

/// A database.
pub(crate) trait Database: Debug + Send + Sync {
    /// What it is and where, without a password.
    fn name(&self) -> String;

    /// The format of its tables, without changing them.
    fn format(&self) -> Stored<Format>;

    /// The rows of a statement that only reads.
    fn query(&self, statement: Statement) -> Stored<Vec<Row>>;

    /// Runs statements in one transaction: all of them, or none. Such transactions run one after another, over all
    /// processes, so what a statement reads holds until the commit.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where a statement changed another number of rows than it must, or would break a unique or
    /// a foreign key.
    fn write(&self, statements: Vec<Statement>) -> Stored<Vec<Done>>;
}

/// A row, read column by column. A value of another type than expected is damage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row(pub(crate) Vec<Value>);

/// A column that does not hold what it must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongColumn;

impl From<WrongColumn> for StoreError {
    fn from(_: WrongColumn) -> Self {
        Self::Unreadable
    }
}

impl Row {
    pub(crate) fn int(&self, column: usize) -> Result<i64, WrongColumn> {
        self.optional_int(column)?.ok_or(WrongColumn)
    }

    pub(crate) fn optional_int(&self, column: usize) -> Result<Option<i64>, WrongColumn> {
        match self.0.get(column) {
            Some(Value::Int(value)) => Ok(Some(*value)),
            Some(Value::Null) => Ok(None),
            _ => Err(WrongColumn),
        }
    }

    pub(crate) fn text(&self, column: usize) -> Result<String, WrongColumn> {
        self.optional_text(column)?.ok_or(WrongColumn)
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<String>, WrongColumn> {
        match self.0.get(column) {
            Some(Value::Text(value)) => Ok(Some(value.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(WrongColumn),
        }
    }

    pub(crate) fn bytes(&self, column: usize) -> Result<Vec<u8>, WrongColumn> {
        match self.0.get(column) {
            Some(Value::Bytes(value)) => Ok(value.clone()),
            _ => Err(WrongColumn),
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
