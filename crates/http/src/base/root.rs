//! `GET /`: what this server is.

use futures_util::FutureExt as _;
use serde::Serialize;

use crate::call::{Call, json_answer};
use crate::route::{Answer, Content, Route, Tag};
use crate::router;

/// What the server is, and which routes it has.
#[derive(Serialize, schemars::JsonSchema)]
struct ServerInfo {
    app_name: &'static str,
    /// For callers with a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'static str>,
    endpoints: Vec<String>,
}

pub(super) fn route() -> Route {
    Route::get("/", |call| root(call).boxed())
        .about("getServer", Tag::Server, "What this server is")
        .page()
        .answers(200, "Its name and its routes", [Content::json::<ServerInfo>()])
}

async fn root(_call: Call) -> Answer {
    let mut endpoints: Vec<_> = router::routes().iter().map(|route| route.open_api_path()).collect();
    endpoints.dedup();
    json_answer(&ServerInfo { app_name: "ollama-mcp", version: Some(env!("CARGO_PKG_VERSION")), endpoints })
}
