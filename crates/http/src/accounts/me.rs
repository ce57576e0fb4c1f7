//! `GET /me`: who the caller is, and what it may do.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Serialize;
use types::Limits;

use super::error::time;
use crate::access::Kind;
use crate::call::{Call, json_answer};
use crate::route::{Answer, Content, Route, Tag};
use accounts::CredentialKind;

/// The caller of a request.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Me {
    /// Whose conversations and completions the caller sees
    owner: String,
    /// `guest`, `local`, `key`, `token` or `browser`
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The id of the key that was sent
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    scopes: Vec<&'static str>,
    limits: ShownLimits,
    /// When the session or the key ends; absent: never
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
}

/// How much a caller may use; what is absent has no limit.
#[derive(Serialize, JsonSchema)]
pub(super) struct ShownLimits {
    /// The only models
    #[serde(skip_serializing_if = "Option::is_none")]
    models: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_day: Option<u64>,
    /// Completions at the same time
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<u32>,
    /// The place in the queue: a higher number goes first
    priority: i32,
}

impl From<&Limits> for ShownLimits {
    fn from(limits: &Limits) -> Self {
        let Limits { models, requests_per_minute, tokens_per_day, concurrency, priority } = limits.clone();
        Self { models, requests_per_minute, tokens_per_day, concurrency, priority }
    }
}

pub(super) fn route() -> Route {
    Route::get("/me", |call| me(call).boxed())
        .about("getMe", Tag::Accounts, "Who the caller is, and what it may do")
        .needs_caller()
        .answers(200, "The caller", [Content::json::<Me>()])
}

async fn me(call: Call) -> Answer {
    json_answer(&Me::of(&call))
}

impl Me {
    /// The caller of a request.
    pub(crate) fn of(call: &Call) -> Self {
        let identity = &call.identity;
        let credential = match identity.kind() {
            Kind::Credential(credential) => Some(credential),
            Kind::Unknown | Kind::Guest | Kind::Local => None,
        };
        let kind = match (identity.kind(), credential.map(|credential| credential.kind)) {
            (Kind::Local, _) => "local",
            (_, Some(CredentialKind::Key)) => "key",
            (_, Some(CredentialKind::Token)) => "token",
            (_, Some(CredentialKind::Browser)) => "browser",
            (_, None) => "guest",
        };
        Self {
            owner: call.caller().owner.as_str().to_owned(),
            kind,
            email: credential.and_then(|credential| Some(credential.user.as_ref()?.email.clone())),
            key: call.caller().key.as_deref().map(str::to_owned),
            scopes: identity.scopes().iter().map(|scope| scope.as_str()).collect(),
            limits: ShownLimits::from(&*call.caller().limits),
            expires_at: credential.and_then(|credential| credential.expires_ms).map(time),
        }
    }
}
