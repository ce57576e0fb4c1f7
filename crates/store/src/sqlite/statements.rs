//! [`Database`] over SQLite.

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OpenFlags, ToSql, TransactionBehavior};

use super::{FILE, Failure, Sqlite, failure, migrations};
use crate::database::{Database, Done, Row, Statement, Value};
use crate::{Format, Stored};

impl Database for Sqlite {
    fn name(&self) -> String {
        match self.files().first() {
            Some(file) => format!("SQLite, {}", file.display()),
            None => "SQLite, without a directory".to_owned(),
        }
    }

    fn format(&self) -> Stored<Format> {
        self.blocking(|inner| {
            let path = inner.directory()?.join(FILE);
            let newest = migrations::NEWEST;
            if !path.exists() {
                return Ok(Format { found: None, newest });
            }
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let found =
                Connection::open_with_flags(&path, flags).and_then(|found| migrations::format(&found));
            let found = found.map_err(|error| failure(&error, &path))?;
            Ok(Format { found: (found != 0).then_some(found), newest })
        })
    }

    fn query(&self, statement: Statement) -> Stored<Vec<Row>> {
        self.read(move |connection| Ok(run(connection, &statement)?.rows))
    }

    fn write(&self, statements: Vec<Statement>) -> Stored<Vec<Done>> {
        self.write(move |connection| write(connection, &statements))
    }
}

fn write(connection: &mut Connection, statements: &[Statement]) -> Result<Vec<Done>, Failure> {
    // Immediate: no other process writes between a statement that reads and the commit.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut all = Vec::with_capacity(statements.len());
    for statement in statements {
        let done = run(&transaction, statement)?;
        if statement.must_change.is_some_and(|rows| rows != done.changed) {
            return Err(Failure::Changed);
        }
        all.push(done);
    }
    transaction.commit()?;
    Ok(all)
}

fn run(connection: &Connection, statement: &Statement) -> rusqlite::Result<Done> {
    // SQLite would number `$2`, `$1` in the order in which they occur; `?2` is a number for it.
    let mut prepared = connection.prepare(&statement.sql.replace('$', "?"))?;
    let parameters = rusqlite::params_from_iter(&statement.parameters);
    if prepared.column_count() == 0 {
        let changed = prepared.execute(parameters)?;
        return Ok(Done { rows: Vec::new(), changed: u64::try_from(changed).unwrap_or(u64::MAX) });
    }
    let columns = prepared.column_count();
    let mut found = prepared.query(parameters)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let values = (0..columns).map(|column| row.get_ref(column).and_then(value));
        rows.push(Row(values.collect::<Result<_, _>>()?));
    }
    let changed = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    Ok(Done { rows, changed })
}

fn value(value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(_) => Value::Text(value.as_str()?.to_owned()),
        ValueRef::Blob(value) => Value::Bytes(value.to_vec()),
        // No table of ours has such a column.
        ValueRef::Real(_) => return Err(rusqlite::Error::InvalidQuery),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}
