//! Failures of PostgreSQL as errors of the store.

use std::error::Error as _;

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::StoreError;
use crate::database::WrongColumn;

/// Why a call failed.
#[derive(Debug)]
pub(super) enum Failure {
    Postgres(Error),
    /// The connection failed while a transaction was committed: it may have been.
    Commit(Error),
    Store(StoreError),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<WrongColumn> for Failure {
    fn from(error: WrongColumn) -> Self {
        Self::Store(error.into())
    }
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Report,
    /// Nothing was written: run it again, on the same connection.
    Retry,
    /// As [`Next::Retry`], on another connection.
    Reconnect,
}

impl Failure {
    pub(super) fn next(&self) -> Next {
        match self {
            Self::Postgres(error) => match error.code() {
                Some(code) if is_conflict(code) => Next::Retry,
                Some(code) if is_away(code) => Next::Reconnect,
                Some(_) => Next::Report,
                None if is_broken(error) => Next::Reconnect,
                None => Next::Report,
            },
            Self::Commit(error) if error.code().is_some_and(is_conflict) => Next::Retry,
            Self::Commit(_) | Self::Store(_) => Next::Report,
        }
    }

    /// Whether the tables are not those that the statement needs: another version may have changed them.
    pub(super) fn is_about_tables(&self) -> bool {
        let (Self::Postgres(error) | Self::Commit(error)) = self else { return false };
        error
            .code()
            .is_some_and(|code| [SqlState::UNDEFINED_TABLE, SqlState::UNDEFINED_COLUMN].contains(code))
    }

    pub(super) fn breaks_connection(&self) -> bool {
        match self {
            Self::Postgres(error) | Self::Commit(error) => {
                error.code().is_some_and(is_away) || is_broken(error)
            }
            Self::Store(_) => false,
        }
    }

    pub(super) fn at(self, database: &str) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Postgres(error) | Self::Commit(error) => store_error(&error, database),
        }
    }
}

fn is_conflict(code: &SqlState) -> bool {
    [SqlState::T_R_SERIALIZATION_FAILURE, SqlState::T_R_DEADLOCK_DETECTED].contains(code)
}

/// Whether the server stops, starts, or has no connection left.
fn is_away(code: &SqlState) -> bool {
    code.code().starts_with("08")
        || code.code().starts_with("57P")
        || [SqlState::TOO_MANY_CONNECTIONS, SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT].contains(code)
}

/// Whether the connection failed rather than the statement.
fn is_broken(error: &Error) -> bool {
    error.as_db_error().is_none()
        && (error.is_closed() || error.source().is_some_and(|cause| cause.is::<std::io::Error>()))
}

/// A failure to get a connection.
pub(super) fn of_pool(error: PoolError) -> Failure {
    match error {
        PoolError::Backend(error) => Failure::Postgres(error),
        PoolError::Timeout(_)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_) => Failure::Store(StoreError::Unreachable {
            database: String::new(),
            reason: "no connection is free".to_owned(),
        }),
    }
}

fn store_error(error: &Error, database: &str) -> StoreError {
    let database = database.to_owned();
    let Some(found) = error.as_db_error() else {
        let reason = root_cause(error);
        return match error.to_string().as_str() {
            // No password, or a method of signing in that is not known.
            "authentication error" | "invalid configuration" => StoreError::Refused { database, reason },
            _ => StoreError::Unreachable { database, reason },
        };
    };
    let (code, message) = (found.code(), found.message().to_owned());
    if [SqlState::UNIQUE_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION].contains(code) {
        return StoreError::Changed;
    }
    if is_away(code) {
        return StoreError::Unreachable { database, reason: message };
    }
    // These name the user, the database or the table, and nothing that is stored.
    let is_refusal = code.code().starts_with("28")
        || code.code().starts_with("3D")
        || [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::READ_ONLY_SQL_TRANSACTION].contains(code);
    if is_refusal {
        return StoreError::Refused { database, reason: message };
    }
    let reason = match code {
        code if *code == SqlState::DISK_FULL => "its disk is full".to_owned(),
        code if *code == SqlState::QUERY_CANCELED || *code == SqlState::LOCK_NOT_AVAILABLE => {
            "it is kept busy".to_owned()
        }
        // Other messages quote values.
        code => format!("SQLSTATE {}", code.code()),
    };
    StoreError::Failed { database, reason }
}

/// The last cause, which says most: the others only say that there is one.
fn root_cause(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = next.to_string();
        cause = next.source();
    }
    text
}
