//! Responses to requests that end before a stream, and the statuses of errors.

use bytes::Bytes;
use http_types::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http_types::{HeaderValue, Response, StatusCode};
use rmcp::model::{ErrorCode, ErrorData, JsonRpcError, RequestId, ServerJsonRpcMessage};

use super::accept::{EVENT_STREAM, JSON};
use super::event_stream::{EventStream, ResponseBody};

/// The code of a session that does not exist, as the official SDKs have it.
const SESSION_NOT_FOUND: ErrorCode = ErrorCode(-32001);
/// The code of a server that takes nothing more.
const UNAVAILABLE: ErrorCode = ErrorCode(-32000);
/// When a client may try again, in seconds.
const TRY_AGAIN: &str = "30";

/// An answer as JSON.
pub(super) fn json(status: StatusCode, body: Bytes) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    response
}

/// A stream.
pub(super) fn stream(stream: EventStream) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::stream(stream));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies such as nginx would collect the events.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// No body.
pub(super) fn empty(status: StatusCode) -> Response<ResponseBody> {
    let mut response = Response::new(ResponseBody::empty());
    *response.status_mut() = status;
    response
}

/// An error, with the id of its request if that is known.
pub(super) fn error(status: StatusCode, id: Option<RequestId>, error: ErrorData) -> Response<ResponseBody> {
    refusal(status, JsonRpcError::new(id, error))
}

/// An error that is a message already.
pub(super) fn refusal(status: StatusCode, error: JsonRpcError) -> Response<ResponseBody> {
    // Texts and numbers can be written.
    let body = serde_json::to_vec(&ServerJsonRpcMessage::Error(error)).unwrap_or_default();
    json(status, body.into())
}

/// A request that is wrong by itself.
pub(super) fn invalid(status: StatusCode, text: impl Into<String>) -> Response<ResponseBody> {
    error(status, None, ErrorData::invalid_request(text.into(), None))
}

/// A session that there is not, or not for this caller.
pub(super) fn no_session(id: Option<RequestId>) -> Response<ResponseBody> {
    let text =
        "there is no session with this Mcp-Session-Id, or not any longer; begin a new one with initialize";
    error(StatusCode::NOT_FOUND, id, ErrorData::new(SESSION_NOT_FOUND, text, None))
}

/// The server takes nothing more at present.
pub(super) fn unavailable(id: Option<RequestId>, text: String) -> Response<ResponseBody> {
    let mut response = error(StatusCode::SERVICE_UNAVAILABLE, id, ErrorData::new(UNAVAILABLE, text, None));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(TRY_AGAIN));
    response
}

/// A method that this resource does not have.
pub(super) fn not_allowed(allowed: &'static str, text: &str) -> Response<ResponseBody> {
    let mut response = invalid(StatusCode::METHOD_NOT_ALLOWED, text);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// The status of an answer. Older revisions have errors in answers of status 200, and their clients expect that.
pub(super) fn status(error_code: Option<i32>, modern: bool) -> StatusCode {
    let Some(code) = error_code.filter(|_| modern) else { return StatusCode::OK };
    match ErrorCode(code) {
        ErrorCode::UNSUPPORTED_PROTOCOL_VERSION
        | ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY
        | ErrorCode::HEADER_MISMATCH => StatusCode::BAD_REQUEST,
        ErrorCode::METHOD_NOT_FOUND => StatusCode::NOT_FOUND,
        _ => StatusCode::OK,
    }
}
