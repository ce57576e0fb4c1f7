//! Bodies of requests as JSON: bounded in size and time, with the path of what is wrong.

use std::time::Duration;

use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::error::HttpError;
use crate::mount::Body;

/// Reads a whole body of at most so many bytes, for at most so long.
///
/// # Errors
/// 413 for one that is too large, 408 for one that does not come, 415 for one that is compressed.
pub(crate) async fn read_bytes(
    body: Body,
    headers: &HeaderMap,
    max_bytes: usize,
    within: Duration,
) -> Result<Bytes, HttpError> {
    let declared = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > max_bytes as u64) {
        return Err(too_large(max_bytes));
    }
    let encoding = headers
        .get(CONTENT_ENCODING)
        .filter(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"));
    if encoding.is_some() {
        return Err(HttpError::unsupported_media_type("The body is compressed; send it as it is"));
    }
    let whole = timeout(within, Limited::new(body, max_bytes).collect()).await.map_err(|_| {
        let text = format!("The body of the request did not come within {} s", within.as_secs_f32());
        HttpError::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", text)
    })?;
    match whole {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(max_bytes)),
        Err(_) => Err(HttpError::bad_request("body", "ended early")),
    }
}

/// Reads JSON as a type; `ignored` gets the top-level fields that it does not have.
///
/// # Errors
/// 400 with the path of what is wrong.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8], ignored: &mut Vec<String>) -> Result<T, HttpError> {
    if bytes.trim_ascii().is_empty() {
        return Err(HttpError::bad_request("body", "is empty; it must be a JSON object"));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut json, &mut track);
    let mut on_ignored = |path: serde_ignored::Path<'_>| {
        let path = path.to_string();
        if !path.contains('.') {
            ignored.push(path);
        }
    };
    let read = T::deserialize(serde_ignored::Deserializer::new(tracked, &mut on_ignored));
    let read = read.and_then(|read| json.end().map(|()| read));
    read.map_err(|error| wrong(&track.path().to_string(), &error))
}

fn wrong(path: &str, error: &serde_json::Error) -> HttpError {
    if error.is_syntax() || error.is_eof() {
        return HttpError::bad_request("body", format!("is not JSON: {error}"));
    }
    // The place in the text says less than the path.
    let text = error.to_string();
    let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
    match path {
        "." | "" => HttpError::bad_request("body", format!("is wrong: {reason}")),
        path => HttpError::bad_request(path, format!("is wrong: {reason}")),
    }
}

fn too_large(max_bytes: usize) -> HttpError {
    let text = format!("The body of the request is larger than {max_bytes} bytes");
    HttpError::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", text)
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Asked {
        #[serde(default)]
        list: Vec<u32>,
    }

    fn error(text: &str) -> HttpError {
        parse::<Asked>(text.as_bytes(), &mut Vec::new()).unwrap_err()
    }

    #[test]
    fn error_names_the_path_and_the_reason() {
        assert_eq!(error(r#"{"list": [1, "x"]}"#).param.as_deref(), Some("list[1]"));
        assert!(error("[").message.starts_with("body is not JSON"));
        assert!(error("").message.contains("is empty"));
        assert!(error("{} {}").message.contains("trailing"));
        assert_eq!(error("7").param.as_deref(), Some("body"));
    }

    #[tokio::test]
    async fn body_that_stops_is_given_up_in_time() {
        let piece = futures_util::stream::once(async { Ok::<_, std::convert::Infallible>("{") });
        let stops = piece.chain(futures_util::stream::pending());
        let body = Body::from_stream(stops);
        let read = read_bytes(body, &HeaderMap::new(), 1000, Duration::from_millis(10)).await;
        let error = read.unwrap_err();
        assert_eq!((error.status, error.code.as_ref()), (StatusCode::REQUEST_TIMEOUT, "request_timeout"));
        assert_eq!(error.message, "The body of the request did not come within 0.01 s");
    }

    #[test]
    fn fields_that_nothing_reads_are_named() {
        let mut ignored = Vec::new();
        let asked: Asked = parse(br#"{"list": [], "b": {"c": 1}, "a": 1}"#, &mut ignored).unwrap();
        assert!(asked.list.is_empty());
        assert_eq!(ignored, ["b", "a"]);
    }
}
