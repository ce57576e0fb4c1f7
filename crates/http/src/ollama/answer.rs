//! Answers of the model server, passed on: status, type and bytes stay as they are.

use std::convert::Infallible;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::json;
use text::places::without_places;
use tokio_util::sync::CancellationToken;

use crate::call::Call;
use crate::error::HttpError;
use crate::follow::{Follower, shutting_down};
use crate::hint;
use crate::mount::{Body, Response};
use crate::route::Answer;
use service::forwarding::{StreamedAnswer, WholeAnswer};
use service::tasks::reply::{VerbatimHead, VerbatimReader};
use service::{ServiceError, Warning};

/// The header with the id of the completion, by which `/x/completions/{id}` finds it.
pub(super) const COMPLETION_ID: &str = "x-ollama-mcp-completion-id";
/// The header with what a body of Ollama's has no place for.
pub(super) const WARNINGS: &str = "x-ollama-mcp-warnings";
/// Most bytes of that header.
const MAX_WARNINGS: usize = 2048;
/// Most bytes of an answer that is no stream.
const MAX_WHOLE: usize = 64 << 20;
/// The type of Ollama's streams.
const NDJSON: &str = "application/x-ndjson";

/// An answer that has come whole.
pub(super) fn whole(call: &Call, answer: WholeAnswer) -> Response {
    let body = shown(answer.body, answer.head.status, call.identity.has_credential());
    with_head(&answer.head, Body::from(body))
}

/// An answer of a transfer. A stream is passed on while it comes, anything else once it is whole.
pub(super) async fn streamed(call: &Call, answer: StreamedAnswer) -> Answer {
    let has_credential = call.identity.has_credential();
    let word = move |error: ServiceError| HttpError::from_service(&error, has_credential);
    let StreamedAnswer { head, mut body } = answer;
    let shutdown = call.app.shutdown.clone();
    if !is_stream(&head) {
        let mut whole = Vec::new();
        while let Some(chunk) = until(&shutdown, body.next()).await? {
            add(&mut whole, &chunk.map_err(word)?)?;
        }
        let body = shown(whole.into(), head.status, has_credential);
        return Ok(with_head(&head, Body::from(body)));
    }
    let steps = Steps { body, shutdown, line: Line::default() };
    let steps = stream::unfold(Some(steps), move |steps| async move {
        let mut steps = steps?;
        let next = tokio::select! {
            biased;
            next = steps.body.next() => next?.map_err(word),
            () = steps.shutdown.cancelled() => Err(shutting_down()),
        };
        match next {
            Ok(chunk) => {
                steps.line.passed(&chunk);
                Some((chunk, Some(steps)))
            }
            Err(error) => Some((steps.line.error(&error), None)),
        }
    });
    Ok(with_head(&head, growing(steps)))
}

/// The answer of a completion. A stream is passed on while it comes; anything else once it is whole, so that what goes wrong has
/// a status of its own.
pub(super) async fn completion(call: &Call, mut follower: Follower, warnings: &[Warning]) -> Answer {
    let mut reader = follower.reply().verbatim().ok_or_else(HttpError::internal)?;
    let shutdown = call.app.shutdown.clone();
    let head = until(&shutdown, reader.head()).await?;
    let Some(head) = head else { return Err(failure(&mut follower)) };
    let id = HeaderValue::try_from(follower.task().id.as_str()).ok();
    let mut response = if is_stream(&head) {
        tell_warnings(with_head(&head, passing(follower, reader, shutdown)), warnings, true)
    } else {
        let mut body = Vec::new();
        while let Some(chunk) = until(&shutdown, reader.next()).await? {
            add(&mut body, &chunk)?;
        }
        if !reader.is_whole() {
            return Err(failure(&mut follower));
        }
        // They were all there before the answer begins.
        let outcome = follower.outcome();
        let known = outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
        let warnings = known.map_or(warnings, |completion| completion.summary.warnings.as_slice());
        let has_credential = follower.has_credential();
        let response = with_head(&head, Body::from(shown(body.into(), head.status, has_credential)));
        tell_warnings(response, warnings, has_credential)
    };
    if let Some(id) = id {
        response.headers_mut().insert(COMPLETION_ID, id);
    }
    Ok(response)
}

fn is_stream(head: &VerbatimHead) -> bool {
    head.content_type.as_deref().is_some_and(|kind| kind.starts_with(NDJSON))
}

/// Adds to a body that is collected.
fn add(body: &mut Vec<u8>, chunk: &[u8]) -> Result<(), HttpError> {
    if body.len() + chunk.len() > MAX_WHOLE {
        let text = format!("The model server's answer is longer than {MAX_WHOLE} bytes");
        return Err(HttpError::new(StatusCode::BAD_GATEWAY, "upstream_error", text));
    }
    body.extend_from_slice(chunk);
    Ok(())
}

/// Waits for something, or for the end of the server.
pub(super) async fn until<T>(
    shutdown: &CancellationToken,
    work: impl Future<Output = T>,
) -> Result<T, HttpError> {
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = shutdown.cancelled() => Err(shutting_down()),
    }
}

/// The failure of a completion that has ended.
fn failure(follower: &mut Follower) -> HttpError {
    match follower.outcome() {
        Some(Err(error)) => follower.failure(error),
        _ => HttpError::internal(),
    }
}

/// A stream of a completion. Dropping it cancels the completion, if it belongs to its response.
struct Passing {
    follower: Follower,
    reader: VerbatimReader,
    shutdown: CancellationToken,
    line: Line,
}

fn passing(follower: Follower, reader: VerbatimReader, shutdown: CancellationToken) -> Body {
    let passing = Passing { follower, reader, shutdown, line: Line::default() };
    growing(stream::unfold(Some(passing), |passing| async move {
        let mut passing = passing?;
        let chunk = tokio::select! {
            biased;
            chunk = passing.reader.next() => chunk,
            () = passing.shutdown.cancelled() => {
                return Some((passing.line.error(&shutting_down()), None));
            }
        };
        match chunk {
            Some(chunk) => {
                let chunk = passing.line.shown(chunk, passing.follower.has_credential());
                passing.line.passed(&chunk);
                Some((chunk, Some(passing)))
            }
            None if passing.reader.is_whole() => {
                // The end has reached the caller: nothing is to be cancelled.
                passing.follower.outcome();
                None
            }
            None => {
                let error = failure(&mut passing.follower);
                Some((passing.line.error(&error), None))
            }
        }
    }))
}

/// The steps of a transfer.
struct Steps {
    body: BoxStream<'static, Result<Bytes, ServiceError>>,
    shutdown: CancellationToken,
    line: Line,
}

/// Whether a stream is inside of a line.
#[derive(Default)]
struct Line {
    is_open: bool,
}

impl Line {
    fn passed(&mut self, chunk: &Bytes) {
        self.is_open = chunk.last().is_some_and(|last| *last != b'\n');
    }

    /// A line with an error, as Ollama ends a stream that fails.
    fn error(&self, error: &HttpError) -> Bytes {
        let start = if self.is_open { "\n" } else { "" };
        format!("{start}{}\n", json!({ "error": error.text() })).into()
    }

    /// A line with an error of the server's, as this caller may see it. Ollama sends each line as a chunk.
    fn shown(&self, chunk: Bytes, has_credential: bool) -> Bytes {
        if has_credential || self.is_open || !chunk.starts_with(b"{\"error\"") {
            return chunk;
        }
        match without_places_of(&chunk) {
            Some(shown) => (shown + "\n").into(),
            None => chunk,
        }
    }
}

/// The body of a refusal as this caller may see it: without a credential it has no address and no path.
fn shown(body: Bytes, status: u16, has_credential: bool) -> Bytes {
    if status < 400 || has_credential {
        return body;
    }
    without_places_of(&body).map_or(body, Bytes::from)
}

/// The same error without addresses and paths; `None` where it has none.
fn without_places_of(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => {
            let shown = without_places(&refusal.error);
            (shown != refusal.error).then(|| json!({ "error": shown }).to_string())
        }
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let shown = without_places(&text);
            (shown != text).then_some(shown)
        }
    }
}

fn growing(chunks: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(chunks.map(Ok::<_, Infallible>))
}

fn with_head(head: &VerbatimHead, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(head.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let headers = response.headers_mut();
    if let Some(kind) = head.content_type.as_deref().and_then(|kind| HeaderValue::try_from(kind).ok()) {
        if kind.as_bytes().starts_with(NDJSON.as_bytes()) {
            // Proxies such as nginx collect a response otherwise.
            headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        }
        headers.insert(CONTENT_TYPE, kind);
    }
    if let Some(wait) = head.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().max(1)));
    }
    response
}

/// Puts warnings into a header: no body of Ollama's has a place for them.
fn tell_warnings(mut response: Response, warnings: &[Warning], has_credential: bool) -> Response {
    let mut text = String::new();
    for warning in warnings {
        let warning = hint::warning(warning, has_credential);
        if text.len() + warning.len() > MAX_WARNINGS {
            break;
        }
        text.push_str(if text.is_empty() { "" } else { " " });
        text.extend(warning.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }));
    }
    if let Some(value) = HeaderValue::try_from(text).ok().filter(|value| !value.is_empty()) {
        response.headers_mut().insert(WARNINGS, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_without_credential_see_no_path_of_the_server() {
        let body = |text: &str| Bytes::from(json!({ "error": text }).to_string());
        let failed = body("unable to load model: /root/.ollama/models/blobs/sha256-1");
        assert_eq!(shown(failed.clone(), 500, true), failed);
        assert_eq!(shown(failed.clone(), 500, false), body("unable to load model: [hidden]"));
        assert_eq!(shown(failed.clone(), 200, false), failed);
        let spaced = Bytes::from("{\"error\": \"model 'x' not found\"}");
        assert_eq!(shown(spaced.clone(), 404, false), spaced, "nothing is hidden, so no byte changes");
        let line = Line::default();
        assert_eq!(line.shown(failed.clone(), false), "{\"error\":\"unable to load model: [hidden]\"}\n");
        let text = Bytes::from("{\"message\":{\"content\":\"/root/x\"}}\n");
        assert_eq!(line.shown(text.clone(), false), text);
    }

    #[test]
    fn error_line_does_not_join_a_line_that_was_cut() {
        let error = HttpError::not_found("gone");
        let mut line = Line::default();
        line.passed(&Bytes::from("{\"done\":false}\n"));
        assert_eq!(line.error(&error), "{\"error\":\"gone\"}\n");
        line.passed(&Bytes::from("{\"mess"));
        assert_eq!(line.error(&error), "\n{\"error\":\"gone\"}\n");
    }

    #[test]
    fn warnings_are_header_text() {
        let warnings = [Warning::new("first \u{fc}\n"), Warning::new("second")];
        let response = tell_warnings(Response::default(), &warnings, true);
        assert_eq!(response.headers()[WARNINGS], "first ?? second");
        assert!(!tell_warnings(Response::default(), &[], true).headers().contains_key(WARNINGS));
    }
}
