//! `/mcp` of the HTTP server: the front that speaks MCP, mounted in the one that speaks HTTP.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::app;
use http::{Body, Endpoint, Request, Response};
use mcp::{HttpTransport, HttpTransportOptions};
use service::{Caller, Services};
use settings::{ServeSettings, Settings};

/// MCP over HTTP, for callers that the HTTP server has checked.
pub(crate) struct McpEndpoint(Arc<HttpTransport>);

impl McpEndpoint {
    /// Its sessions and streams end with `shutdown`.
    pub(crate) fn new(
        services: Arc<Services>,
        settings: &Settings,
        serve: &ServeSettings,
        shutdown: CancellationToken,
    ) -> Self {
        let options = HttpTransportOptions {
            max_message_bytes: serve.max_body_bytes,
            max_sessions: serve.max_sessions,
            comment_after: serve.comment_after,
            shutdown,
            ..HttpTransportOptions::default()
        };
        Self(Arc::new(HttpTransport::new(services, app::server_options(settings), options)))
    }
}

impl Endpoint for McpEndpoint {
    fn call(&self, caller: Caller, request: Request) -> BoxFuture<'static, Response> {
        let transport = Arc::clone(&self.0);
        Box::pin(async move { transport.handle(caller, request).await.map(Body::new) })
    }

    fn caller_ended(&self, caller: &Caller) {
        self.0.end_sessions_of(caller);
    }
}
