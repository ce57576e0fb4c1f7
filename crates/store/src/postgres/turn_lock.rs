//! One turn at a time in a conversation, across machines: an advisory lock for each, on one connection that a process
//! keeps for them. The server frees them when the connection ends, so a killed process blocks nobody; a row with an
//! expiry would block its conversation until then, and would cost two more writes to the disk for each turn.
//!
//! The locks need a session of their own, which a pooler of transactions does not give. Where that shows, this process
//! stops locking: turns stay whole without locks, and a turn that lost a race is refused.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use platform::sync::lock;
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, timeout_at};
use tokio_postgres::Client;
use types::Owner;

use super::address::Address;
use super::failure::Failure;
use super::{APPLICATION, CALL_TIMEOUT, execute, tls};
use crate::StoreError;
use crate::conversations::{TryLock, TurnLock};
use crate::database::Value;

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
    /// What this process holds or tries to get: the server lets one session lock twice. A standard mutex, held to look
    /// one up.
    held: Mutex<HashSet<i64>>,
    is_one_session: AtomicBool,
}

/// The lock of a conversation, released when it is dropped.
#[derive(Debug)]
struct Held {
    locks: Arc<TurnLocks>,
    session: Arc<Client>,
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
                mine.keep();
                let lock: TurnLock = Box::new(Held { locks: Arc::clone(&self), session, key });
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

    async fn lock(&self, key: i64) -> Result<Locking, Failure> {
        let session = self.session().await?;
        let parameters = [Value::Int(key)];
        let locked = execute(&session, "SELECT pg_try_advisory_lock($1)", &parameters).await?;
        if locked.rows.first().map(|row| row.int(0)).transpose()? == Some(1) {
            return Ok(Locking::Locked(session));
        }
        let holder = execute(&session, HOLDER, &parameters).await?;
        Ok(Locking::HeldBy(holder.rows.first().map(|row| row.optional_text(0)).transpose()?.flatten()))
    }

    async fn session(&self) -> Result<Arc<Client>, Failure> {
        let mut session = self.session.lock().await;
        if let Some(client) = session.as_ref().filter(|client| !client.is_closed()) {
            return Ok(Arc::clone(client));
        }
        let tls = tls::connector(&self.address).map_err(|error| self.unreachable(&error.to_string()))?;
        let (client, connection) = self.address.config.connect(tls).await?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection of the turn locks ended");
            }
        });
        let client = Arc::new(client);
        *session = Some(Arc::clone(&client));
        Ok(client)
    }

    async fn unlock(&self, session: &Client, key: i64) {
        let parameters = [Value::Int(key)];
        let unlocked = execute(session, "SELECT pg_advisory_unlock($1)", &parameters).await;
        let was_held = unlocked.ok().and_then(|done| done.rows.first().map(|row| row.int(0)));
        if matches!(was_held, Some(Ok(0))) && self.is_one_session.swap(false, Ordering::Relaxed) {
            tracing::warn!(
                "the database is behind a pooler of transactions, which loses locks: turns of one conversation on several \
                 instances are no longer kept apart, and those that meet are refused"
            );
        }
        lock(&self.held).remove(&key);
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
        let is_free = lock(&locks.held).insert(key);
        // Lazily: dropping a reservation gives the key back.
        is_free.then(|| Self { locks, key, is_kept: false })
    }

    fn keep(mut self) {
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
        let (locks, session, key) = (Arc::clone(&self.locks), Arc::clone(&self.session), self.key);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(async move { locks.unlock(&session, key).await })),
            // The process ends, and its connections with it.
            Err(_) => {
                lock(&locks.held).remove(&key);
            }
        }
    }
}

/// A key that tells neither the owner nor the id. No owner's name contains the separator.
fn key(owner: &Owner, id: &str) -> i64 {
    let digest = Sha256::digest(format!("{}\0{id}", owner.as_str()));
    digest.iter().take(8).fold(0, |key, byte| (key << 8) | i64::from(*byte))
}
