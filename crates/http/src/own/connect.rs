//! `GET /x/connect`: the texts by which other programs use this server.

use axum::http::header::HOST;
use futures_util::FutureExt as _;

use crate::call::{Call, json_answer};
use crate::guides::{GuideGroup, GuideTarget};
use crate::route::{Answer, Content, Route, Tag};
use schemars::JsonSchema;
use serde::Serialize;
use types::Scope;

/// How other programs use this server.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConnectGuides")]
struct Guides {
    /// The address of this server, as its caller reaches it
    base_url: String,
    /// Whether a program needs a key; the texts have `omk_YOUR_KEY` where it goes
    needs_key: bool,
    groups: Vec<GuideGroup>,
}

pub(super) fn route() -> Route {
    Route::get("/x/connect", |call| connect(call).boxed())
        .about(
            "getConnectGuides",
            Tag::Own,
            "What to paste into other programs, so that they use this server",
        )
        .needs(Scope::ModelsRead)
        .answers(
            200,
            "The texts, for hosts of MCP and for programs that want a model",
            [Content::json::<Guides>()],
        )
}

async fn connect(call: Call) -> Answer {
    let options = &call.app.options;
    let needs_key = !options.guests;
    let base_url = base_url(&call);
    let models = &call.app.services.models;
    let default = models.default_model(call.caller()).await.ok().map(|default| default.name);
    let listed = models.list_models(call.caller()).await.unwrap_or_default();
    let target = GuideTarget {
        base_url: base_url.clone(),
        needs_key,
        default_model: default,
        models: listed.into_iter().map(|listed| listed.model.name).collect(),
    };
    let groups = options.guides.map(|guides| guides(&target)).unwrap_or_default();
    json_answer(&Guides { base_url, needs_key, groups })
}

/// The address that the caller has used, or the public one.
fn base_url(call: &Call) -> String {
    if let Some(url) = &call.app.options.public_url {
        return url.as_str().trim_end_matches('/').to_owned();
    }
    let scheme = if call.client.is_https { "https" } else { "http" };
    let host = call.parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = call.parts.uri.authority().map(|authority| authority.as_str());
    format!("{scheme}://{}", authority.or(host).unwrap_or("localhost"))
}
