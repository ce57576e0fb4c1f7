//! `POST /login` and `POST /logout`.

use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::http::{HeaderValue, StatusCode};
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use store::SessionKind;

use super::error::{check_private, not_signed_in};
use crate::access::{Kind, expired_cookie, session_cookie};
use crate::call::{Call, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::mount::Response;
use crate::route::{Answer, Content, Route, Tag};
use accounts::SignedIn;

#[derive(Deserialize, JsonSchema)]
struct SignIn {
    email: String,
    password: String,
    /// Opens a session of a browser: a cookie, and a secret in the answer that every request sends beside it
    #[serde(default)]
    browser: bool,
}

/// A session of a program.
#[derive(Serialize, JsonSchema)]
pub(super) struct Token {
    /// A signed token (JWT), sent as `Authorization: Bearer`
    access_token: String,
    token_type: &'static str,
    /// Seconds
    expires_in: u64,
}

/// A session of a browser, whose cookie is in the headers.
#[derive(Serialize, JsonSchema)]
pub(super) struct BrowserSession {
    /// Sent beside the cookie, in the header `x-ollama-mcp-session`
    secret: String,
    /// Seconds
    expires_in: u64,
}

#[derive(Serialize, JsonSchema)]
struct SignedOut {
    success: bool,
}

const LOGIN: &str = "Gives a token for `Authorization: Bearer`; with `browser`, a cookie and a secret instead. A wrong password and an unknown \
email have the same answer; after several, 429 says how long to wait. Beyond this machine it needs https (403).";

pub(super) fn routes() -> Vec<Route> {
    let example = r#"{"email":"ann@example.org","password":"correct horse battery"}"#;
    vec![
        Route::post("/login", |call| sign_in(call).boxed())
            .about("signIn", Tag::Accounts, "Sign in with email and password")
            .described(LOGIN)
            .takes(Content::json::<SignIn>().example(example))
            .answers(200, "The session", [Content::json::<Token>(), Content::json::<BrowserSession>()]),
        Route::post("/logout", |call| sign_out(call).boxed())
            .about("signOut", Tag::Accounts, "End the session of this request, and what it has open")
            .needs_caller()
            .ends_credential()
            .answers(200, "It has ended", [Content::json::<SignedOut>()]),
    ]
}

async fn sign_in(mut call: Call) -> Answer {
    // Before the body is read: the next one may come the right way.
    check_private(&call)?;
    let (SignIn { email, password, browser }, ignored) = call.json::<SignIn>().await?;
    let kind = if browser { SessionKind::Browser } else { SessionKind::Token };
    let signed_in = call.app.accounts.sign_in(&email, &password, call.client.address, kind).await;
    let signed_in = signed_in.map_err(|error| not_signed_in(&call, error))?;
    let mut response = answer(&call, signed_in)?;
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

/// The answer to who has signed in.
pub(super) fn answer(call: &Call, signed_in: SignedIn) -> Answer {
    let SignedIn { token, secret, lifetime, .. } = signed_in;
    let expires_in = lifetime.as_secs();
    let mut response = match secret {
        None => json_answer(&Token { access_token: token, token_type: "bearer", expires_in })?,
        Some(secret) => {
            let cookie = session_cookie(&call.app.options, call.client.is_https, &token, lifetime);
            let mut response = json_answer(&BrowserSession { secret, expires_in })?;
            set_cookie(&mut response, cookie);
            response
        }
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

async fn sign_out(call: Call) -> Answer {
    let Kind::Credential(credential) = call.identity.kind() else {
        return Err(no_session("This caller has not signed in, so there is nothing to end"));
    };
    if !call.app.accounts.sign_out(credential).await? {
        return Err(no_session("A key has no session to end").with_hint("DELETE /x/keys/{id} revokes a key."));
    }
    let mut response = json_answer(&SignedOut { success: true })?;
    set_cookie(&mut response, expired_cookie(&call.app.options, call.client.is_https));
    Ok(response)
}

fn no_session(text: &str) -> HttpError {
    HttpError::new(StatusCode::BAD_REQUEST, "no_session", text)
}

fn set_cookie(response: &mut Response, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
}
