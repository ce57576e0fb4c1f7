//! The sessions of a server: bounded in number, each found by its own caller alone, ended when nobody uses it any more.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

use platform::sync::lock;
use tokio_util::sync::CancellationToken;

use super::session::Session;
use crate::server::McpServer;
use service::Caller;

/// How often unused sessions are looked for, as a part of the time that they live.
const SWEEPS_PER_LIFE: u32 = 8;

/// The part of the sessions that one owner may have.
const OWNERS_AT_LEAST: usize = 4;
/// One owner may have so many in any case, if there are so many.
const MIN_OF_OWNER: usize = 16;

/// Why no session was opened: the number that is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooMany {
    OfCaller(usize),
    OfAll(usize),
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfAll(max) => write!(f, "all {max} sessions"),
            Self::OfCaller(max) => write!(f, "all {max} sessions of one caller"),
        }
    }
}

/// The sessions.
pub(super) struct Sessions {
    max: usize,
    idle_timeout: Duration,
    shutdown: CancellationToken,
    /// A standard mutex: held for one change or one look-up, never across an await.
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    sessions: HashMap<Arc<str>, Arc<Session>>,
    /// Whether a task ends unused ones; the first session starts it.
    sweeping: bool,
}

impl Sessions {
    pub(super) fn new(max: usize, idle_timeout: Duration, shutdown: CancellationToken) -> Arc<Self> {
        Arc::new(Self { max, idle_timeout, shutdown, table: Mutex::default() })
    }

    /// Opens a session. One owner cannot take the sessions of all others.
    ///
    /// # Errors
    /// There are too many.
    pub(super) fn open(
        self: &Arc<Self>,
        server: &McpServer,
        caller: Caller,
    ) -> Result<Arc<Session>, TooMany> {
        let mut table = self.lock();
        if table.sessions.len() >= self.max {
            return Err(TooMany::OfAll(self.max));
        }
        let max_of_owner = (self.max / OWNERS_AT_LEAST).max(MIN_OF_OWNER);
        let of_owner = table.sessions.values().filter(|session| *session.owner() == caller.owner).count();
        if of_owner >= max_of_owner {
            return Err(TooMany::OfCaller(max_of_owner));
        }
        let all = Arc::downgrade(self);
        let session = Session::open(server, caller, &self.shutdown, move |id| {
            if let Some(all) = all.upgrade() {
                all.lock().sessions.remove(id);
            }
        });
        table.sessions.insert(Arc::clone(&session.id), Arc::clone(&session));
        if !std::mem::replace(&mut table.sweeping, true) {
            tokio::spawn(sweep(
                Arc::downgrade(self),
                self.idle_timeout / SWEEPS_PER_LIFE,
                self.shutdown.clone(),
            ));
        }
        Ok(session)
    }

    /// Ends all sessions of a caller.
    pub(super) fn end_of(&self, caller: &Caller) {
        let sessions: Vec<_> = {
            let table = self.lock();
            table.sessions.values().filter(|session| session.belongs_to(caller)).cloned().collect()
        };
        for session in sessions {
            self.end(&session);
        }
    }

    /// The caller's session of this id. That of another caller does not exist.
    pub(super) fn find(&self, id: &str, caller: &Caller) -> Option<Arc<Session>> {
        self.lock().sessions.get(id).filter(|session| session.belongs_to(caller)).cloned()
    }

    /// Ends a session. Its id is unknown from now on.
    pub(super) fn end(&self, session: &Session) {
        self.lock().sessions.remove(&session.id);
        session.end();
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.lock().sessions.len()
    }

    fn end_unused(&self) {
        let unused: Vec<_> = {
            let table = self.lock();
            table
                .sessions
                .values()
                .filter(|session| session.idle_for() >= self.idle_timeout)
                .cloned()
                .collect()
        };
        for session in unused {
            tracing::debug!("a session was not used any more");
            self.end(&session);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

async fn sweep(sessions: Weak<Sessions>, interval: Duration, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(interval) => {}
        }
        let Some(sessions) = sessions.upgrade() else { return };
        sessions.end_unused();
    }
}
