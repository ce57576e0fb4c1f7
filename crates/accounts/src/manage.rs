//! Users and keys, as administrators manage them.

#[cfg(test)]
mod tests;

use std::time::Duration;

use store::{ApiKey, NewUser, User};
use types::{Limits, Owner, Scope};

use super::credential::{DEFAULT_SCOPES, scopes_of_user};
use super::random::{self, now_ms};
use super::{AccountError, AccountService, email, key, password};

/// The id of the key that a file gives.
const KEY_OF_FILE: &str = "admin-key-file";
/// The longest name of a key, in characters.
const MAX_NAME: usize = 80;

/// A key to be made.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    pub name: String,
    /// The email of the user whose key it is; `None`: it has an owner of its own.
    pub user: Option<String>,
    /// `None`: [`DEFAULT_SCOPES`].
    pub scopes: Option<Vec<Scope>>,
    pub limits: Limits,
    /// From now on; `None`: for ever.
    pub lifetime: Option<Duration>,
}

impl AccountService {
    /// All users, by email.
    ///
    /// # Errors
    /// The database fails.
    pub async fn users(&self) -> Result<Vec<User>, AccountError> {
        Ok(self.table.users().await?)
    }

    /// The user with this email.
    ///
    /// # Errors
    /// There is none.
    pub async fn user(&self, email: &str) -> Result<User, AccountError> {
        let email = email::normalized(email)?;
        let users = self.users().await?;
        if let Some(found) = users.iter().find(|user| user.email == email) {
            return Ok(found.clone());
        }
        let near = text::similar::nearest(&email, users.iter().map(|user| user.email.as_str()));
        let near = near.map(str::to_owned);
        Err(AccountError::NoUser { email, near })
    }

    /// Adds a user.
    ///
    /// # Errors
    /// The email is none or is taken, or the password is one that anybody would guess.
    pub async fn add_user(&self, email: &str, password: &str, is_admin: bool) -> Result<User, AccountError> {
        let email = email::normalized(email)?;
        password::check(password, &email)?;
        let password_hash = self.passwords.hash(password.to_owned()).await?;
        let id = format!("user-{}", random::hex::<6>()?);
        let user =
            User { id: id.clone(), email: email.clone(), is_admin, is_disabled: false, created_ms: now_ms() };
        let new = NewUser { id, email: email.clone(), password_hash, is_admin, created_ms: user.created_ms };
        if !self.table.add_user(new).await? {
            return Err(AccountError::EmailTaken(email));
        }
        self.changed().await;
        Ok(user)
    }

    /// Replaces a password; the user's sessions end.
    ///
    /// # Errors
    /// As [`Self::add_user`]; there is no such user.
    pub async fn set_password(&self, email: &str, password: &str) -> Result<User, AccountError> {
        let user = self.user(email).await?;
        password::check(password, &user.email)?;
        let hash = self.passwords.hash(password.to_owned()).await?;
        let done = self.table.set_password(&user.id, &hash).await?;
        self.changed_user(user, done).await
    }

    /// Disables a user, whose sessions end and whose keys are not valid until the user is enabled again.
    ///
    /// # Errors
    /// There is no such user.
    pub async fn set_disabled(&self, email: &str, is_disabled: bool) -> Result<User, AccountError> {
        let user = self.user(email).await?;
        let done = self.table.set_disabled(&user.id, is_disabled).await?;
        self.changed_user(User { is_disabled, ..user }, done).await
    }

    /// Removes a user with keys, sessions, conversations and files.
    ///
    /// # Errors
    /// There is no such user.
    pub async fn remove_user(&self, email: &str) -> Result<User, AccountError> {
        let user = self.user(email).await?;
        let done = self.table.remove_user(&user.id, now_ms()).await?;
        self.changed_user(user, done).await
    }

    /// All keys, the newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keys(&self) -> Result<Vec<ApiKey>, AccountError> {
        Ok(self.table.keys().await?)
    }

    /// Makes a key. The second one is the key itself, which nothing can show again.
    ///
    /// # Errors
    /// The name is none, there is no such user, or the user may not have these scopes.
    pub async fn add_key(&self, new: NewKey) -> Result<(ApiKey, String), AccountError> {
        let name = new.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > MAX_NAME {
            return Err(AccountError::InvalidName("must have 1 to 80 characters"));
        }
        if name.chars().any(char::is_control) {
            return Err(AccountError::InvalidName("must be one line of text"));
        }
        let user = match &new.user {
            Some(email) => Some(self.user(email).await?),
            None => None,
        };
        let scopes = new.scopes.unwrap_or_else(|| DEFAULT_SCOPES.to_vec());
        if let Some(user) = &user {
            let allowed = scopes_of_user(user.is_admin);
            let more: Vec<_> =
                scopes.iter().filter(|scope| !allowed.contains(scope)).map(|scope| scope.as_str()).collect();
            if !more.is_empty() {
                return Err(AccountError::ScopesOfUser(user.email.clone(), more.join(", ")));
            }
        }
        let text = key::new()?;
        let id = random::hex::<6>()?;
        let owner = user.as_ref().map_or_else(|| format!("key-{id}"), |user| user.id.clone());
        let created_ms = now_ms();
        let lifetime = new.lifetime.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
        let key = ApiKey {
            owner: Owner::new(&owner).ok_or(AccountError::Random)?,
            id,
            name,
            prefix: key::shown(&text),
            user_id: user.map(|user| user.id),
            scopes,
            limits: new.limits,
            created_ms,
            expires_ms: lifetime.map(|lifetime| created_ms.saturating_add(lifetime)),
            is_disabled: false,
        };
        self.table.put_key(&key, &key::hash(&text)).await?;
        self.changed().await;
        Ok((key, text))
    }

    /// Revokes a key by its id, its prefix, or its name where only one valid key has it; `of` those of one owner.
    ///
    /// # Errors
    /// There is none, or several have the name.
    pub async fn revoke_key(&self, named: &str, of: Option<&Owner>) -> Result<ApiKey, AccountError> {
        let keys = self.keys().await?;
        let keys: Vec<_> =
            keys.iter().filter(|key| !key.is_disabled && of.is_none_or(|of| key.owner == *of)).collect();
        let exact = keys.iter().copied().find(|key| key.id == named || key.prefix == named);
        let by_name: Vec<_> = keys.iter().copied().filter(|key| key.name == named).collect();
        let found = match (exact, by_name.as_slice()) {
            (Some(found), _) => found,
            (None, [found]) => *found,
            (None, []) => {
                let names = keys.iter().flat_map(|key| [key.name.as_str(), key.id.as_str()]);
                let near = text::similar::nearest(named, names).map(str::to_owned);
                return Err(AccountError::NoKey { name: named.to_owned(), near });
            }
            (None, several) => {
                let ids: Vec<_> = several.iter().map(|key| key.id.as_str()).collect();
                return Err(AccountError::AmbiguousKey { name: named.to_owned(), ids: ids.join(", ") });
            }
        };
        self.table.revoke_key(&found.id).await?;
        self.changed().await;
        Ok(ApiKey { is_disabled: true, ..found.clone() })
    }

    /// Makes sure that there is an administrator of this email. One that exists keeps the password; whether it was added.
    ///
    /// # Errors
    /// As [`Self::add_user`].
    pub async fn ensure_admin(&self, email: &str, password: &str) -> Result<bool, AccountError> {
        match self.user(email).await {
            Ok(_) => return Ok(false),
            Err(AccountError::NoUser { .. }) => {}
            Err(error) => return Err(error),
        }
        match self.add_user(email, password, true).await {
            // Another replica was first.
            Err(AccountError::EmailTaken(_)) => Ok(false),
            added => added.map(|_| true),
        }
    }

    /// Makes the key of a file valid, with all scopes. The one that the file held before is not valid any more.
    ///
    /// # Errors
    /// It is too short, or no key.
    pub async fn ensure_admin_key(&self, text: &str) -> Result<(), AccountError> {
        key::check_given(text)?;
        let owner = Owner::new(&format!("key-{KEY_OF_FILE}")).ok_or(AccountError::Random)?;
        let key = ApiKey {
            id: KEY_OF_FILE.to_owned(),
            name: "key of the admin key file".to_owned(),
            prefix: key::shown(text),
            owner,
            user_id: None,
            scopes: Scope::ALL.to_vec(),
            limits: Limits::default(),
            created_ms: now_ms(),
            expires_ms: None,
            is_disabled: false,
        };
        self.table.put_key(&key, &key::hash(text)).await?;
        self.changed().await;
        Ok(())
    }

    async fn changed_user(&self, user: User, done: bool) -> Result<User, AccountError> {
        // Another process may have removed it.
        if !done {
            return Err(AccountError::NoUser { email: user.email, near: None });
        }
        self.changed().await;
        Ok(user)
    }

    /// What this process has in memory follows its own changes immediately.
    pub(crate) async fn changed(&self) {
        if self.cache.revision().is_some()
            && let Err(error) = self.cache.refresh().await
        {
            // The next poll tries again.
            tracing::warn!(%error, "the accounts cannot be read");
        }
    }
}
