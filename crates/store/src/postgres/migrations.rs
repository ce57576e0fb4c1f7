//! Formats of the database. Each numbered file of SQL is the step to the format of its number.

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, SimpleQueryMessage};

use super::failure::Failure;
use crate::StoreError;

/// A step that was published is never changed.
const STEPS: [&str; 3] = [
    include_str!("migrations/0001_server.sql"),
    include_str!("migrations/0002_titles.sql"),
    include_str!("migrations/0003_index.sql"),
];

/// The format that this version writes.
pub(super) const NEWEST: i64 = STEPS.len() as i64;

/// One process migrates at a time: the others wait here, then find the newest format. The number is that of no other
/// program, as far as chance goes.
const BEGIN: &str =
    "BEGIN; SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(7018141438221644861)";

const IS_THERE: &str = "SELECT 1 FROM pg_tables
                        WHERE tablename = 'ollama_mcp_format' AND schemaname = ANY (current_schemas(false))";

/// The format that the database has; 0 without our tables.
pub(super) async fn format(client: &Client) -> Result<i64, Error> {
    // Asked first: a missing table would be an error in the server's log, and fail a transaction. `to_regclass` would not see
    // a table that another process made during this transaction.
    if first(client, IS_THERE).await?.is_none() {
        return Ok(0);
    }
    let found = first(client, "SELECT format FROM ollama_mcp_format").await?;
    Ok(found.and_then(|format| format.parse().ok()).unwrap_or(0))
}

/// Brings the database to the newest format, and refuses that of a newer version.
pub(super) async fn migrate(client: &Client, database: &str) -> Result<(), Failure> {
    if is_newest(format(client).await?, database)? {
        return Ok(());
    }
    let encoding = first(client, "SHOW server_encoding").await?.unwrap_or_default();
    if encoding != "UTF8" {
        let reason = format!("its encoding is {encoding}, and it must be UTF8");
        return Err(StoreError::Refused { database: database.to_owned(), reason }.into());
    }
    client.batch_execute(BEGIN).await?;
    let migrated = steps(client, database).await;
    // An error of its own would hide the first one; the connection is not used again after a failure.
    let ended = client.batch_execute(if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" }).await;
    migrated?;
    Ok(ended?)
}

async fn steps(client: &Client, database: &str) -> Result<(), Failure> {
    // Another process may have migrated it while this one waited.
    let found = format(client).await?;
    if is_newest(found, database)? {
        return Ok(());
    }
    for step in STEPS.iter().skip(usize::try_from(found).unwrap_or_default()) {
        client.batch_execute(step).await.map_err(|error| match error.code() {
            Some(code) if *code == SqlState::DUPLICATE_TABLE => StoreError::Refused {
                database: database.to_owned(),
                reason: "it has tables of another program, and ollama-mcp needs a database of its own"
                    .to_owned(),
            }
            .into(),
            _ => Failure::from(error),
        })?;
    }
    Ok(client.batch_execute(&format!("UPDATE ollama_mcp_format SET format = {NEWEST}")).await?)
}

fn is_newest(found: i64, database: &str) -> Result<bool, StoreError> {
    if !(0..=NEWEST).contains(&found) {
        return Err(StoreError::NewerDatabase { database: database.to_owned(), found, known: NEWEST });
    }
    Ok(found == NEWEST)
}

/// The first column of the first row.
async fn first(client: &Client, sql: &str) -> Result<Option<String>, Error> {
    let messages = client.simple_query(sql).await?;
    Ok(messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(ToOwned::to_owned),
        _ => None,
    }))
}
