//! `GET /`: the page for browsers; for others what this server is.

use std::borrow::Cow;

use axum::http::HeaderValue;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY};
use futures_util::FutureExt as _;
use serde::Serialize;

use super::assets;
use crate::call::{Call, json_answer};
use crate::error::HttpError;
use crate::route::{Answer, Content, Route, Tag};
use crate::router;

const DOCUMENT: &str = "index.html";

/// Scripts and styles are files of ours, and nothing else is loaded: what a model writes can neither run nor carry data
/// out. HTML reaches the document by the one policy `ollama-mcp` of the page's script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types ollama-mcp";

/// What the server is, and which routes it has.
#[derive(Serialize, schemars::JsonSchema)]
struct ServerInfo {
    app_name: &'static str,
    version: &'static str,
    endpoints: Vec<String>,
}

pub(super) fn route() -> Route {
    Route::get("/", |call| root(call).boxed())
        .about("getServer", Tag::Server, "The page for browsers; for others what this server is")
        .page()
        .parameter("header", "Accept", "With `text/html` the page")
        .answers(
            200,
            "Its name and its routes; or the page",
            [Content::json::<ServerInfo>(), Content::of("text/html")],
        )
}

async fn root(call: Call) -> Answer {
    let accept = call.parts.headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    let mut response = match accept.is_some_and(|accept| accept.contains("text/html")) {
        true => page(&call)?,
        false => info()?,
    };
    response.headers_mut().append(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

fn info() -> Answer {
    let mut endpoints: Vec<_> = router::routes().iter().map(|route| route.open_api_path()).collect();
    endpoints.dedup();
    json_answer(&ServerInfo { app_name: "ollama-mcp", version: env!("CARGO_PKG_VERSION"), endpoints })
}

fn page(call: &Call) -> Answer {
    let document = || {
        let document = assets::file(DOCUMENT)?;
        let document = String::from_utf8_lossy(&document).replace("{{version}}", &assets::VERSION);
        Some(Cow::Owned(document.into_bytes()))
    };
    let mut response = assets::packed_answer(call, DOCUMENT, document).ok_or_else(HttpError::internal)??;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE.as_str(), "text/html; charset=utf-8"),
        // It names the version of its files.
        (CACHE_CONTROL.as_str(), "no-cache"),
        ("content-security-policy", POLICY),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ] {
        headers.insert(axum::http::HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    Ok(response)
}
