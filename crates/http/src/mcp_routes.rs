//! `/mcp`: MCP over Streamable HTTP, which another front speaks.

use axum::http::StatusCode;
use futures_util::FutureExt as _;

use crate::call::Call;
use crate::error::HttpError;
use crate::mount::Request;
use crate::route::{Answer, Content, Route, Tag};
use types::Scope;

const PATH: &str = "/mcp";

pub(crate) fn routes() -> Vec<Route> {
    let message = || Content::any_json().example(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
    vec![
        Route::post(PATH, |call| pass_on(call).boxed())
            .about("postMcp", Tag::Mcp, "Send a message of the Model Context Protocol")
            .described("Streamable HTTP of the revisions up to 2025-11-25 (with `Mcp-Session-Id`) and of 2026-07-28 (without sessions).")
            .needs(Scope::Mcp)
            .takes(message())
            .answers(200, "The answer, or a stream that ends with it", [Content::any_json(), Content::of("text/event-stream")])
            .answers(202, "A notification or a response was accepted", []),
        Route::get(PATH, |call| pass_on(call).boxed())
            .about("getMcp", Tag::Mcp, "Open the stream of a session")
            .needs(Scope::Mcp)
            .parameter("header", "Mcp-Session-Id", "The session")
            .answers(200, "Notifications and requests of the server", [Content::of("text/event-stream")]),
        Route::delete(PATH, |call| pass_on(call).boxed())
            .about("deleteMcp", Tag::Mcp, "End a session")
            .needs(Scope::Mcp)
            .parameter("header", "Mcp-Session-Id", "The session")
            .answers(204, "The session has ended", []),
    ]
}

async fn pass_on(call: Call) -> Answer {
    let Some(mcp) = &call.app.mcp else {
        return Err(HttpError::new(StatusCode::NOT_IMPLEMENTED, "unsupported", "This server has no MCP"));
    };
    let caller = call.identity.caller.clone();
    let body = std::mem::take(&mut *platform::sync::lock(&call.body));
    let answer = mcp.call(caller, Request::from_parts(call.parts, body));
    Ok(answer.await)
}
