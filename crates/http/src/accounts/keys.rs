//! `/x/keys`: one's own keys, and for administrators those of everybody.

use std::time::Duration;

use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{Limits, Owner, Scope};

use super::error::time;
use super::me::ShownLimits;
use crate::access::Kind;
use crate::call::{Call, json_answer, tell_ignored};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use accounts::{ApiKey, NewKey};

const DESCRIPTION: &str = "For whoever has signed in: one's own keys; administrators see and change all of them. A key makes no keys.";
/// The longest life of a key, in seconds.
const MAX_SECONDS: u64 = 10 * 365 * 24 * 3600;

/// A key, without the key itself.
#[derive(Serialize, JsonSchema)]
struct ShownKey {
    id: String,
    name: String,
    /// Its first characters
    prefix: String,
    owner: String,
    scopes: Vec<&'static str>,
    limits: ShownLimits,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    revoked: bool,
}

#[derive(Serialize, JsonSchema)]
struct Keys {
    /// The newest first
    keys: Vec<ShownKey>,
}

#[derive(Serialize, JsonSchema)]
struct MadeKey {
    /// The key itself, which is shown only here
    key: String,
    #[serde(flatten)]
    made: ShownKey,
}

#[derive(Deserialize, JsonSchema)]
struct AskedKey {
    /// What it is for
    name: String,
    /// The email of the user whose key it will be; for administrators
    user: Option<String>,
    /// What it may do; by default `chat`, `embed`, `models:read`, `conversations`, `files`, `mcp`
    scopes: Option<Vec<String>>,
    /// The only models that it may use
    models: Option<Vec<String>>,
    requests_per_minute: Option<u32>,
    tokens_per_day: Option<u64>,
    /// Completions at the same time
    concurrency: Option<u32>,
    /// The place in the queue: a higher number goes first; above 0 for administrators
    priority: Option<i32>,
    /// Seconds until it expires
    expires_in: Option<u64>,
}

pub(super) fn routes() -> Vec<Route> {
    let example = r#"{"name":"editor","scopes":["chat","models:read"],"requests_per_minute":60}"#;
    vec![
        Route::get("/x/keys", |call| list(call).boxed())
            .about("listKeys", Tag::Accounts, "The keys of the caller, or all of them")
            .described(DESCRIPTION)
            .needs_caller()
            .answers(200, "The keys", [Content::json::<Keys>()]),
        Route::post("/x/keys", |call| add(call).boxed())
            .about("createKey", Tag::Accounts, "Make a key; it is shown once")
            .described(DESCRIPTION)
            .needs_caller()
            .takes(Content::json::<AskedKey>().example(example))
            .answers(200, "The key", [Content::json::<MadeKey>()]),
        Route::delete("/x/keys/{id}", |call| revoke(call).boxed())
            .about("revokeKey", Tag::Accounts, "Revoke a key; what it has open ends")
            .needs_caller()
            .ends_credential()
            .parameter("path", "id", "The id of the key")
            .answers(200, "The revoked key", [Content::json::<ShownKey>()]),
    ]
}

/// Whose keys the caller may manage; `None`: everybody's.
fn manages(call: &Call) -> Result<Option<Owner>, HttpError> {
    if call.identity.may(Scope::Admin) {
        return Ok(None);
    }
    match call.identity.is_person() {
        true => Ok(Some(call.caller().owner.clone())),
        false => Err(HttpError::forbidden("Only users who have signed in manage keys")),
    }
}

async fn list(call: Call) -> Answer {
    let of = manages(&call)?;
    let keys = call.app.accounts.keys().await?;
    let keys = keys.into_iter().filter(|key| of.as_ref().is_none_or(|of| key.owner == *of));
    json_answer(&Keys { keys: keys.map(ShownKey::from).collect() })
}

async fn add(mut call: Call) -> Answer {
    let is_admin = manages(&call)?.is_none();
    let (asked, ignored) = call.json::<AskedKey>().await?;
    let new = new_key(&call, asked, is_admin)?;
    let (made, key) = call.app.accounts.add_key(new).await?;
    let mut response = json_answer(&MadeKey { key, made: made.into() })?;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    tell_ignored(&mut response, &ignored);
    Ok(response)
}

fn new_key(call: &Call, asked: AskedKey, is_admin: bool) -> Result<NewKey, HttpError> {
    let own = match call.identity.kind() {
        Kind::Credential(credential) => credential.user.as_ref().map(|user| user.email.clone()),
        Kind::Unknown | Kind::Guest | Kind::Local => None,
    };
    let user = match asked.user {
        Some(user) if !is_admin && own.as_deref() != Some(user.as_str()) => {
            return Err(HttpError::bad_request(
                "user",
                "must be yourself; administrators make keys for others",
            ));
        }

        given => given.or(own),
    };
    let priority = asked.priority.unwrap_or_default();
    if priority > 0 && !is_admin {
        return Err(HttpError::bad_request("priority", "above 0 is for administrators to give"));
    }
    for (name, is_zero) in [
        ("requests_per_minute", asked.requests_per_minute == Some(0)),
        ("tokens_per_day", asked.tokens_per_day == Some(0)),
        ("concurrency", asked.concurrency == Some(0)),
        ("expires_in", asked.expires_in == Some(0)),
    ] {
        if is_zero {
            return Err(HttpError::bad_request(name, "must be at least 1; leave it out for no limit"));
        }
    }
    if asked.expires_in.is_some_and(|seconds| seconds > MAX_SECONDS) {
        return Err(HttpError::bad_request("expires_in", "must be at most 10 years in seconds"));
    }
    if asked.models.as_ref().is_some_and(Vec::is_empty) {
        return Err(HttpError::bad_request("models", "must name a model; leave it out to allow all"));
    }
    Ok(NewKey {
        name: asked.name,
        user,
        scopes: asked.scopes.map(scopes).transpose()?,
        limits: Limits {
            models: asked.models,
            requests_per_minute: asked.requests_per_minute,
            tokens_per_day: asked.tokens_per_day,
            concurrency: asked.concurrency,
            priority,
        },
        lifetime: asked.expires_in.map(Duration::from_secs),
    })
}

fn scopes(names: Vec<String>) -> Result<Vec<Scope>, HttpError> {
    let known = || Scope::ALL.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(", ");
    let scopes = names.iter().map(|name| {
        let unknown = || HttpError::bad_request("scopes", format!("has {name:?}; there are {}", known()));
        Scope::parse(name).ok_or_else(unknown)
    });
    let scopes: Vec<_> = scopes.collect::<Result<_, _>>()?;
    match scopes.is_empty() {
        true => Err(HttpError::bad_request("scopes", format!("must name one of {}", known()))),
        false => Ok(scopes),
    }
}

async fn revoke(call: Call) -> Answer {
    let of = manages(&call)?;
    let revoked = call.app.accounts.revoke_key(call.path("id"), of.as_ref()).await?;
    json_answer(&ShownKey::from(revoked))
}

impl From<ApiKey> for ShownKey {
    fn from(key: ApiKey) -> Self {
        Self {
            limits: ShownLimits::from(&key.limits),
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            owner: key.owner.as_str().to_owned(),
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            created_at: time(key.created_ms),
            expires_at: key.expires_ms.map(time),
            revoked: key.is_disabled,
        }
    }
}
