//! One turn at a time in a conversation, across machines: an advisory lock for each, on one connection that a process
//! keeps for them. The server frees them when the connection ends, so a killed process blocks nobody; a row with an
//! expiry would block its conversation until then, and would cost two more writes to the disk for each turn. A process
//! that loses the connection and lives, as at a restart of the server, takes its locks again.
//!
//! The locks need a session of their own, which a pooler of transactions does not give. Where that shows, this process
//! stops locking: turns stay whole without locks, and a turn that lost a race is refused.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use platform::sync::lock;
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_postgres::Client;
use types::Owner;

use super::address::Address;
use super::failure::Failure;
use super::{APPLICATION, CALL_TIMEOUT, RETRY_INTERVAL, execute, tls};
use crate::StoreError;
use crate::conversations::{TryLock, TurnLock};
use crate::database::Value;

const LOCK: &str = "SELECT pg_try_advisory_lock($1)";
const UNLOCK: &str = "SELECT pg_advisory_unlock($1)";

/// The server notices within half a minute that a machine is gone, and frees its locks; by its defaults it takes two hours.
const KEEPALIVES: &str =
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3";

/// How long locks whose connection ended are tried to be had again.
const LOCK_AGAIN_WITHIN: Duration = Duration::from_secs(60);

/// Of a key: the name of the application that holds its lock.
const HOLDER: &str = "
    SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND ((l.classid::bigint << 32) | l.objid::bigint) = $1";

/// The locks of this process.
#[derive(Debug)]
pub(super) struct TurnLocks {
    address: Address,
    instance: String,
    /// The connection of the locks.
    session: tokio::sync::Mutex<Option<Arc<Client>>>,
    /// What this process holds, with the connection that has the lock, or tries to get: the server lets one session lock
    /// twice. A standard mutex, held to look one up.
    held: Mutex<HashMap<i64, Option<Arc<Client>>>>,
    is_one_session: AtomicBool,
}

/// The lock of a conversation, released when it is dropped.
#[derive(Debug)]
struct Held {
    locks: Arc<TurnLocks>,
    key: i64,
}

impl TurnLocks {
    pub(super) fn new(address: Address, instance: &str) -> Self {
        let instance = instance.to_owned();
        let (session, held) = (tokio::sync::Mutex::default(), Mutex::default());
        Self { address, instance, session, held, is_one_session: AtomicBool::new(true) }
    }

    /// Locks a conversation.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn try_lock(self: Arc<Self>, owner: &Owner, id: &str) -> Result<TryLock, StoreError> {
        if !self.is_one_session.load(Ordering::Relaxed) {
            return Ok(TryLock::Locked(Box::new(())));
        }
        let key = key(owner, id);
        let Some(mine) = Reserved::new(&self, key) else { return Ok(TryLock::Held { instance: None }) };
        let until = Instant::now() + CALL_TIMEOUT;
        let tried = timeout_at(until, self.lock(key)).await;
        let tried = tried.unwrap_or_else(|_| Err(self.unreachable("it does not answer").into()));
        match tried {
            Ok(Locking::Locked(session)) => {
                mine.keep(Arc::clone(&session));
                // The task of the connection may have looked before.
                if session.is_closed() {
                    let locks = Arc::downgrade(&self);
                    tokio::spawn(async move { lock_again(&locks).await });
                }
                let lock: TurnLock = Box::new(Held { locks: Arc::clone(&self), key });
                Ok(TryLock::Locked(lock))
            }
            Ok(Locking::HeldBy(application)) => {
                let name = application.as_deref().and_then(|name| name.strip_prefix(APPLICATION));
                let instance = name.filter(|name| *name != self.instance).map(ToOwned::to_owned);
                Ok(TryLock::Held { instance })
            }
            Err(failure) => {
                *self.session.lock().await = None;
                Err(failure.at(&self.address.name))
            }
        }
    }

    async fn lock(self: &Arc<Self>, key: i64) -> Result<Locking, Failure> {
        let session = self.session().await?;
        let parameters = [Value::Int(key)];
        if is_done(&session, LOCK, key).await? {
            return Ok(Locking::Locked(session));
        }
        let holder = execute(&session, HOLDER, &parameters).await?;
        Ok(Locking::HeldBy(holder.rows.first().map(|row| row.optional_text(0)).transpose()?.flatten()))
    }

    /// Boxed, since the task of a connection makes the next one.
    fn session(self: &Arc<Self>) -> BoxFuture<'_, Result<Arc<Client>, Failure>> {
        async move {
            let mut session = self.session.lock().await;
            if let Some(client) = session.as_ref().filter(|client| !client.is_closed()) {
                return Ok(Arc::clone(client));
            }
            let tls = tls::connector(&self.address).map_err(|error| self.unreachable(&error.to_string()))?;
            let (client, connection) = self.address.config.connect(tls).await?;
            let locks = Arc::downgrade(self);
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "the connection of the turn locks ended");
                }
                lock_again(&locks).await;
            });
            if let Err(error) = client.batch_execute(KEEPALIVES).await {
                tracing::debug!(%error, "the connection of the turn locks keeps the server's own keepalives");
            }
            let client = Arc::new(client);
            *session = Some(Arc::clone(&client));
            Ok(client)
        }
        .boxed()
    }

    async fn unlock(&self, key: i64) {
        loop {
            let session = lock(&self.held).get(&key).cloned().flatten();
            if let Some(session) = &session
                && matches!(is_done(session, UNLOCK, key).await, Ok(false))
                && self.is_one_session.swap(false, Ordering::Relaxed)
            {
                tracing::warn!(
                    "the database is behind a pooler of transactions, which loses locks: turns of one conversation on several \
                     instances are no longer kept apart, and those that meet are refused"
                );
            }
            let mut held = lock(&self.held);
            // Another connection may have it by now.
            if has_same_session(held.get(&key), session.as_ref()) {
                held.remove(&key);
                return;
            }
        }
    }

    /// Keys whose connection has ended.
    fn lost(&self) -> Vec<i64> {
        let held = lock(&self.held);
        let lost = held.iter().filter(|(_, session)| is_lost(session.as_ref()));
        lost.map(|(key, _)| *key).collect()
    }

    /// Locks what was lost, unless another process has it now.
    async fn lock_lost(self: &Arc<Self>) -> Result<(), Failure> {
        let session = self.session().await?;
        for key in self.lost() {
            if !is_done(&session, LOCK, key).await? {
                continue;
            }
            // Meanwhile the turn may have ended, and another one may have the key, or be about to: the server counts the locks
            // of a session, and that turn unlocks once.
            let is_taken = match lock(&self.held).get_mut(&key) {
                Some(held) if is_lost(held.as_ref()) => {
                    *held = Some(Arc::clone(&session));
                    true
                }
                _ => false,
            };
            if !is_taken {
                is_done(&session, UNLOCK, key).await?;
            }
        }
        Ok(())
    }

    fn unreachable(&self, reason: &str) -> StoreError {
        StoreError::Unreachable { database: self.address.name.clone(), reason: reason.to_owned() }
    }
}

enum Locking {
    Locked(Arc<Client>),
    /// The name of the application, where it may be seen.
    HeldBy(Option<String>),
}

/// A key that this process tries to lock.
struct Reserved<'a> {
    locks: &'a TurnLocks,
    key: i64,
    is_kept: bool,
}

impl<'a> Reserved<'a> {
    fn new(locks: &'a TurnLocks, key: i64) -> Option<Self> {
        let mut held = lock(&locks.held);
        if held.contains_key(&key) {
            return None;
        }
        held.insert(key, None);
        Some(Self { locks, key, is_kept: false })
    }

    fn keep(mut self, session: Arc<Client>) {
        lock(&self.locks.held).insert(self.key, Some(session));
        self.is_kept = true;
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            lock(&self.locks.held).remove(&self.key);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let (locks, key) = (Arc::clone(&self.locks), self.key);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move { locks.unlock(key).await })),
            // The process ends, and its connections with it.
            Err(_) => {
                lock(&locks.held).remove(&key);
            }
        }
    }
}

/// Takes the locks again whose connection has ended, until all are there: another process that looked whether one is free
/// may hold it for a moment.
async fn lock_again(locks: &Weak<TurnLocks>) {
    let until = Instant::now() + LOCK_AGAIN_WITHIN;
    while let Some(locks) = locks.upgrade().filter(|locks| !locks.lost().is_empty()) {
        if Instant::now() >= until {
            tracing::warn!(database = locks.address.name, "locks of turns were lost with their connection");
            return;
        }
        // It is tried again; a failed one says the same as the next call of the database.
        if timeout_at(Instant::now() + CALL_TIMEOUT, locks.lock_lost()).await.is_err() {
            // Its late answer may be a lock of which nobody knows.
            *locks.session.lock().await = None;
        }
        drop(locks);
        sleep(RETRY_INTERVAL).await;
    }
}

/// Runs one of [`LOCK`] and [`UNLOCK`]; whether it did it.
async fn is_done(session: &Client, statement: &str, key: i64) -> Result<bool, Failure> {
    let done = execute(session, statement, &[Value::Int(key)]).await?;
    Ok(done.rows.first().map(|row| row.int(0)).transpose()? == Some(1))
}

/// Whether the connection that has a lock has ended.
fn is_lost(session: Option<&Arc<Client>>) -> bool {
    session.is_some_and(|client| client.is_closed())
}

fn has_same_session(held: Option<&Option<Arc<Client>>>, session: Option<&Arc<Client>>) -> bool {
    match (held.and_then(Option::as_ref), session) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
    }
}

/// A key that tells neither the owner nor the id. No owner's name contains the separator.
fn key(owner: &Owner, id: &str) -> i64 {
    let digest = Sha256::digest(format!("{}\0{id}", owner.as_str()));
    digest.iter().take(8).fold(0, |key, byte| (key << 8) | i64::from(*byte))
}
