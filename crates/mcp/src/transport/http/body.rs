//! The body of a request: bounded, and one message.

use std::fmt::Display;
use std::pin::pin;

use bytes::Buf;
use http_body::Body;
use http_types::{Response, StatusCode};
use rmcp::model::{ClientJsonRpcMessage, ErrorData, JsonRpcError};

use super::event_stream::ResponseBody;
use super::response;
use crate::transport::decode::{self, Decoded, DecodedLine};
use crate::transport::oversize::IdScanner;

/// The setting of the limit, as errors name it.
const SETTING: &str = "OLLAMA_MCP_SERVE_MAX_BODY_BYTES";

/// Reads a body of at most `max` bytes.
pub(super) async fn read<B: Body<Error: Display>>(
    body: B,
    max: usize,
) -> Result<Vec<u8>, Response<ResponseBody>> {
    let mut body = pin!(body);
    let too_large = |text: &[u8]| {
        let mut scanner = IdScanner::default();
        scanner.feed(text);
        let error = decode::refuse_too_long(scanner.finish().as_deref(), max, SETTING);
        response::refusal(StatusCode::PAYLOAD_TOO_LARGE, error)
    };
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if expected > max {
        return Err(too_large(&[]));
    }
    let mut text = Vec::with_capacity(expected);
    while let Some(frame) = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|error| {
            response::invalid(StatusCode::BAD_REQUEST, format!("the body could not be read: {error}"))
        })?;
        let Ok(mut data) = frame.into_data() else { continue };
        while data.has_remaining() {
            let chunk = data.chunk();
            let length = chunk.len();
            if text.len() + length > max {
                return Err(too_large(&text));
            }
            text.extend_from_slice(chunk);
            data.advance(length);
        }
    }
    Ok(text)
}

/// The one message of a body.
pub(super) fn decode(body: &[u8]) -> Result<ClientJsonRpcMessage, JsonRpcError> {
    let refused = |text: &str| JsonRpcError::new(None, ErrorData::invalid_request(text.to_owned(), None));
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body).trim_ascii();
    match decode::decode_line(body) {
        DecodedLine::Batch(_) => Err(refused("a body holds one message; send each one of a batch by itself")),
        DecodedLine::Single(None) => {
            let error =
                ErrorData::parse_error("not JSON: the body is empty; it must be a JSON-RPC message", None);
            Err(JsonRpcError::new(None, error))
        }
        DecodedLine::Single(Some(decoded)) => match *decoded {
            Decoded::Message(message) => Ok(*message),
            Decoded::Refused(error) => Err(error),
            Decoded::Ignored(what) => Err(refused(what)),
        },
    }
}
