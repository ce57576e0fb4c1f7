//! Failures of accounts in the words of HTTP.

use std::time::Duration;

use accounts::{AccountError, SignInError};
use axum::http::StatusCode;
use chrono::{DateTime, SecondsFormat};

use crate::access::is_published_on_loopback;
use crate::call::Call;
use crate::error::HttpError;

impl From<AccountError> for HttpError {
    fn from(error: AccountError) -> Self {
        let text = sentence(&error.to_string());
        let wrong = |param: &str| {
            let mut wrong = Self::new(StatusCode::BAD_REQUEST, "invalid_argument", text.clone());
            wrong.param = Some(param.to_owned());
            wrong
        };
        match error {
            AccountError::InvalidEmail(_) => wrong("email"),
            AccountError::InvalidPassword(_) => wrong("password"),
            AccountError::InvalidName(_) => wrong("name"),
            AccountError::ScopesOfUser(..) => wrong("scopes"),
            AccountError::InvalidKey(_) => wrong("key"),
            AccountError::EmailTaken(_) | AccountError::AmbiguousKey { .. } => {
                Self::new(StatusCode::CONFLICT, "conflict", text)
            }
            AccountError::NoUser { .. } => Self::not_found(text).with_hint("GET /x/users lists them."),
            AccountError::NoKey { .. } => Self::not_found(text).with_hint("GET /x/keys lists them."),
            AccountError::Busy => {
                let mut busy = Self::new(StatusCode::TOO_MANY_REQUESTS, "overloaded", text);
                busy.retry_after = Some(Duration::from_secs(1));
                busy
            }
            AccountError::Random => Self::internal(),
            AccountError::Store(error) => {
                tracing::error!(%error, "accounts cannot be read or changed");
                let text = "Accounts cannot be read or changed now";
                let mut failed = Self::new(StatusCode::SERVICE_UNAVAILABLE, "storage_failed", text);
                failed.retry_after = Some(Duration::from_secs(1));
                failed
            }
        }
    }
}

/// Why somebody could not sign in. Who exists is not told.
pub(super) fn not_signed_in(call: &Call, error: SignInError) -> HttpError {
    match error {
        SignInError::Wrong => {
            tracing::warn!(address = %call.client.address, "a sign-in failed");
            let text = "The email or the password is wrong";
            HttpError::new(StatusCode::UNAUTHORIZED, "invalid_credentials", text)
        }
        SignInError::TooMany { retry_after } => {
            tracing::warn!(address = %call.client.address, "a sign-in was refused after too many wrong ones");
            let text = "Too many attempts to sign in have failed";
            let mut error = HttpError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", text);
            // Not before the pause has ended.
            error.retry_after = Some(Duration::from_secs(retry_after.as_secs() + 1));
            error.with_hint("Wait as long as the header Retry-After says.")
        }
        SignInError::Failed(error) => error.into(),
    }
}

/// Refuses a secret that others could have read on its way.
pub(super) fn check_private(call: &Call) -> Result<(), HttpError> {
    let public_url = call.app.options.public_url.as_ref();
    if call.client.is_private() || is_published_on_loopback(public_url, &call.parts) {
        return Ok(());
    }
    tracing::warn!(
        address = %call.client.address,
        "a secret was refused since it came without https; the setting of trusted proxies names those that have it"
    );
    let text = "Beyond this machine, signing in needs https";
    Err(HttpError::new(StatusCode::FORBIDDEN, "insecure_transport", text)
        .with_hint("Use the https address of this server, or a key."))
}

/// Unix time in milliseconds, as a time of RFC 3339.
pub(super) fn time(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
