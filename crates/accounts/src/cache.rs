//! Keys and sessions in memory, so that a request with a known one needs no database.
//!
//! It is empty until the first credential is shown. From then on the revision is polled: one row, by which this process learns
//! what others have changed. For what is not in memory the revision is read again, so that a new key is valid immediately. All
//! that wait for it share one look, and there is one every [`MISS_INTERVAL`], so a flood of wrong keys costs the database little.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use platform::sync::lock;
use store::{AccountState, Session, StoreError, User};

use super::credential::Credential;
use super::random::now_ms;

/// How often the revision is read while a server runs.
pub const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How often it is read for credentials that are not in memory.
const MISS_INTERVAL: Duration = Duration::from_millis(50);
/// What is in memory counts no longer than this without a look at the database: a replica that has lost it would never learn
/// that a key was revoked.
const MAX_AGE: Duration = Duration::from_secs(60);

type OnEnd = Box<dyn Fn(&Credential) + Send + Sync>;

/// What is known of keys and sessions.
pub(crate) struct Cache {
    table: store::Accounts,
    /// A standard mutex: held for one look-up or one exchange.
    loaded: Mutex<Option<Loaded>>,
    /// When the revision was read. Held while it is read: others wait for that one.
    checked: tokio::sync::Mutex<Option<Instant>>,
    on_end: OnceLock<OnEnd>,
}

struct Loaded {
    revision: i64,
    /// When the database was last asked.
    checked: Instant,
    users: HashMap<String, Arc<User>>,
    /// By the SHA-256 of the key in hexadecimal.
    keys: HashMap<String, Arc<Credential>>,
    sessions: HashMap<String, Arc<Credential>>,
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cache(..)")
    }
}

impl Cache {
    pub(crate) fn new(table: store::Accounts) -> Self {
        Self {
            table,
            loaded: Mutex::default(),
            checked: tokio::sync::Mutex::default(),
            on_end: OnceLock::new(),
        }
    }

    /// Calls a function with each credential that ends while this process knows it. Only the first one counts.
    pub(crate) fn observe_ends(&self, on_end: OnEnd) {
        let _ = self.on_end.set(on_end);
    }

    /// A valid key by its hash.
    ///
    /// # Errors
    /// The database fails, and has failed for a while.
    pub(crate) async fn key(&self, hash: &str) -> Result<Option<Arc<Credential>>, StoreError> {
        let find = || self.find(|loaded| loaded.keys.get(hash));
        if let Some(found) = find() {
            return Ok(Some(found));
        }
        self.refresh_for_miss().await?;
        Ok(find())
    }

    /// A valid session by its id.
    ///
    /// # Errors
    /// As [`Self::key`].
    pub(crate) async fn session(&self, id: &str) -> Result<Option<Arc<Credential>>, StoreError> {
        let find = || self.find(|loaded| loaded.sessions.get(id));
        if let Some(found) = find() {
            return Ok(Some(found));
        }
        self.refresh_for_miss().await?;
        if let Some(found) = find() {
            return Ok(Some(found));
        }
        // Sessions that begin raise no revision.
        let revision = self.revision();
        let Some(session) = self.table.session(id).await? else { return Ok(None) };
        self.insert(session, revision);
        Ok(find())
    }

    /// Adds a session that was read, or has begun, at a revision. At another one it may have ended meanwhile.
    pub(crate) fn insert(&self, session: Session, revision: Option<i64>) {
        let now = now_ms();
        let mut guard = lock(&self.loaded);
        let Some(loaded) = guard.as_mut().filter(|loaded| Some(loaded.revision) == revision) else { return };
        let user = session.user_id.as_ref().and_then(|id| loaded.users.get(id)).cloned();
        if let Some(credential) = Credential::of_session(session, user, now) {
            loaded.sessions.insert(credential.id.to_string(), Arc::new(credential));
        }
    }

    /// The revision of what is in memory.
    pub(crate) fn revision(&self) -> Option<i64> {
        lock(&self.loaded).as_ref().map(|loaded| loaded.revision)
    }

    /// Reads the revision, and all else where it has changed.
    ///
    /// # Errors
    /// The database fails.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let mut checked = self.checked.lock().await;
        self.read(&mut checked).await
    }

    /// Makes sure that the revision was read after this call began.
    async fn refresh_for_miss(&self) -> Result<(), StoreError> {
        let began = Instant::now();
        let mut checked = self.checked.lock().await;
        if let Some(last) = *checked {
            // Another one that waited has read it.
            if last >= began {
                return Ok(());
            }
            // Who waits for the lock meanwhile shares what is read then.
            tokio::time::sleep_until((last + MISS_INTERVAL).into()).await;
        }
        self.read(&mut checked).await
    }

    async fn read(&self, checked: &mut Option<Instant>) -> Result<(), StoreError> {
        let now = Instant::now();
        // Also where it fails: a database that does not answer is not asked more often.
        *checked = Some(now);
        let revision = self.table.revision().await?;
        if self.revision() != Some(revision) {
            let state = self.table.state(now_ms()).await?;
            self.install(state, now);
        } else if let Some(loaded) = lock(&self.loaded).as_mut() {
            loaded.checked = now;
        }
        Ok(())
    }

    /// Polls once, where something is in memory, and ends what has expired.
    pub(crate) async fn poll(&self) {
        if self.revision().is_none() {
            return;
        }
        if let Err(error) = self.refresh().await {
            tracing::warn!(%error, "the accounts cannot be read");
        }
        self.end_expired(now_ms());
    }

    fn end_expired(&self, now: i64) {
        let expired: Vec<_> = {
            let mut guard = lock(&self.loaded);
            let Some(loaded) = guard.as_mut() else { return };
            let mut expired = Vec::new();
            for credentials in [&mut loaded.keys, &mut loaded.sessions] {
                credentials.retain(|_, credential| {
                    let has_expired = credential.has_expired(now);
                    if has_expired {
                        expired.push(Arc::clone(credential));
                    }
                    !has_expired
                });
            }
            expired
        };
        self.end(&expired);
    }

    fn find(&self, get: impl Fn(&Loaded) -> Option<&Arc<Credential>>) -> Option<Arc<Credential>> {
        let guard = lock(&self.loaded);
        let loaded = guard.as_ref().filter(|loaded| loaded.checked.elapsed() < MAX_AGE)?;
        get(loaded).filter(|credential| credential.is_valid(now_ms())).cloned()
    }

    /// Replaces what is in memory. What is still valid stays the same; the rest ends.
    fn install(&self, state: AccountState, checked: Instant) {
        let now = now_ms();
        let users: HashMap<_, _> =
            state.users.into_iter().map(|user| (user.id.clone(), Arc::new(user))).collect();
        let user_of = |id: &Option<String>| id.as_ref().and_then(|id| users.get(id)).cloned();
        let keys = state.keys.into_iter().filter_map(|(hash, key)| {
            let user = user_of(&key.user_id);
            Some((hash, Credential::of_key(key, user, now)?))
        });
        let mut keys: HashMap<_, _> = keys.map(|(hash, key)| (hash, Arc::new(key))).collect();
        let sessions = state.sessions.into_iter().filter_map(|session| {
            let user = user_of(&session.user_id);
            Credential::of_session(session, user, now)
        });
        let mut sessions: HashMap<_, _> =
            sessions.map(|session| (session.id.to_string(), Arc::new(session))).collect();
        let ended = {
            let mut guard = lock(&self.loaded);
            let mut ended = Vec::new();
            if let Some(old) = guard.take() {
                for (old, new) in [(old.keys, &mut keys), (old.sessions, &mut sessions)] {
                    for (name, credential) in old {
                        match new.get_mut(&name) {
                            Some(found) if found.is_same(&credential) => *found = credential,
                            _ => ended.push(credential),
                        }
                    }
                }
            }
            *guard = Some(Loaded { revision: state.revision, checked, users, keys, sessions });
            ended
        };
        self.end(&ended);
    }

    fn end(&self, credentials: &[Arc<Credential>]) {
        for credential in credentials {
            credential.ended().cancel();
            if let Some(on_end) = self.on_end.get() {
                on_end(credential);
            }
        }
    }
}
