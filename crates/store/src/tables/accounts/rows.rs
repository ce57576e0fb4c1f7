//! Rows of users, keys and sessions, and the statements that read them.

use types::{Limits, Owner, Scope};

use super::{ApiKey, Session, SessionKind, User};
use crate::StoreError;
use crate::database::{Row, Value};

pub(super) const USERS: &str =
    "SELECT id, email, is_admin, is_disabled, created_ms FROM users ORDER BY email";
pub(super) const USER_BY_EMAIL: &str =
    "SELECT id, email, is_admin, is_disabled, created_ms, password_hash FROM users WHERE email = $1";
pub(super) const KEYS: &str = "SELECT id, name, prefix, owner, user_id, scopes, models, requests_per_minute, tokens_per_day, concurrency, priority, \
     created_ms, expires_ms, is_disabled, hash FROM api_keys ORDER BY created_ms DESC, id";
pub(super) const PUT_KEY: &str = "INSERT INTO api_keys (id, name, prefix, owner, user_id, scopes, models, requests_per_minute, tokens_per_day, \
     concurrency, priority, created_ms, expires_ms, is_disabled, hash) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, prefix = excluded.prefix, scopes = excluded.scopes, \
     expires_ms = excluded.expires_ms, is_disabled = excluded.is_disabled, hash = excluded.hash";
pub(super) const SESSIONS_AFTER: &str = "SELECT id, kind, owner, user_id, secret_hash, created_ms, expires_ms FROM sessions WHERE expires_ms > $1";
pub(super) const SESSION: &str =
    "SELECT id, kind, owner, user_id, secret_hash, created_ms, expires_ms FROM sessions WHERE id = $1";
pub(super) const ADD_SESSION: &str = "INSERT INTO sessions (id, kind, owner, user_id, secret_hash, created_ms, expires_ms) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(super) fn user(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        id: row.text(0)?,
        email: row.text(1)?,
        is_admin: row.int(2)? != 0,
        is_disabled: row.int(3)? != 0,
        created_ms: row.int(4)?,
    })
}

/// The hash of a key, and what else is known of it.
pub(super) fn key(row: &Row) -> Result<(String, ApiKey), StoreError> {
    let models = row.optional_text(6)?;
    let models = models.map(|models| serde_json::from_str(&models)).transpose();
    let limits = Limits {
        models: models.map_err(|_| StoreError::Unreadable)?,
        requests_per_minute: number(row.optional_int(7)?)?,
        tokens_per_day: number(row.optional_int(8)?)?,
        concurrency: number(row.optional_int(9)?)?,
        priority: row.int(10)?.try_into().map_err(|_| StoreError::Unreadable)?,
    };
    // A scope of a later version allows nothing here.
    let scopes = row.text(5)?.split_ascii_whitespace().filter_map(Scope::parse).collect();
    let key = ApiKey {
        id: row.text(0)?,
        name: row.text(1)?,
        prefix: row.text(2)?,
        owner: owner(row, 3)?,
        user_id: row.optional_text(4)?,
        scopes,
        limits,
        created_ms: row.int(11)?,
        expires_ms: row.optional_int(12)?,
        is_disabled: row.int(13)? != 0,
    };
    Ok((row.text(14)?, key))
}

pub(super) fn values_of_key(key: &ApiKey, hash: &str) -> Vec<Value> {
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let models = key.limits.models.as_ref().map(|models| serde_json::Value::from(models.clone()).to_string());
    vec![
        key.id.as_str().into(),
        key.name.as_str().into(),
        key.prefix.as_str().into(),
        key.owner.as_str().into(),
        key.user_id.clone().into(),
        scopes.join(" ").into(),
        models.into(),
        key.limits.requests_per_minute.map(i64::from).into(),
        key.limits.tokens_per_day.map(|tokens| i64::try_from(tokens).unwrap_or(i64::MAX)).into(),
        key.limits.concurrency.map(i64::from).into(),
        i64::from(key.limits.priority).into(),
        key.created_ms.into(),
        key.expires_ms.into(),
        key.is_disabled.into(),
        hash.into(),
    ]
}

pub(super) fn session(row: &Row) -> Result<Session, StoreError> {
    let kind = match row.text(1)?.as_str() {
        "token" => SessionKind::Token,
        "browser" => SessionKind::Browser,
        _ => return Err(StoreError::Unreadable),
    };
    Ok(Session {
        id: row.text(0)?,
        kind,
        owner: owner(row, 2)?,
        user_id: row.optional_text(3)?,
        secret_hash: row.optional_text(4)?,
        created_ms: row.int(5)?,
        expires_ms: row.int(6)?,
    })
}

pub(super) fn values_of_session(session: &Session) -> Vec<Value> {
    let kind = match session.kind {
        SessionKind::Token => "token",
        SessionKind::Browser => "browser",
    };
    vec![
        session.id.as_str().into(),
        kind.into(),
        session.owner.as_str().into(),
        session.user_id.clone().into(),
        session.secret_hash.clone().into(),
        session.created_ms.into(),
        session.expires_ms.into(),
    ]
}

fn owner(row: &Row, column: usize) -> Result<Owner, StoreError> {
    Owner::new(&row.text(column)?).ok_or(StoreError::Unreadable)
}

fn number<T: TryFrom<i64>>(value: Option<i64>) -> Result<Option<T>, StoreError> {
    value.map(T::try_from).transpose().map_err(|_| StoreError::Unreadable)
}
