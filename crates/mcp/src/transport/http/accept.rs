//! What a request says of its body and of the answer that it takes: `Content-Type` and `Accept`.
//!
//! MCP wants both types in `Accept`. Many clients list one or none, so one is enough, and the answer keeps to it.

use http_types::HeaderMap;
use http_types::header::{ACCEPT, CONTENT_TYPE, ORIGIN};

pub(super) const JSON: &str = "application/json";
pub(super) const EVENT_STREAM: &str = "text/event-stream";

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// The final response alone.
    Json,
    /// Always a stream.
    Stream,
    /// The response alone where it comes soon and nothing before it, else a stream.
    Either,
}

/// The form that the client takes; `None`: neither. `streams`: the request asks for messages before its answer, which decides
/// where the client names no type.
pub(super) fn format(headers: &HeaderMap, streams: bool) -> Option<Format> {
    let (mut json, mut stream, mut any, mut named) = (false, false, false, false);
    for range in headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
    {
        let mut parts = range.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default().to_ascii_lowercase();
        if essence.is_empty() {
            continue;
        }
        named = true;
        if parts.any(is_refusal) {
            continue;
        }
        match essence.as_str() {
            JSON | "application/*" => json = true,
            EVENT_STREAM | "text/*" => stream = true,
            "*/*" => any = true,
            _ => {}
        }
    }
    match (json, stream) {
        (true, true) => Some(Format::Either),
        (true, false) if any && streams => Some(Format::Either),
        (true, false) => Some(Format::Json),
        (false, true) if any => Some(Format::Either),
        (false, true) => Some(Format::Stream),
        (false, false) if named && !any => None,
        (false, false) if streams => Some(Format::Either),
        (false, false) => Some(Format::Json),
    }
}

/// Whether the client takes a stream.
pub(super) fn takes_stream(headers: &HeaderMap) -> bool {
    format(headers, true).is_some_and(|format| format != Format::Json)
}

/// Whether the body can be JSON by its type. curl calls every body a form; only web pages are held to the letter, since a
/// form of theirs is sent without a question to this server.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else { return true };
    let essence =
        value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let from_page = headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site");
    match essence.as_str() {
        "application/x-www-form-urlencoded" => !from_page,
        essence => essence == JSON || (essence.starts_with("application/") && essence.ends_with("+json")),
    }
}

/// `q=0`, in any of its spellings.
fn is_refusal(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|quality| quality == 0.0)
}
