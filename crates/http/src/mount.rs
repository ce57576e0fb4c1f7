//! A service of another front that the router mounts under a path, such as MCP under `/mcp`.

use futures_util::future::BoxFuture;

use service::Caller;

/// The body of a request or a response.
pub type Body = axum::body::Body;
pub type Request = axum::http::Request<Body>;
pub type Response = axum::http::Response<Body>;

/// A service that answers requests whose caller is known.
pub trait Endpoint: Send + Sync {
    /// Answers a request that the access rules have accepted.
    fn call(&self, caller: Caller, request: Request) -> BoxFuture<'static, Response>;

    /// A credential of this caller is not valid any more: what it has open ends.
    fn caller_ended(&self, caller: &Caller);
}
