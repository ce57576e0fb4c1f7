//! One check of credentials for every route: a key, a token, a browser session, or a caller on this machine without any.

use accounts::{AccountError, Credential, KEY_PREFIX, is_key};
use axum::http::header::{AUTHORIZATION, HeaderName};
use axum::http::{HeaderMap, StatusCode};
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;

use super::client::Client;
use super::cookie::{self, SECRET_HEADER};
use super::identity::Identity;
use crate::error::HttpError;
use crate::state::App;

/// What every signed token begins with.
const TOKEN_PREFIX: &str = "eyJ";
/// What the key of the user who runs the server begins with.
const LOCAL_PREFIX: &str = "omk_local_";

/// Who sends a request.
///
/// # Errors
/// 401 for a credential that is wrong, and for none where there are no guests; 503 where it cannot be checked.
pub(crate) async fn identify(app: &App, client: &Client, headers: &HeaderMap) -> Result<Identity, HttpError> {
    if let Some(presented) = presented(headers)? {
        if app.local_key.as_ref().is_some_and(|key| key.matches(presented)) {
            return Ok(Identity::local());
        }
        let found = if presented.starts_with(LOCAL_PREFIX) {
            Some(None)
        } else if is_key(presented) {
            Some(checked(app.accounts.by_key(presented).await)?)
        } else if presented.starts_with(TOKEN_PREFIX) {
            Some(checked(app.accounts.by_token(presented).await)?)
        } else {
            // Clients that must send a key send `ollama`, `none` or one of another service: that is as good as none.
            None
        };
        match found {
            Some(Some(credential)) => return Ok(Identity::of(credential)),
            Some(None) => {
                return Err(HttpError::unauthorized("This key is not known, or not valid any more"));
            }
            None => {}
        }
    }
    if let Some(secret) = headers.get(SECRET_HEADER).and_then(|secret| secret.to_str().ok()) {
        let cookie = cookie::presented(&app.options, client.is_https, headers).unwrap_or_default();
        return match checked(app.accounts.by_cookie(cookie, secret).await)? {
            Some(credential) => Ok(Identity::of(credential)),
            None => Err(HttpError::unauthorized("This session has ended").with_hint("Sign in again.")),
        };
    }
    if app.options.guests && client.is_on_this_machine {
        return Ok(Identity::guest());
    }
    Err(HttpError::unauthorized(format!(
        "This server needs a key: send it as \"Authorization: Bearer {KEY_PREFIX}...\""
    )))
}

/// What the accounts know of a credential. A system without a directory for data has none.
fn checked(
    found: Result<Option<Arc<Credential>>, AccountError>,
) -> Result<Option<Arc<Credential>>, HttpError> {
    match found {
        Ok(found) => Ok(found),
        Err(AccountError::Store(StoreError::NoDirectory)) => Ok(None),
        Err(error) => {
            tracing::error!(%error, "credentials cannot be checked");
            let text = "Credentials cannot be checked now";
            let mut error = HttpError::new(StatusCode::SERVICE_UNAVAILABLE, "storage_failed", text);
            error.retry_after = Some(Duration::from_secs(1));
            Err(error)
        }
    }
}

fn presented(headers: &HeaderMap) -> Result<Option<&str>, HttpError> {
    let unreadable = |_| HttpError::unauthorized("The key holds characters that no key has");
    if let Some(value) = headers.get(AUTHORIZATION) {
        let value = value.to_str().map_err(unreadable)?.trim();
        let (scheme, key) = value.split_once(' ').unwrap_or((value, ""));
        let is_bearer = scheme.eq_ignore_ascii_case("bearer");
        if !is_bearer && !value.is_empty() {
            return Err(HttpError::unauthorized("Authorization must be \"Bearer KEY\""));
        }
        // A client without a key sends the scheme alone.
        if let Some(key) = Some(key.trim()).filter(|key| is_bearer && !key.is_empty()) {
            return Ok(Some(key));
        }
    }
    let key = headers.get(HeaderName::from_static("x-api-key"));
    let key = key.map(|key| key.to_str().map_err(unreadable)).transpose()?;
    Ok(key.map(str::trim).filter(|key| !key.is_empty()))
}
