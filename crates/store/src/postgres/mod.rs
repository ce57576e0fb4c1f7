//! Everything in one PostgreSQL database, which several processes and machines may share.
//!
//! The first call connects and creates or migrates the tables. Statements are sent with the types of their parameters,
//! which needs no prepared statement and one round trip; those of a transaction are sent together.

mod address;
mod conversations;
mod failure;
mod migrations;
mod tls;
mod turn_lock;
mod values;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures_util::future::{BoxFuture, join, join_all, try_join_all};
use futures_util::{FutureExt as _, TryFutureExt as _, TryStreamExt as _};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::{Client, Error};

use super::database::{Database, Done, Row, Statement, Value};
use super::{Format, StoreError, Stored};
use address::Address;
use failure::{Failure, Next};
use turn_lock::TurnLocks;

pub use address::AddressError;

/// The name of the application at the server is this and the name of the instance.
const APPLICATION: &str = "ollama-mcp ";
/// Connections of one process.
const MAX_CONNECTIONS: usize = 10;
/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a server that is away is waited for: a restart takes about a second.
const AWAY_TIMEOUT: Duration = Duration::from_secs(3);
/// Between two tries to connect.
const RETRY_INTERVAL: Duration = Duration::from_millis(100);
/// How often a transaction that met another one is run.
const MAX_CONFLICTS: usize = 5;
/// Statements that are sent together.
const BATCH: usize = 16;

/// Begins a transaction that nothing holds up for long: neither another one, nor a client that went away in it.
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '5s'; \
                     SET LOCAL idle_in_transaction_session_timeout = '10s'";
/// As [`BEGIN`], one such transaction at a time, as SQLite has it: what a statement reads is so until the commit.
const BEGIN_ALONE: &str = "BEGIN; SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '5s'; \
                           SET LOCAL idle_in_transaction_session_timeout = '10s'; \
                           SELECT pg_advisory_xact_lock(7018141438221644862)";

/// A store in a PostgreSQL database. Clones share the connections.
#[derive(Debug, Clone)]
pub(crate) struct Postgres(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: Address,
    /// Made by the first call: stdio pays nothing before it.
    pool: OnceLock<Pool>,
    /// Whether the tables are known to be those of this version.
    is_migrated: AtomicBool,
    /// Of this process, one migrates and the others wait: each would take a connection.
    migrating: tokio::sync::Mutex<()>,
    turn_locks: Arc<TurnLocks>,
}

impl Postgres {
    /// A store in the database of a URL.
    ///
    /// # Errors
    /// The URL is none of PostgreSQL.
    pub(crate) fn new(url: &str, password: Option<&str>, instance: &str) -> Result<Self, AddressError> {
        let address = Address::parse(url, password, instance)?;
        let turn_locks = Arc::new(TurnLocks::new(address.clone(), instance));
        let pool = OnceLock::new();
        let (is_migrated, migrating) = (AtomicBool::new(false), tokio::sync::Mutex::default());
        Ok(Self(Arc::new(Inner { address, pool, is_migrated, migrating, turn_locks })))
    }

    /// Runs work on a connection, again where it failed before anything was written.
    fn call<T, W>(&self, work: W) -> Stored<T>
    where
        T: Send + 'static,
        W: for<'a> Fn(&'a Client) -> BoxFuture<'a, Result<T, Failure>> + Send + Sync + 'static,
    {
        let inner = Arc::clone(&self.0);
        // A task of its own: a caller who leaves does not cut a transaction in two.
        let task = async move {
            let ran = tokio::spawn(async move { inner.run(work).await }).await;
            ran.unwrap_or_else(|error| {
                tracing::error!(%error, "a task of the store failed");
                Err(StoreError::Unreadable)
            })
        };
        task.boxed()
    }
}

impl Inner {
    async fn run<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        W: for<'a> Fn(&'a Client) -> BoxFuture<'a, Result<T, Failure>>,
    {
        let started = Instant::now();
        let mut conflicts = 0;
        loop {
            let failure = match self.attempt(&work, started + CALL_TIMEOUT).await {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            if failure.is_about_tables() {
                self.is_migrated.store(false, Ordering::Release);
            }
            match failure.next() {
                Next::Retry if conflicts < MAX_CONFLICTS => conflicts += 1,
                Next::Reconnect if started.elapsed() < AWAY_TIMEOUT => sleep(RETRY_INTERVAL).await,
                _ => return Err(self.named(failure)),
            }
        }
    }

    async fn attempt<T, W>(&self, work: &W, until: Instant) -> Result<T, Failure>
    where
        W: for<'a> Fn(&'a Client) -> BoxFuture<'a, Result<T, Failure>>,
    {
        let client = timeout_at(until, self.migrated_connection()).await.map_err(|_| self.silent())??;
        let done = timeout_at(until, work(&client)).await.unwrap_or_else(|_| Err(self.silent().into()));
        match &done {
            Ok(_) => {}
            // It may be in the middle of a transaction, or of an answer.
            Err(Failure::Store(StoreError::Unreachable { .. })) => discard(client),
            Err(failure) if failure.breaks_connection() => discard(client),
            // Without a transaction this is a warning in the server's log at most.
            Err(_) => match timeout_at(until, client.batch_execute("ROLLBACK")).await {
                Ok(Ok(())) => {}
                _ => discard(client),
            },
        }
        done
    }

    /// A connection to a database whose tables are those of this version.
    async fn migrated_connection(&self) -> Result<Object, Failure> {
        let client = self.connection().await?;
        if self.is_migrated.load(Ordering::Acquire) {
            return Ok(client);
        }
        let _one = self.migrating.lock().await;
        if !self.is_migrated.load(Ordering::Acquire) {
            if let Err(failure) = migrations::migrate(&client, &self.address.name).await {
                discard(client);
                return Err(failure);
            }
            self.is_migrated.store(true, Ordering::Release);
        }
        Ok(client)
    }

    async fn connection(&self) -> Result<Object, Failure> {
        let pool = match self.pool.get() {
            Some(pool) => pool,
            None => {
                let pool = self.new_pool().map_err(|reason| self.unreachable(&reason))?;
                // If two first calls race, one of the two pools is dropped unused.
                self.pool.get_or_init(|| pool)
            }
        };
        pool.get().await.map_err(failure::of_pool)
    }

    fn new_pool(&self) -> Result<Pool, String> {
        let tls = tls::connector(&self.address).map_err(|error| error.to_string())?;
        let config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(self.address.config.clone(), tls, config);
        Pool::builder(manager)
            .max_size(MAX_CONNECTIONS)
            .wait_timeout(Some(CALL_TIMEOUT / 2))
            .create_timeout(Some(CALL_TIMEOUT / 2))
            .recycle_timeout(Some(CALL_TIMEOUT / 2))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| error.to_string())
    }

    fn unreachable(&self, reason: &str) -> StoreError {
        StoreError::Unreachable { database: self.address.name.clone(), reason: reason.to_owned() }
    }

    fn silent(&self) -> StoreError {
        self.unreachable(&format!("it does not answer within {} s", CALL_TIMEOUT.as_secs()))
    }

    fn named(&self, failure: Failure) -> StoreError {
        match failure.at(&self.address.name) {
            StoreError::Unreachable { reason, .. } => self.unreachable(&reason),
            error => error,
        }
    }
}

/// Closes a connection in place of putting it back.
fn discard(client: Object) {
    drop(Object::take(client));
}

impl Database for Postgres {
    fn name(&self) -> String {
        self.0.address.name.clone()
    }

    fn format(&self) -> Stored<Format> {
        let inner = Arc::clone(&self.0);
        let format = async move {
            let client = inner.connection().await?;
            let read = timeout_at(Instant::now() + CALL_TIMEOUT, migrations::format(&client)).await;
            let found = read.map_err(|_| inner.silent())??;
            Ok(Format { found: (found > 0).then_some(found), newest: migrations::NEWEST })
        };
        let inner = Arc::clone(&self.0);
        format.map_err(move |failure: Failure| inner.named(failure)).boxed()
    }

    fn query(&self, statement: Statement) -> Stored<Vec<Row>> {
        self.call(move |client| {
            let statement = statement.clone();
            async move { Ok(run(client, &statement).await?.rows) }.boxed()
        })
    }

    fn write(&self, statements: Vec<Statement>) -> Stored<Vec<Done>> {
        let statements = Arc::new(statements);
        self.call(move |client| {
            let statements = Arc::clone(&statements);
            async move { write(client, &statements).await }.boxed()
        })
    }
}

async fn write(client: &Client, statements: &[Statement]) -> Result<Vec<Done>, Failure> {
    let mut batches = statements.chunks(BATCH);
    let first = join_all(batches.next().unwrap_or_default().iter().map(|statement| run(client, statement)));
    // Polled in this order, and so sent in this order.
    let (begun, first) = join(client.batch_execute(BEGIN_ALONE), first).await;
    begun?;
    let mut all = first.into_iter().collect::<Result<Vec<_>, _>>()?;
    for batch in batches {
        all.extend(try_join_all(batch.iter().map(|statement| run(client, statement))).await?);
    }
    let as_required = |(statement, done): (&Statement, &Done)| {
        statement.must_change.is_none_or(|rows| rows == done.changed)
    };
    if !statements.iter().zip(&all).all(as_required) {
        return Err(StoreError::Changed.into());
    }
    client.batch_execute("COMMIT").await.map_err(Failure::Commit)?;
    Ok(all)
}

/// Runs one statement.
async fn run(client: &Client, statement: &Statement) -> Result<Done, Failure> {
    execute(client, &statement.sql, &statement.parameters).await
}

async fn execute(client: &Client, sql: &str, parameters: &[Value]) -> Result<Done, Failure> {
    let typed = parameters.iter().map(|value| (value, value.sql_type()));
    let stream = client.query_typed_raw(sql, typed).await?;
    let mut stream = std::pin::pin!(stream);
    let mut rows = Vec::new();
    while let Some(row) = stream.try_next().await? {
        let values = (0..row.len()).map(|column| row.try_get::<_, Value>(column));
        rows.push(Row(values.collect::<Result<_, Error>>().map_err(|_| StoreError::Unreadable)?));
    }
    Ok(Done { rows, changed: stream.rows_affected().unwrap_or_default() })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
