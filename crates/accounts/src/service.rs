//! Signing in and out, and finding who is behind a key, a token or a cookie.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use store::{Session, SessionKind, Store, User};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use types::Owner;

use super::backoff::Backoff;
use super::cache::{Cache, POLL_INTERVAL};
use super::credential::{Credential, CredentialKind};
use super::launch::LaunchCodes;
use super::password::Passwords;
use super::random::{self, now_ms};
use super::token::Tokens;
use super::{AccountError, SignInError, email, key, password};

/// The name of the stored secret that signs tokens.
const SIGNING_KEY: &str = "token-signing-key";
/// A longer password is wrong without a look at it.
const MAX_PASSWORD_BYTES: usize = 1024;

/// What the settings say of accounts.
#[derive(Clone)]
pub struct AccountOptions {
    /// Signs tokens; `None`: a key in the database.
    pub secret_key: Option<String>,
    /// How long a session lasts.
    pub session_lifetime: Duration,
}

impl Default for AccountOptions {
    fn default() -> Self {
        Self { secret_key: None, session_lifetime: Duration::from_secs(24 * 3600) }
    }
}

/// Users, keys and sessions of one database.
#[derive(Debug)]
pub struct AccountService {
    pub(crate) table: store::Accounts,
    pub(crate) cache: Cache,
    pub(crate) passwords: Passwords,
    tokens: OnceCell<Tokens>,
    backoff: Backoff,
    launch: LaunchCodes,
    secret_key: Option<Box<Secret>>,
    session_lifetime: Duration,
}

struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// A session that has begun. It has no `Debug`, since it holds secrets.
pub struct SignedIn {
    /// What is sent as the key, or as the cookie.
    pub token: String,
    /// What a page sends beside the cookie; `None` for a token.
    pub secret: Option<String>,
    pub lifetime: Duration,
    /// `None` for the user of this machine.
    pub user: Option<User>,
}

impl AccountService {
    pub fn new(store: &Store, options: AccountOptions) -> Self {
        let table = store.accounts();
        Self {
            cache: Cache::new(table.clone()),
            table,
            passwords: Passwords::new(),
            tokens: OnceCell::new(),
            backoff: Backoff::default(),
            launch: LaunchCodes::default(),
            secret_key: options.secret_key.map(|key| Box::new(Secret(key))),
            session_lifetime: options.session_lifetime,
        }
    }

    /// The credential of a key; `None` where it is not valid.
    ///
    /// # Errors
    /// The database fails.
    pub async fn by_key(&self, key: &str) -> Result<Option<Arc<Credential>>, AccountError> {
        Ok(self.cache.key(&key::hash(key)).await?)
    }

    /// The credential of a signed token; `None` where it is not valid, or its session has ended.
    ///
    /// # Errors
    /// The database fails.
    pub async fn by_token(&self, token: &str) -> Result<Option<Arc<Credential>>, AccountError> {
        let found = self.session(token).await?;
        Ok(found.filter(|credential| credential.kind == CredentialKind::Token))
    }

    /// The credential of a cookie and the secret that came with it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn by_cookie(
        &self,
        cookie: &str,
        secret: &str,
    ) -> Result<Option<Arc<Credential>>, AccountError> {
        let found = self.session(cookie).await?;
        Ok(found
            .filter(|credential| credential.kind == CredentialKind::Browser && credential.has_secret(secret)))
    }

    async fn session(&self, token: &str) -> Result<Option<Arc<Credential>>, AccountError> {
        let Some(claims) = self.tokens().await?.verify(token) else { return Ok(None) };
        Ok(self.cache.session(&claims.sid).await?)
    }

    /// Signs a user in. An unknown email takes as long as a wrong password.
    ///
    /// # Errors
    /// It is wrong, or too many were before.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        address: IpAddr,
        kind: SessionKind,
    ) -> Result<SignedIn, SignInError> {
        let email = email::normalized(email).unwrap_or_default();
        let attempt = self.backoff.begin(&email, address, Instant::now());
        let attempt = attempt.map_err(|retry_after| SignInError::TooMany { retry_after })?;
        let found = self.table.user_by_email(&email).await.map_err(AccountError::from)?;
        let hash = found.as_ref().map(|(_, hash)| hash.clone());
        let password = if password.len() > MAX_PASSWORD_BYTES { String::new() } else { password.to_owned() };
        let is_right = self.passwords.verify(password, hash).await?;
        let Some((user, hash)) = found.filter(|(user, _)| is_right && !user.is_disabled) else {
            return Err(SignInError::Wrong);
        };
        self.backoff.succeeded(&attempt, Instant::now());
        let owner = Owner::new(&user.id).ok_or(SignInError::Wrong)?;
        let (session, signed_in) = self.begin(owner, Some(user), kind).await?;
        // The password may have changed, or the user been disabled, while this was checked.
        let now = self.table.user_by_email(&email).await.map_err(AccountError::from)?;
        if !now.is_some_and(|(user, current)| current == hash && !user.is_disabled) {
            self.table.end_session(&session.id).await.map_err(AccountError::from)?;
            return Err(SignInError::Wrong);
        }
        Ok(signed_in)
    }

    /// Replaces the password of a user who knows the current one. All sessions of the user end, and a new one begins.
    ///
    /// # Errors
    /// As [`Self::sign_in`], for the current password; the new one is refused.
    pub async fn change_password(
        &self,
        email: &str,
        current: &str,
        new: &str,
        address: IpAddr,
        kind: SessionKind,
    ) -> Result<SignedIn, SignInError> {
        let user = self.sign_in(email, current, address, kind).await?.user.ok_or(SignInError::Wrong)?;
        password::check(new, &user.email)?;
        let hash = self.passwords.hash(new.to_owned()).await?;
        if !self.table.set_password(&user.id, &hash).await.map_err(AccountError::from)? {
            return Err(SignInError::Wrong);
        }
        let owner = Owner::new(&user.id).ok_or(SignInError::Wrong)?;
        // Begun first: the end of the old sessions ends the request that asks for this.
        let (_, signed_in) = self.begin(owner, Some(user), kind).await?;
        self.changed().await;
        Ok(signed_in)
    }

    /// A code by which the user of this machine opens a session in a browser: once, for ten minutes, in this process.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn launch_code(&self) -> Result<String, AccountError> {
        self.launch.issue(Instant::now())
    }

    /// Opens a browser session of the user of this machine by a code.
    ///
    /// # Errors
    /// The code is wrong, was used, or is too old.
    pub async fn sign_in_by_code(&self, code: &str) -> Result<SignedIn, SignInError> {
        if !self.launch.redeem(code, Instant::now()) {
            return Err(SignInError::Wrong);
        }
        Ok(self.begin(Owner::local(), None, SessionKind::Browser).await?.1)
    }

    /// Ends a session: its token, its cookie, and what it has open. `false` for a key, which is revoked instead.
    ///
    /// # Errors
    /// The database fails.
    pub async fn sign_out(&self, credential: &Credential) -> Result<bool, AccountError> {
        if credential.kind == CredentialKind::Key {
            return Ok(false);
        }
        self.table.end_session(&credential.id).await?;
        self.cache.refresh().await?;
        Ok(true)
    }

    /// Whether anybody could call with a credential: a user who is not disabled, or a valid key.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_callers(&self) -> Result<bool, AccountError> {
        let now = now_ms();
        let state = self.table.state(now).await?;
        let is_enabled = |id: &str| state.users.iter().any(|user| user.id == id && !user.is_disabled);
        let is_valid = |key: &store::ApiKey| {
            !key.is_disabled
                && key.expires_ms.is_none_or(|expires| expires > now)
                && key.user_id.as_deref().is_none_or(is_enabled)
        };
        Ok(state.users.iter().any(|user| !user.is_disabled)
            || state.keys.iter().any(|(_, key)| is_valid(key)))
    }

    /// Calls a function with each credential that ends while it is known here. Only the first function counts.
    pub fn observe_ends(&self, observer: impl Fn(&Credential) + Send + Sync + 'static) {
        self.cache.observe_ends(Box::new(observer));
    }

    /// Learns what other processes change, until `shutdown`. It asks the database only once a credential was shown.
    pub async fn watch(&self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(POLL_INTERVAL) => self.cache.poll().await,
            }
        }
    }

    /// Prepares what the first wrong password would take longer for.
    pub async fn prepare_passwords(&self) {
        self.passwords.prepare().await;
    }

    async fn begin(
        &self,
        owner: Owner,
        user: Option<User>,
        kind: SessionKind,
    ) -> Result<(Session, SignedIn), AccountError> {
        let secret = match kind {
            SessionKind::Token => None,
            SessionKind::Browser => Some(random::hex::<24>()?),
        };
        let created_ms = now_ms();
        let lifetime_ms = i64::try_from(self.session_lifetime.as_millis()).unwrap_or(i64::MAX);
        let session = Session {
            id: random::hex::<16>()?,
            kind,
            owner,
            user_id: user.as_ref().map(|user| user.id.clone()),
            secret_hash: secret.as_deref().map(key::hash),
            created_ms,
            expires_ms: created_ms.saturating_add(lifetime_ms),
        };
        let token = self.tokens().await?.sign(&session).ok_or(AccountError::Random)?;
        let revision = self.cache.revision();
        self.table.add_session(&session).await?;
        self.cache.insert(session.clone(), revision);
        Ok((session, SignedIn { token, secret, lifetime: self.session_lifetime, user }))
    }

    async fn tokens(&self) -> Result<&Tokens, AccountError> {
        let make = async || match &self.secret_key {
            Some(secret) => Ok(Tokens::new(secret.0.as_bytes())),
            None => {
                let new = random::bytes::<32>()?.to_vec();
                let secret = self.table.secret(SIGNING_KEY, new).await?;
                Ok(Tokens::new(&secret))
            }
        };
        self.tokens.get_or_try_init(make).await
    }
}
