//! What can go wrong. No text quotes a password, a key or a token.

use std::time::Duration;

use store::StoreError;

/// Why users and keys could not be read or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    #[error("{0:?} is not an email address, such as ann@example.org")]
    InvalidEmail(String),
    /// The reason follows "the password".
    #[error("the password {0}")]
    InvalidPassword(&'static str),
    /// The reason follows "the name".
    #[error("the name {0}")]
    InvalidName(&'static str),
    #[error("there is a user {0} already")]
    EmailTaken(String),
    #[error("there is no user {email}{}", did_you_mean(near))]
    NoUser { email: String, near: Option<String> },
    #[error("there is no valid key {name:?}{}", did_you_mean(near))]
    NoKey { name: String, near: Option<String> },
    #[error("several keys are named {name:?}; name one by its id: {ids}")]
    AmbiguousKey { name: String, ids: String },
    #[error("{0} may not have the scopes {1}: only administrators change models and read metrics")]
    ScopesOfUser(String, String),
    #[error("the key of the file {0}")]
    InvalidKey(&'static str),
    /// Too many passwords are being hashed.
    #[error("too many passwords are being checked")]
    Busy,
    #[error("the system has no random numbers")]
    Random,
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn did_you_mean(near: &Option<String>) -> String {
    near.as_ref().map(|near| format!("; did you mean {near}?")).unwrap_or_default()
}

/// Why somebody could not sign in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The email, the password, or both; or the user is disabled.
    #[error("the email or the password is wrong")]
    Wrong,
    #[error("too many attempts have failed")]
    TooMany { retry_after: Duration },
    #[error(transparent)]
    Failed(#[from] AccountError),
}
