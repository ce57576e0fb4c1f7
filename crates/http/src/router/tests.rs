//! What a caller with counted limits is told with each answer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::accounts::{AccountOptions, AccountService};
use axum::http::HeaderMap;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use providers::ollama::Ollama;
use providers::{ServerConfig, Timeouts};
use serde_json::Value;

use super::*;
use crate::metrics::Metrics;
use crate::mount::Body;
use service::rate_limits::{RateError, RateLimits};
use service::{Caller, ServiceSettings, Services};
use store::{Store, StoreError};
use types::{Limits, RateStatus, RateWindow};

/// Admits the first request, refuses the second, and then loses its database.
#[derive(Debug, Default)]
struct Counted(AtomicUsize);

impl RateLimits for Counted {
    fn admit<'a>(&'a self, _: &'a Caller) -> BoxFuture<'a, Result<RateStatus, RateError>> {
        let window = RateWindow { limit: 1, remaining: 0, resets_in: Duration::from_millis(19_200) };
        let status = RateStatus { requests: Some(window), tokens: None };
        let result = match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(status),
            1 => Err(RateError::Requests(status)),
            _ => Err(RateError::Storage(StoreError::Unreadable)),
        };
        Box::pin(async move { result })
    }
}

fn app() -> Arc<App> {
    // Nothing listens there.
    let config = ServerConfig {
        base_url: "http://127.0.0.1:1".parse().unwrap(),
        token: None,
        headers: Vec::new(),
        timeouts: Timeouts::default(),
    };
    let settings =
        ServiceSettings { rate_limits: Some(Arc::new(Counted::default())), ..ServiceSettings::default() };
    Arc::new(App {
        services: Services::new(Arc::new(Ollama::new(&config).unwrap()), settings),
        accounts: Arc::new(AccountService::new(&Store::sqlite(None), AccountOptions::default())),
        store: Store::sqlite(None),
        options: Default::default(),
        local_key: None,
        mcp: None,
        metrics: Arc::new(Metrics::new()),
        idempotency: Default::default(),
        responses: Default::default(),
        started: Instant::now(),
        shutdown: Default::default(),
    })
}

/// A request without a body, by a guest who may make one request a minute.
async fn send(app: &Arc<App>, route: &Route) -> (u16, HeaderMap, Value) {
    let mut identity = Identity::guest();
    identity.caller.limits = Arc::new(Limits { requests_per_minute: Some(1), ..Limits::default() });
    let (parts, ()) = axum::http::Request::new(()).into_parts();
    let body = Mutex::new(Body::empty());
    let client = Client::new(([127, 0, 0, 1], 4891).into(), &parts.headers, &[]);
    let call = Call { app: Arc::clone(app), identity, client, path: HashMap::new(), parts, body };
    let (head, body) = limited(route, call, "req_1").await.unwrap().into_parts();
    let body = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
    (head.status.as_u16(), head.headers, body)
}

#[tokio::test]
async fn answers_and_refusals_say_what_is_left() {
    let app = app();
    let routes = routes();
    let route = routes.iter().find(|route| route.path == "/v1/embeddings").unwrap();
    let (status, headers, _) = send(&app, route).await;
    assert_eq!((status, &headers["x-ratelimit-limit-requests"]), (400, &HeaderValue::from_static("1")));
    assert_eq!(headers["x-ratelimit-remaining-requests"], "0");
    let (status, headers, body) = send(&app, route).await;
    assert_eq!((status, &body["error"]["code"]), (429, &"rate_limit_exceeded".into()));
    assert_eq!(headers["x-ratelimit-reset-requests"], "20s");
    assert_eq!(headers["retry-after"], "20");
    let (status, headers, body) = send(&app, route).await;
    assert_eq!((status, &body["error"]["code"]), (500, &"storage_failed".into()));
    assert!(!headers.contains_key("x-ratelimit-limit-requests"));
}

#[test]
fn routes_that_generate_are_counted_and_others_are_not() {
    let counted: Vec<_> = routes().iter().filter(|route| route.is_counted).map(|route| route.path).collect();
    assert_eq!(
        counted,
        [
            "/v1/chat/completions",
            "/v1/completions",
            "/v1/embeddings",
            "/v1/responses",
            "/v1/messages",
            "/api/chat",
            "/api/generate",
            "/api/embed",
            "/api/embeddings",
            "/chat",
            "/api/v1/generate",
            "/x/conversations",
            "/x/conversations/{id}/turns",
            "/x/compare",
            "/x/documents/summarize",
            "/x/documents/ask",
            "/x/documents/find"
        ]
    );
}
