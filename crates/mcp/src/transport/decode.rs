//! Decodes a line of input to messages, or to the error that answers it.
//!
//! JSON-RPC 2.0 sections 4 to 6 and the base protocol of MCP. rmcp's own decoding buffers the whole
//! message, and takes a known method with malformed params for a custom method. Here params are parsed once, into their
//! type, and the error names what is wrong with them.

use rmcp::model::{ClientJsonRpcMessage, ClientResult, ErrorData, JsonRpcError, JsonRpcMessage, RequestId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::methods::{self, Refused};
use super::oversize::IdScanner;

/// What a line holds.
#[derive(Debug)]
pub(super) enum Decoded {
    /// A message for the service.
    Message(Box<ClientJsonRpcMessage>),
    /// No valid message: the error that answers it.
    Refused(JsonRpcError),
    /// Nothing to answer or to use, such as a malformed notification.
    Ignored(&'static str),
}

/// The messages of one line, decoded lazily: a batch of a million messages is never decoded in memory.
pub(super) enum DecodedLine<'a> {
    /// One message at most: a blank line holds none.
    Single(Option<Box<Decoded>>),
    /// A batch. Only revision 2025-03-26 has them; every client's are accepted, and answered by one line for each message.
    Batch(std::vec::IntoIter<&'a RawValue>),
}

impl Iterator for DecodedLine<'_> {
    type Item = Decoded;

    fn next(&mut self) -> Option<Decoded> {
        match self {
            Self::Single(decoded) => decoded.take().map(|decoded| *decoded),
            Self::Batch(items) => items.next().map(|item| decode_one(item.get())),
        }
    }
}

/// Decodes one line.
pub(super) fn decode_line(line: &[u8]) -> DecodedLine<'_> {
    let single = |decoded| DecodedLine::Single(Some(Box::new(decoded)));
    let text = match std::str::from_utf8(line) {
        Ok(text) => text.trim_matches([' ', '\t', '\r']),
        Err(error) => {
            return single(refuse_parse(scanned_id(line), &format!("the message is not UTF-8: {error}")));
        }
    };
    if text.is_empty() {
        return DecodedLine::Single(None);
    }
    if !text.starts_with('[') {
        return single(decode_one(text));
    }
    match serde_json::from_str::<Vec<&RawValue>>(text) {
        Ok(items) if items.is_empty() => single(refuse_request(None, "an empty batch holds no message")),
        Ok(items) => DecodedLine::Batch(items.into_iter()),
        Err(error) => single(refuse_parse(None, &error.to_string())),
    }
}

/// The error for a line that is too long; `id` is JSON text; `setting` has the limit.
pub(super) fn refuse_too_long(id: Option<&str>, limit: usize, setting: &str) -> JsonRpcError {
    let id = id.and_then(read_id);
    let message = format!("the message is longer than {limit} bytes (setting {setting})");
    JsonRpcError::new(id, ErrorData::invalid_request(message, None))
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    jsonrpc: Field<'a>,
    #[serde(borrow, default)]
    id: Field<'a>,
    #[serde(borrow, default)]
    method: Field<'a>,
    #[serde(borrow, default)]
    params: Field<'a>,
    #[serde(borrow, default)]
    result: Field<'a>,
    #[serde(borrow, default)]
    error: Field<'a>,
}

/// A field's JSON text; `None`: it is absent, which differs from `null`.
#[derive(Default, Clone, Copy)]
struct Field<'a>(Option<&'a str>);

impl<'de: 'a, 'a> Deserialize<'de> for Field<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw.get())))
    }
}

fn decode_one(text: &str) -> Decoded {
    let envelope: Envelope<'_> = match serde_json::from_str(text) {
        Ok(envelope) => envelope,
        // A syntax error further on takes precedence over a data error.
        Err(error) => {
            return match serde_json::from_str::<serde::de::IgnoredAny>(text) {
                Err(syntax) => refuse_parse(scanned_id(text.as_bytes()), &syntax.to_string()),
                Ok(_) if !text.starts_with('{') => refuse_request(None, "a message is a JSON object"),
                Ok(_) => refuse_request(scanned_id(text.as_bytes()), &error.to_string()),
            };
        }
    };
    let id = envelope.id.0.and_then(read_id);
    if envelope.jsonrpc.0.map(serde_json::from_str::<&str>).and_then(Result::ok) != Some("2.0") {
        return refuse_request(id, r#"a message has "jsonrpc":"2.0""#);
    }
    match (envelope.method.0, envelope.id.0, envelope.result.0, envelope.error.0) {
        (Some(method), Some(_), None, None) => decode_request(id, method, envelope.params.0),
        (Some(method), None, None, None) => match serde_json::from_str::<String>(method) {
            Ok(method) => methods::notification(&method, envelope.params.0)
                .map_or(Decoded::Ignored("a malformed notification"), |notification| {
                    message(JsonRpcMessage::notification(notification))
                }),
            Err(_) => refuse_request(None, "method must be a string"),
        },
        (None, Some(_), Some(result), None) => match (id, serde_json::from_str::<ClientResult>(result)) {
            (Some(id), Ok(result)) => message(JsonRpcMessage::response(result, id)),
            _ => Decoded::Ignored("a malformed response"),
        },
        (None, _, None, Some(error)) => match serde_json::from_str::<ErrorData>(error) {
            Ok(error) => message(JsonRpcMessage::error(error, id)),
            Err(_) => Decoded::Ignored("a malformed error response"),
        },
        _ => refuse_request(id, "a message is a request, a notification or a response"),
    }
}

fn decode_request(id: Option<RequestId>, method: &str, params: Option<&str>) -> Decoded {
    let Some(id) = id else {
        return refuse_request(None, "id must be a string or an integer");
    };
    let Ok(method) = serde_json::from_str::<String>(method) else {
        return refuse_request(Some(id), "method must be a string");
    };
    match methods::request(&method, params) {
        Ok(request) => message(JsonRpcMessage::request(request, id)),
        Err(Refused::Method(error)) => Decoded::Refused(JsonRpcError::new(Some(id), error)),
        Err(Refused::Params(reason)) => Decoded::Refused(JsonRpcError::new(
            Some(id),
            ErrorData::invalid_params(format!("invalid params of {method}: {reason}"), None),
        )),
    }
}

fn message(message: ClientJsonRpcMessage) -> Decoded {
    Decoded::Message(Box::new(message))
}

/// The id of a message that is not valid JSON: its sender waits for the answer.
fn scanned_id(text: &[u8]) -> Option<RequestId> {
    let mut scanner = IdScanner::default();
    scanner.feed(text);
    scanner.finish().as_deref().and_then(read_id)
}

fn read_id(json: &str) -> Option<RequestId> {
    serde_json::from_str(json).ok()
}

fn refuse_parse(id: Option<RequestId>, reason: &str) -> Decoded {
    Decoded::Refused(JsonRpcError::new(id, ErrorData::parse_error(format!("not JSON: {reason}"), None)))
}

fn refuse_request(id: Option<RequestId>, reason: &str) -> Decoded {
    Decoded::Refused(JsonRpcError::new(
        id,
        ErrorData::invalid_request(format!("not a JSON-RPC message: {reason}"), None),
    ))
}
