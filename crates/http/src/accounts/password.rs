//! `POST /me/password`: a new password for whoever is signed in.

use axum::http::StatusCode;
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use store::SessionKind;

use super::error::{check_private, not_signed_in};
use super::sign_in::{BrowserSession, Token, answer};
use crate::access::Kind;
use crate::call::{Call, tell_ignored};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use accounts::{AccountError, CredentialKind, SignInError};

#[derive(Deserialize, JsonSchema)]
struct Change {
    /// The password until now
    password: String,
    new_password: String,
}

const DESCRIPTION: &str = "All sessions of the user end, with what they have open, this one too; the answer is a new one, of the same kind. The \
current password is asked for again, and wrong ones slow down as in `/login`. Keys stay valid.";

pub(super) fn route() -> Route {
    let example = r#"{"password":"correct horse battery","new_password":"staple correct horse"}"#;
    Route::post("/me/password", |call| change(call).boxed())
        .about("changePassword", Tag::Accounts, "Replace one's own password")
        .described(DESCRIPTION)
        .needs_caller()
        .ends_credential()
        .takes(Content::json::<Change>().example(example))
        .answers(200, "The new session", [Content::json::<Token>(), Content::json::<BrowserSession>()])
}

async fn change(mut call: Call) -> Answer {
    check_private(&call)?;
    let (Change { password, new_password }, ignored) = call.json::<Change>().await?;
    let (email, kind) = signed_in_user(&call)?;
    let (accounts, address) = (&call.app.accounts, call.client.address);
    let changed = accounts.change_password(&email, &password, &new_password, address, kind).await;
    let signed_in = changed.map_err(|error| match error {
        // Not 401: the session is valid.
        SignInError::Wrong => wrong_password(&call),
        SignInError::Failed(AccountError::InvalidPassword(reason)) => {
            HttpError::bad_request("new_password", reason)
        }
        other => not_signed_in(&call, other),
    })?;
    let mut response = answer(&call, signed_in)?;
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

/// The email of the caller, and how it has signed in.
fn signed_in_user(call: &Call) -> Result<(String, SessionKind), HttpError> {
    let refused = || {
        let text = "Only a user who has signed in has a password to replace";
        HttpError::new(StatusCode::BAD_REQUEST, "no_session", text)
            .with_hint("POST /login signs in; an administrator replaces passwords by PATCH /x/users/{email}.")
    };
    let Kind::Credential(credential) = call.identity.kind() else { return Err(refused()) };
    let kind = match credential.kind {
        CredentialKind::Key => return Err(refused()),
        CredentialKind::Token => SessionKind::Token,
        CredentialKind::Browser => SessionKind::Browser,
    };
    let user = credential.user.as_ref().ok_or_else(refused)?;
    Ok((user.email.clone(), kind))
}

fn wrong_password(call: &Call) -> HttpError {
    tracing::warn!(address = %call.client.address, "a new password was refused, as the current one was wrong");
    let mut error =
        HttpError::new(StatusCode::FORBIDDEN, "invalid_credentials", "password is not the current one");
    error.param = Some("password".to_owned());
    error
}
