//! A key or a session that is valid, and what it allows.

use std::sync::Arc;

use store::{ApiKey, Session, SessionKind, User};
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;
use types::{Limits, Owner, Scope};

use super::random::{digest, to_hex};

/// What users may do, and keys that name no scopes.
pub const DEFAULT_SCOPES: &[Scope] =
    &[Scope::Chat, Scope::Embed, Scope::ModelsRead, Scope::Conversations, Scope::Files, Scope::Mcp];

/// How a caller has shown who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    Key,
    /// A signed token of a session.
    Token,
    /// The cookie and the secret of a session.
    Browser,
}

/// What a user may do.
pub fn scopes_of_user(is_admin: bool) -> &'static [Scope] {
    if is_admin { Scope::ALL } else { DEFAULT_SCOPES }
}

/// A key or a session that was valid when it was looked up.
pub struct Credential {
    pub kind: CredentialKind,
    /// Of the key or the session.
    pub id: Arc<str>,
    pub owner: Owner,
    /// The user who has signed in, or whose key it is.
    pub user: Option<Arc<User>>,
    pub scopes: Arc<[Scope]>,
    pub limits: Arc<Limits>,
    /// Milliseconds of Unix time; `None`: never.
    pub expires_ms: Option<i64>,
    /// Of the secret that comes with a cookie.
    secret_hash: Option<String>,
    /// Cancelled when it is not valid any more.
    ended: CancellationToken,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, id, owner, .. } = self;
        f.debug_struct("Credential")
            .field("kind", kind)
            .field("id", id)
            .field("owner", owner)
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// A key; `None` where it is not valid: it was revoked, has expired, or its user is disabled.
    pub(crate) fn of_key(key: ApiKey, user: Option<Arc<User>>, now_ms: i64) -> Option<Self> {
        let ApiKey { id, owner, user_id, mut scopes, limits, expires_ms, is_disabled, .. } = key;
        if is_disabled || !is_usable(user_id.is_some(), user.as_deref()) {
            return None;
        }
        if let Some(user) = &user {
            let of_user = scopes_of_user(user.is_admin);
            scopes.retain(|scope| of_user.contains(scope));
        }
        let credential = Self {
            kind: CredentialKind::Key,
            id: id.into(),
            owner,
            user,
            scopes: scopes.into(),
            limits: Arc::new(limits),
            expires_ms,
            secret_hash: None,
            ended: CancellationToken::new(),
        };
        (!credential.has_expired(now_ms)).then_some(credential)
    }

    /// A session; `None` where it is not valid: it has expired, or its user is disabled.
    pub(crate) fn of_session(session: Session, user: Option<Arc<User>>, now_ms: i64) -> Option<Self> {
        let Session { id, kind, owner, user_id, secret_hash, expires_ms, .. } = session;
        if !is_usable(user_id.is_some(), user.as_deref()) {
            return None;
        }
        // A session of no user is that of whoever runs the server.
        let scopes = scopes_of_user(user.as_ref().is_none_or(|user| user.is_admin));
        let credential = Self {
            kind: match kind {
                SessionKind::Token => CredentialKind::Token,
                SessionKind::Browser => CredentialKind::Browser,
            },
            id: id.into(),
            owner,
            user,
            scopes: scopes.into(),
            limits: Arc::default(),
            expires_ms: Some(expires_ms),
            secret_hash,
            ended: CancellationToken::new(),
        };
        (!credential.has_expired(now_ms)).then_some(credential)
    }

    /// Whether it allows something.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// Ends when it is not valid any more: revoked, signed out, disabled or expired.
    pub fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    pub(crate) fn is_valid(&self, now_ms: i64) -> bool {
        !self.ended.is_cancelled() && !self.has_expired(now_ms)
    }

    pub(crate) fn has_expired(&self, now_ms: i64) -> bool {
        self.expires_ms.is_some_and(|expires| expires <= now_ms)
    }

    /// Whether a secret is the one of this session, compared by its digest.
    pub(crate) fn has_secret(&self, secret: &str) -> bool {
        let given = to_hex(&digest(secret));
        self.secret_hash.as_ref().is_some_and(|hash| hash.as_bytes().ct_eq(given.as_bytes()).into())
    }

    /// Whether it is the same one with the same rights, so that what it has begun may go on.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.id == other.id
            && self.owner == other.owner
            && self.user == other.user
            && self.scopes == other.scopes
            && self.limits == other.limits
            && self.expires_ms == other.expires_ms
            && self.secret_hash == other.secret_hash
    }
}

fn is_usable(needs_user: bool, user: Option<&User>) -> bool {
    !needs_user || user.is_some_and(|user| !user.is_disabled)
}
