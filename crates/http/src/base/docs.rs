//! The description of the routes, for programs and for people; the counters.

use std::sync::{Arc, LazyLock};

use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, VARY};
use axum::http::{HeaderValue, StatusCode};
use bytes::Bytes;
use futures_util::FutureExt as _;
use utoipa_swagger_ui::Config;

use crate::call::Call;
use crate::error::HttpError;
use crate::gzip::{accepts_gzip, unpacked};
use crate::mount::{Body, Response};
use crate::openapi::openapi;
use crate::route::{Answer, Content, Route, Tag};
use types::Scope;

/// Swagger UI sets styles in its elements. It loads nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

pub(super) fn routes() -> Vec<Route> {
    let html = || Content::of("text/html");
    vec![
        Route::get("/metrics", |call| metrics(call).boxed())
            .about("getMetrics", Tag::Server, "Counters in the text format of Prometheus")
            .needs(Scope::Metrics)
            .answers(200, "The counters", [Content::of("application/openmetrics-text")]),
        Route::get("/openapi.json", |call| document(call).boxed())
            .about("getOpenApi", Tag::Server, "This description, as OpenAPI 3.1")
            .answers(200, "The document", [Content::any_json()]),
        Route::get("/docs", |call| to_docs(call).boxed())
            .about("getDocs", Tag::Server, "Leads to the page of this description")
            .page()
            .answers(308, "The address of the page", []),
        Route::get("/docs/", |call| page(call).boxed())
            .about("getDocsPage", Tag::Server, "An interactive page of this description, which works offline")
            .page()
            .answers(200, "The page", [html()]),
        Route::get("/docs/{file}", |call| page(call).boxed())
            .about("getDocsFile", Tag::Server, "A file of that page")
            .parameter("path", "file", "Its name")
            .answers(200, "The file", [html()]),
        Route::get("/redoc", |call| to_docs(call).boxed())
            .about("getRedoc", Tag::Server, "Leads to /docs")
            .page()
            .answers(308, "The address of the page", []),
    ]
}

async fn metrics(call: Call) -> Answer {
    let queue = call.app.services.tasks.queue(call.caller());
    let text = call.app.metrics.text(call.app.started.elapsed(), queue.running, queue.waiting);
    let content_type = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    Ok(with_type(text.into(), content_type))
}

async fn document(_call: Call) -> Answer {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| openapi().to_string().into());
    Ok(with_type(DOCUMENT.clone(), HeaderValue::from_static("application/json")))
}

async fn to_docs(_call: Call) -> Answer {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/docs/"));
    Ok(response)
}

/// Swagger UI. Its files have relative addresses, which hold below `/docs/`.
async fn page(call: Call) -> Answer {
    static CONFIG: LazyLock<Arc<Config<'static>>> =
        LazyLock::new(|| Arc::new(Config::from("/openapi.json").try_it_out_enabled(true)));
    let name = call.path("file");
    let file = utoipa_swagger_ui::serve(name, Arc::clone(&CONFIG)).map_err(|_| HttpError::internal())?;
    let Some(file) = file else {
        return Err(HttpError::not_found(format!("/docs has no file {name:?}")));
    };
    let content_type = HeaderValue::try_from(file.content_type).map_err(|_| HttpError::internal())?;
    let stays_packed = file.gzpipped && accepts_gzip(&call.parts.headers);
    let bytes = match file.gzpipped && !stays_packed {
        true => unpacked(&file.bytes).map_err(|_| HttpError::internal())?,
        false => file.bytes.into_owned(),
    };
    let mut response = with_type(bytes.into(), content_type);
    let headers = response.headers_mut();
    headers.insert("content-security-policy", HeaderValue::from_static(POLICY));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if stays_packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

fn with_type(bytes: Bytes, content_type: HeaderValue) -> Response {
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
