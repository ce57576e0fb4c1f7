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
    let error = Content::any_json;
    vec![
        Route::post(PATH, |call| pass_on(call).boxed())
            .about("postMcp", Tag::Mcp, "Send a message of the Model Context Protocol")
            .described("Streamable HTTP of the revisions up to 2025-11-25 (with `Mcp-Session-Id`) and of 2026-07-28 (without sessions).")
            .needs(Scope::Mcp)
            .takes(message())
            .answers(200, "The answer, or a stream that ends with it", [Content::any_json(), Content::of("text/event-stream")])
            .answers(202, "A notification or a response was accepted", [])
            .answers(400, "The body is no JSON-RPC message, or a header does not belong to it", [error()])
            .answers(401, "A wrong key, or none where there are no guests", [error()])
            .answers(403, "A host or an origin that may not send requests, or a key without the scope", [error()])
            .answers(404, "There is no such session for this caller; begin a new one with `initialize`", [error()])
            .answers(406, "`Accept` lists neither JSON nor a stream of events", [error()])
            .answers(408, "The body did not come in time", [error()])
            .answers(413, "The message is larger than `OLLAMA_MCP_SERVE_MAX_BODY_BYTES`", [error()])
            .answers(415, "The body is not JSON by its header", [error()])
            .answers(503, "All sessions are in use, with `Retry-After`; or the server is stopping", [error()]),
        Route::get(PATH, |call| pass_on(call).boxed())
            .about("getMcp", Tag::Mcp, "Open the stream of a session")
            .needs(Scope::Mcp)
            .parameter("header", "Mcp-Session-Id", "The session")
            .parameter("header", "Last-Event-ID", "The event after which a stream whose connection was lost goes on")
            .answers(200, "Notifications and requests of the server", [Content::of("text/event-stream")])
            .answers(400, "`Mcp-Session-Id` is missing", [error()])
            .answers(401, "A wrong key, or none where there are no guests", [error()])
            .answers(404, "There is no such session for this caller", [error()])
            .answers(405, "Revision 2026-07-28 has no sessions", [error()])
            .answers(406, "`Accept` does not list `text/event-stream`", [error()])
            .answers(410, "There is nothing after this `Last-Event-ID`, or not any longer", [error()])
            .answers(503, "The server is stopping", [error()]),
        Route::delete(PATH, |call| pass_on(call).boxed())
            .about("deleteMcp", Tag::Mcp, "End a session")
            .needs(Scope::Mcp)
            .parameter("header", "Mcp-Session-Id", "The session")
            .answers(204, "The session has ended", [])
            .answers(400, "`Mcp-Session-Id` is missing", [error()])
            .answers(401, "A wrong key, or none where there are no guests", [error()])
            .answers(404, "There is no such session for this caller", [error()])
            .answers(405, "Revision 2026-07-28 has no sessions", [error()])
            .answers(503, "The server is stopping", [error()]),
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
