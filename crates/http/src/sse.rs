//! Server-sent events, and other bodies that grow.

use std::convert::Infallible;

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use serde::Serialize;

use crate::mount::{Body, Response};

/// The end of a stream of OpenAI's.
pub(crate) const DONE: &[u8] = b"data: [DONE]\n\n";
/// A line that parsers skip, so that nobody takes a silent connection for a dead one.
pub(crate) const COMMENT: &[u8] = b": still working\n\n";

/// Room for a chunk of a few words, so that the buffer of an event grows once.
const EVENT_BYTES: usize = 384;

/// Writes an event of JSON. `id` is where a client that lost the connection goes on.
pub(crate) fn write_event(out: &mut Vec<u8>, id: Option<&str>, data: &impl Serialize) {
    out.reserve(EVENT_BYTES);
    if let Some(id) = id {
        out.extend_from_slice(b"id: ");
        out.extend_from_slice(id.as_bytes());
        out.push(b'\n');
    }
    out.extend_from_slice(b"data: ");
    let start = out.len();
    // JSON has no line break outside of text, and escapes those inside. Only a map with keys that are no text fails.
    if serde_json::to_writer(&mut *out, data).is_err() {
        out.truncate(start);
        out.extend_from_slice(b"{}");
    }
    out.extend_from_slice(b"\n\n");
}

/// Writes an event of JSON with a name.
pub(crate) fn write_named(out: &mut Vec<u8>, name: &str, id: Option<&str>, data: &impl Serialize) {
    write_name(out, name);
    write_event(out, id, data);
}

/// Writes the name of the event that follows.
pub(crate) fn write_name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.push(b'\n');
}

/// A place in the queue.
#[derive(Serialize)]
pub(crate) struct QueueEvent<'a> {
    /// How many are ahead.
    pub(crate) ahead: usize,
    /// How long it may still wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) estimate_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completion_id: Option<&'a str>,
}

/// Writes an event with the place in the queue, for clients that asked for it.
pub(crate) fn write_queue(out: &mut Vec<u8>, event: &QueueEvent<'_>) {
    write_named(out, "queue", None, event);
}

/// A response of events.
pub(crate) fn response(events: impl Stream<Item = Vec<u8>> + Send + 'static) -> Response {
    streamed(HeaderValue::from_static("text/event-stream"), events)
}

/// A response whose body grows.
pub(crate) fn streamed(
    content_type: HeaderValue,
    pieces: impl Stream<Item = Vec<u8>> + Send + 'static,
) -> Response {
    let pieces = pieces.map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies such as nginx collect a response otherwise.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn event_is_one_line_of_json() {
        let mut out = Vec::new();
        write_event(&mut out, Some("c3"), &json!({"text": "a\nb"}));
        assert_eq!(out, b"id: c3\ndata: {\"text\":\"a\\nb\"}\n\n");
    }
}
