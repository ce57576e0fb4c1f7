//! From a request to the handler of its route: access, limits, errors in the route's dialect, metrics.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::extract::{FromRequestParts as _, Path, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::routing::{MethodFilter, MethodRouter};
use futures_util::FutureExt as _;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer, ExposeHeaders};

use crate::access::{Client, Identity, PageRules, check_web_page, credential_ended, identify, until_ended};
use crate::call::Call;
use crate::error::{Dialect, HttpError};
use crate::mount::{Request, Response};
use crate::route::{Access, Answer, Route};
use crate::state::App;
use crate::{accounts, anthropic, base, chat_service, mcp_routes, ollama, openai, own, page, rate_limit};

/// The header with the id of a request.
const REQUEST_ID: &str = "x-request-id";

/// The address that a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Every route, in the order of the documents.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = page::routes();
    routes.extend(base::routes());
    routes.extend(openai::routes());
    routes.extend(anthropic::routes());
    routes.extend(ollama::routes());
    routes.extend(mcp_routes::routes());
    routes.extend(accounts::routes());
    routes.extend(chat_service::routes());
    routes.extend(own::routes());
    routes
}

/// The router over the state of a server.
pub(crate) fn router(app: Arc<App>) -> Router {
    let origins: Vec<_> = app.options.origins.iter().filter_map(|origin| origin.parse().ok()).collect();
    let mut paths: HashMap<&'static str, MethodRouter<Arc<App>>> = HashMap::new();
    for route in routes() {
        let Ok(filter) = MethodFilter::try_from(route.method.clone()) else { continue };
        let route = Arc::new(route);
        let path = route.path;
        let handler = move |State(app): State<Arc<App>>, request: Request| {
            let route = Arc::clone(&route);
            async move { run(app, &route, request).await }
        };
        let methods = paths.remove(path).unwrap_or_default();
        paths.insert(path, methods.on(filter, handler));
    }
    let mut router = Router::new();
    for (path, methods) in paths {
        router = router.route(path, methods);
    }
    let router =
        router.fallback(not_found).method_not_allowed_fallback(not_allowed).with_state(Arc::clone(&app));
    if origins.is_empty() {
        return router;
    }
    router.layer(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins))
            .allow_methods(AllowMethods::mirror_request())
            .allow_headers(AllowHeaders::mirror_request())
            .expose_headers(ExposeHeaders::list(
                ["x-request-id", "request-id", "retry-after", "mcp-session-id"]
                    .into_iter()
                    .chain(rate_limit::HEADERS)
                    .chain(rate_limit::ANTHROPIC_HEADERS)
                    .chain(ollama::HEADERS)
                    .map(HeaderName::from_static),
            )),
    )
}

/// Runs one request of a route.
async fn run(app: Arc<App>, route: &Route, request: Request) -> Response {
    let started = Instant::now();
    let request_id = new_request_id();
    let dialect = route.dialect_for(request.headers());
    let answer = AssertUnwindSafe(answer(Arc::clone(&app), route, request, &request_id)).catch_unwind().await;
    let answer = answer.unwrap_or_else(|_| Err(HttpError::internal()));
    let mut response = answer.unwrap_or_else(|error| failed(&app, route, dialect, error, &request_id));
    finish(&mut response, &request_id, dialect);
    app.metrics.request(route.name, response.status(), started.elapsed());
    response
}

fn new_request_id() -> String {
    format!("req_{}", uuid::Uuid::new_v4().simple())
}

fn failed(app: &App, route: &Route, dialect: Dialect, mut error: HttpError, request_id: &str) -> Response {
    tracing::info!(route = route.name, status = error.status.as_u16(), code = %error.code, "a request failed");
    app.metrics.error(&error.code);
    error.request_id = Some(request_id.to_owned());
    error.into_response(dialect)
}

async fn answer(app: Arc<App>, route: &Route, request: Request, request_id: &str) -> Answer {
    let (mut parts, body) = request.into_parts();
    let rules = PageRules { opens_page: route.is_page, sends_form: route.takes_form() };
    let (client, identified) = admit(&app, &parts, rules).await?;
    let identity = match route.access {
        Access::Open => identified.unwrap_or_else(|_| Identity::unknown()),
        Access::Known => identified?,
        Access::Needs(scope) => {
            let identity = identified?;
            if !identity.may(scope) {
                let text = format!("This needs the scope {}, which the caller does not have", scope.as_str());
                return Err(HttpError::forbidden(text));
            }
            identity
        }
    };
    let path = Path::<HashMap<String, String>>::from_request_parts(&mut parts, &app).await;
    let path = path
        .map(|path| path.0)
        .map_err(|error| HttpError::bad_request("path", format!("is wrong: {error}")))?;
    let ended = identity.ended().filter(|_| !route.ends_credential).cloned();
    let is_limited = route.is_counted && identity.caller.limits.are_counted();
    let call = Call { app, identity, client, path, parts, body: Mutex::new(body) };
    let handled = async {
        if is_limited {
            Box::pin(limited(route, call, request_id)).await
        } else {
            (route.handler)(call).await
        }
    };
    let Some(ended) = ended else { return handled.await };
    tokio::select! {
        biased;
        // First: an answer that is there is sent.
        answer = handled => answer.map(|response| until_ended(response, &ended, route.dialect)),
        () = ended.cancelled() => Err(credential_ended()),
    }
}

/// Runs a request that counts towards the limits of its caller. Every answer to it says what is left of them.
async fn limited(route: &Route, call: Call, request_id: &str) -> Answer {
    let app = Arc::clone(&call.app);
    let (answer, status) = match app.services.admit(call.caller()).await {
        Ok(status) => ((route.handler)(call).await, status),
        Err(refused) => (Err(call.error(&refused.error)), refused.status),
    };
    let dialect = route.dialect;
    let mut response = answer.unwrap_or_else(|error| failed(&app, route, dialect, error, request_id));
    rate_limit::write(response.headers_mut(), &status);
    if dialect == Dialect::Anthropic {
        rate_limit::write_anthropic(response.headers_mut(), &status, chrono::Utc::now());
    }
    Ok(response)
}

/// Checks a request by the rules for web pages; who sends it, and from where.
async fn admit(
    app: &App,
    parts: &axum::http::request::Parts,
    rules: PageRules,
) -> Result<(Client, Result<Identity, HttpError>), HttpError> {
    let client = Client::new(peer(parts)?, &parts.headers, &app.options.trusted_proxies);
    let identified = identify(app, &client, &parts.headers).await;
    let has_key = identified.as_ref().is_ok_and(Identity::has_key);
    check_web_page(app, parts, rules, has_key)?;
    Ok((client, identified))
}

fn peer(parts: &axum::http::request::Parts) -> Result<SocketAddr, HttpError> {
    // The connection adds it to each request.
    parts.extensions.get::<Peer>().map(|peer| peer.0).ok_or_else(HttpError::internal)
}

fn finish(response: &mut Response, request_id: &str, dialect: Dialect) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(request_id) {
        if dialect == Dialect::Anthropic {
            headers.insert("request-id", id.clone());
        }
        headers.insert(REQUEST_ID, id);
    }
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
}

/// A path that no route has.
async fn not_found(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let error = admit(&app, &parts, PageRules::default()).await.err().unwrap_or_else(|| no_route(&parts.uri));
    outside_routes(error, &parts.uri)
}

/// A path whose routes have other methods. The router adds `Allow`.
async fn not_allowed(State(app): State<Arc<App>>, method: Method, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(error) = admit(&app, &parts, PageRules::default()).await {
        return outside_routes(error, &parts.uri);
    }
    if method == Method::OPTIONS {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        return response;
    }
    let text = format!("{} does not take {method}", parts.uri.path());
    outside_routes(HttpError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text), &parts.uri)
}

fn outside_routes(mut error: HttpError, uri: &Uri) -> Response {
    let dialect = dialect_of(uri.path());
    let request_id = new_request_id();
    error.request_id = Some(request_id.clone());
    let mut response = error.into_response(dialect);
    finish(&mut response, &request_id, dialect);
    response
}

/// The dialect of a path that no route has.
fn dialect_of(path: &str) -> Dialect {
    match path.split('/').collect::<Vec<_>>().as_slice() {
        ["", "mcp"] => Dialect::JsonRpc,
        ["", "v1", "messages", ..] => Dialect::Anthropic,
        ["", "api", "v1", ..] => Dialect::ChatService,
        ["", "api", ..] => Dialect::Ollama,
        _ => Dialect::OpenAi,
    }
}

fn no_route(uri: &Uri) -> HttpError {
    let path: String = uri.path().chars().take(100).collect();
    let error = HttpError::not_found(format!("There is no route {path:?}"));
    let routes = routes();
    let names = routes.iter().map(Route::open_api_path);
    let names: Vec<String> = names.collect();
    match text::similar::nearest(&path, names.iter().map(String::as_str)) {
        None => error.with_hint("GET /openapi.json describes all routes."),
        Some(near) => {
            error.with_hint(format!("Did you mean {near}? GET /openapi.json describes all routes."))
        }
    }
}

#[cfg(test)]
mod tests;
