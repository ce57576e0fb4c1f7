//! What a caller has open ends when its credential does: revoked, signed out, disabled or expired.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use serde_json::json;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::error::{Dialect, HttpError};
use crate::mount::{Body, Response};

/// The credential of a request has ended while it was answered.
pub(crate) fn credential_ended() -> HttpError {
    let mut error = HttpError::unauthorized("The credential of this request is not valid any more");
    error.code = "credential_ended".into();
    error
}

/// A response whose body ends with its caller's credential. Dropping the body cancels what was generated for it.
pub(crate) fn until_ended(response: Response, ended: &CancellationToken, dialect: Dialect) -> Response {
    // What is whole is sent already.
    if response.body().size_hint().exact().is_some() {
        return response;
    }
    let last = last_words(dialect, response.headers().get(CONTENT_TYPE));
    response.map(|body| {
        let ended = Box::pin(ended.clone().cancelled_owned());
        Body::new(EndingBody { inner: Some(body), ended, last, cuts_line: false })
    })
}

/// The last event of a stream in its own form; empty where the form has none.
fn last_words(dialect: Dialect, content_type: Option<&HeaderValue>) -> Bytes {
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let error = credential_ended();
    if content_type.starts_with("text/event-stream") {
        let mut body = error.body(dialect);
        if let Some(fields) = body.as_object_mut().filter(|_| dialect != Dialect::JsonRpc) {
            fields.insert("type".to_owned(), "error".into());
        }
        let name = if dialect == Dialect::Anthropic { "event: error\n" } else { "" };
        format!("{name}data: {body}\n\n").into()
    } else if content_type.starts_with("application/x-ndjson") {
        format!("{}\n", json!({ "error": error.text() })).into()
    } else {
        Bytes::new()
    }
}

struct EndingBody {
    /// `None` once it has ended.
    inner: Option<Body>,
    ended: Pin<Box<WaitForCancellationFutureOwned>>,
    last: Bytes,
    /// The bytes so far end inside of a line.
    cuts_line: bool,
}

impl HttpBody for EndingBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        // Each frame of our own streams has whole events, so that the end cuts none. Bytes of the model server may be cut.
        if this.ended.as_mut().poll(context).is_ready() {
            this.inner = None;
            let last = std::mem::take(&mut this.last);
            let last =
                if this.cuts_line && !last.is_empty() { [b"\n", &last[..]].concat().into() } else { last };
            return Poll::Ready((!last.is_empty()).then(|| Ok(Frame::data(last))));
        }
        let frame = std::task::ready!(Pin::new(inner).poll_frame(context));
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            this.cuts_line = data.last().is_some_and(|last| *last != b'\n');
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::sse;

    #[tokio::test]
    async fn stream_ends_with_an_error_in_its_form() {
        for (dialect, content_type, expected) in [
            (Dialect::OpenAi, "text/event-stream", "\"code\":\"credential_ended\""),
            (Dialect::Anthropic, "text/event-stream", "event: error\ndata: {\"type\":\"error\","),
            (Dialect::JsonRpc, "text/event-stream", "\"jsonrpc\":\"2.0\""),
            (Dialect::ChatService, "application/x-ndjson", "{\"error\":\"The credential"),
            (Dialect::Ollama, "application/x-ndjson", "{\"error\":\"The credential"),
        ] {
            let ended = CancellationToken::new();
            let events = stream::once(async { b"data: 1\n\n".to_vec() });
            let events = futures_util::StreamExt::chain(events, stream::pending());
            let response = sse::streamed(HeaderValue::from_static(content_type), events);
            let mut body = until_ended(response, &ended, dialect).into_body();
            let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(first, "data: 1\n\n");
            ended.cancel();
            let last = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(String::from_utf8_lossy(&last).contains(expected), "{last:?}");
            assert!(body.frame().await.is_none());
        }
    }

    #[tokio::test]
    async fn error_is_a_line_of_its_own() {
        let ended = CancellationToken::new();
        let pieces =
            futures_util::StreamExt::chain(stream::once(async { b"{\"cut".to_vec() }), stream::pending());
        let response = sse::streamed(HeaderValue::from_static("application/x-ndjson"), pieces);
        let mut body = until_ended(response, &ended, Dialect::Ollama).into_body();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "{\"cut");
        ended.cancel();
        let last = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(last.starts_with(b"\n{\"error\":\"The credential"), "{last:?}");
    }

    #[tokio::test]
    async fn whole_body_is_left_alone() {
        let ended = CancellationToken::new();
        ended.cancel();
        let body = until_ended(Response::new(Body::from("whole")), &ended, Dialect::OpenAi).into_body();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "whole");
    }
}
