//! Users, their keys and their sessions.
//!
//! Each change raises the revision in its own transaction, so that another process sees it when it reads that one row.

mod checks;
mod rows;

use std::sync::Arc;

use futures_util::FutureExt as _;
use types::{Limits, Owner, Scope};

use crate::Stored;
use crate::database::{Database, Statement, Value};

#[cfg(any(test, feature = "contract"))]
pub use checks::{AccountCheck, CHECKS as ACCOUNT_CHECKS};

/// A user who signs in with a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Also the name of the user's owner.
    pub id: String,
    /// In lower case.
    pub email: String,
    pub is_admin: bool,
    pub is_disabled: bool,
    pub created_ms: i64,
}

/// A user to be added. It has no `Debug`, since it holds the hash of a password.
#[derive(Clone)]
pub struct NewUser {
    pub id: String,
    pub email: String,
    pub password_hash: String,
    pub is_admin: bool,
    pub created_ms: i64,
}

/// A key, without the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    pub id: String,
    pub name: String,
    /// The first characters, by which people tell keys apart.
    pub prefix: String,
    pub owner: Owner,
    /// The user whose key it is; `None` for a key with an owner of its own.
    pub user_id: Option<String>,
    pub scopes: Vec<Scope>,
    pub limits: Limits,
    pub created_ms: i64,
    /// `None`: never.
    pub expires_ms: Option<i64>,
    /// It was revoked.
    pub is_disabled: bool,
}

/// How a session is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SessionKind {
    /// A signed token.
    Token,
    /// A cookie and a secret.
    Browser,
}

/// Who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    pub id: String,
    pub kind: SessionKind,
    pub owner: Owner,
    /// `None` for the user of this machine.
    pub user_id: Option<String>,
    /// SHA-256 of the secret, in hexadecimal; `None` for a token.
    pub secret_hash: Option<String>,
    pub created_ms: i64,
    pub expires_ms: i64,
}

/// All that decides who may call, as it was at a revision or later.
#[derive(Debug, Clone, Default)]
pub struct AccountState {
    pub revision: i64,
    pub users: Vec<User>,
    /// Each with the SHA-256 of the key, in hexadecimal.
    pub keys: Vec<(String, ApiKey)>,
    /// Those that have not expired.
    pub sessions: Vec<Session>,
}

/// Users, their keys and their sessions.
#[derive(Debug, Clone)]
pub struct Accounts(Arc<dyn Database>);

impl Accounts {
    pub(crate) fn new(database: Arc<dyn Database>) -> Self {
        Self(database)
    }

    /// The number that each change raises.
    pub fn revision(&self) -> Stored<i64> {
        let sql = "SELECT revision FROM revisions WHERE name = 'accounts'";
        let rows = self.0.query(Statement::new(sql, []));
        async move { Ok(rows.await?.first().map_or(Ok(0), |row| row.int(0))?) }.boxed()
    }

    /// All users and keys, and the sessions that have not expired at `now_ms`.
    pub fn state(&self, now_ms: i64) -> Stored<AccountState> {
        let this = self.clone();
        async move {
            // First: a change after it raises it, and the state is read again.
            let revision = this.revision().await?;
            let users = this.users().await?;
            let keys = this.all_keys().await?;
            let sql = rows::SESSIONS_AFTER;
            let found = this.0.query(Statement::new(sql, [now_ms.into()])).await?;
            let sessions = found.iter().map(rows::session).collect::<Result<_, _>>()?;
            Ok(AccountState { revision, users, keys, sessions })
        }
        .boxed()
    }

    /// All users, by email.
    pub fn users(&self) -> Stored<Vec<User>> {
        let rows = self.0.query(Statement::new(rows::USERS, []));
        async move { rows.await?.iter().map(rows::user).collect::<Result<_, _>>() }.boxed()
    }

    /// The user with this email, and the hash of the password.
    pub fn user_by_email(&self, email: &str) -> Stored<Option<(User, String)>> {
        let rows = self.0.query(Statement::new(rows::USER_BY_EMAIL, [email.into()]));
        async move {
            let rows = rows.await?;
            let Some(row) = rows.first() else { return Ok(None) };
            Ok(Some((rows::user(row)?, row.text(5)?)))
        }
        .boxed()
    }

    /// Adds a user; `false` where the email is taken.
    pub fn add_user(&self, user: NewUser) -> Stored<bool> {
        let sql = "INSERT INTO users (id, email, password_hash, is_admin, is_disabled, created_ms) \
                   VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT (email) DO NOTHING";
        let NewUser { id, email, password_hash, is_admin, created_ms } = user;
        self.change([Statement::new(
            sql,
            [id.into(), email.into(), password_hash.into(), is_admin.into(), created_ms.into()],
        )])
    }

    /// Replaces the password and ends the user's sessions; `false` where there is no such user.
    pub fn set_password(&self, user_id: &str, password_hash: &str) -> Stored<bool> {
        let sql = "UPDATE users SET password_hash = $1 WHERE id = $2";
        self.change([Statement::new(sql, [password_hash.into(), user_id.into()]), end_sessions(user_id)])
    }

    /// Disables a user and ends the sessions, or enables the user again; `false` where there is no such user.
    pub fn set_disabled(&self, user_id: &str, is_disabled: bool) -> Stored<bool> {
        let sql = "UPDATE users SET is_disabled = $1 WHERE id = $2";
        let update = Statement::new(sql, [is_disabled.into(), user_id.into()]);
        match is_disabled {
            true => self.change(vec![update, end_sessions(user_id)]),
            false => self.change(vec![update]),
        }
    }

    /// Removes a user with keys, sessions, conversations and stored answers. Files expire at `now_ms`: whoever deletes expired ones deletes
    /// their bytes. `false` where there is no such user.
    pub fn remove_user(&self, user_id: &str, now_ms: i64) -> Stored<bool> {
        let of_user = |sql| Statement::new(sql, [user_id.into()]);
        self.change([
            of_user("DELETE FROM users WHERE id = $1"),
            of_user("DELETE FROM api_keys WHERE user_id = $1"),
            end_sessions(user_id),
            of_user("DELETE FROM messages WHERE owner = $1"),
            of_user("DELETE FROM conversations WHERE owner = $1"),
            of_user("DELETE FROM answers WHERE owner = $1"),
            Statement::new(
                "UPDATE uploads SET expires_ms = $1 WHERE owner = $2",
                [now_ms.into(), user_id.into()],
            ),
        ])
    }

    /// All keys, the newest first.
    pub fn keys(&self) -> Stored<Vec<ApiKey>> {
        let keys = self.all_keys();
        async move { Ok(keys.await?.into_iter().map(|(_, key)| key).collect()) }.boxed()
    }

    fn all_keys(&self) -> Stored<Vec<(String, ApiKey)>> {
        let rows = self.0.query(Statement::new(rows::KEYS, []));
        async move { rows.await?.iter().map(rows::key).collect::<Result<_, _>>() }.boxed()
    }

    /// Adds a key, whose SHA-256 in hexadecimal is `hash`. One with the same id is replaced.
    pub fn put_key(&self, key: &ApiKey, hash: &str) -> Stored<bool> {
        self.change([Statement::new(rows::PUT_KEY, rows::values_of_key(key, hash))])
    }

    /// Revokes a key; `false` where there is none that is valid.
    pub fn revoke_key(&self, id: &str) -> Stored<bool> {
        let sql = "UPDATE api_keys SET is_disabled = 1 WHERE id = $1 AND is_disabled = 0";
        self.change([Statement::new(sql, [id.into()])])
    }

    /// Adds a session, and removes those that have expired when it begins. The revision stays: no process knows it yet.
    pub fn add_session(&self, session: &Session) -> Stored<()> {
        let sql = "DELETE FROM sessions WHERE expires_ms <= $1";
        let expired = Statement::new(sql, [session.created_ms.into()]);
        let add = Statement::new(rows::ADD_SESSION, rows::values_of_session(session));
        let done = self.0.write(vec![expired, add]);
        async move { done.await.map(drop) }.boxed()
    }

    /// A session, whether it has expired or not.
    pub fn session(&self, id: &str) -> Stored<Option<Session>> {
        let rows = self.0.query(Statement::new(rows::SESSION, [id.into()]));
        async move { rows.await?.first().map(rows::session).transpose() }.boxed()
    }

    /// Ends a session; `false` where there is none.
    pub fn end_session(&self, id: &str) -> Stored<bool> {
        self.change([Statement::new("DELETE FROM sessions WHERE id = $1", [id.into()])])
    }

    /// The secret of a name; it becomes `new` where there is none yet.
    pub fn secret(&self, name: &str, new: Vec<u8>) -> Stored<Vec<u8>> {
        let this = self.clone();
        let name = name.to_owned();
        async move {
            let read = || {
                this.0.query(Statement::new(
                    "SELECT value FROM secrets WHERE name = $1",
                    [name.as_str().into()],
                ))
            };
            if let Some(row) = read().await?.first() {
                return Ok(row.bytes(0)?);
            }
            // Another process may be first: then its secret is the one.
            let sql = "INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
            this.0.write(vec![Statement::new(sql, [name.as_str().into(), new.into()])]).await?;
            Ok(read().await?.first().ok_or(crate::StoreError::Unreadable)?.bytes(0)?)
        }
        .boxed()
    }

    /// Runs statements and raises the revision; whether the first one has changed something.
    fn change(&self, statements: impl IntoIterator<Item = Statement>) -> Stored<bool> {
        let raise = "UPDATE revisions SET revision = revision + 1 WHERE name = 'accounts'";
        let statements = statements.into_iter().chain([Statement::new(raise, [])]).collect();
        let done = self.0.write(statements);
        async move { Ok(done.await?.first().is_some_and(|first| first.changed > 0)) }.boxed()
    }
}

fn end_sessions(user_id: &str) -> Statement {
    Statement::new("DELETE FROM sessions WHERE user_id = $1", [Value::from(user_id)])
}
