//! The headers that repeat parts of a message, and what they say of its revision.
//!
//! MCP 2026-07-28, basic/transports/streamable-http, "Request Metadata" and "Server Validation"; MCP 2025-11-25,
//! basic/transports, "Protocol Version Header". A request by hand has none of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_types::HeaderMap;
use rmcp::model::{ClientRequest, ErrorData, GetMeta as _, ProtocolVersion};

pub(super) const SESSION_ID: &str = "mcp-session-id";
pub(super) const PROTOCOL_VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";

/// How a request is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// It opens a session.
    Handshake,
    /// A revision before 2026-07-28, or none.
    Sessions,
    /// 2026-07-28 or newer.
    Stateless,
}

/// The era of a request.
///
/// # Errors
/// What is missing of its metadata, or contradicts them.
pub(super) fn era(headers: &HeaderMap, request: &ClientRequest) -> Result<Era, ErrorData> {
    let named = version(headers)?;
    let meta = request.get_meta();
    let requested = meta.protocol_version();
    let is_modern = |version: &str| version >= ProtocolVersion::V_2026_07_28.as_str();
    let modern_meta = requested.as_ref().is_some_and(|version| is_modern(version.as_str()));
    if let ClientRequest::InitializeRequest(_) = request {
        return Ok(Era::Handshake);
    }
    let discovers = matches!(request, ClientRequest::DiscoverRequest(_));
    if !(modern_meta || discovers || named.is_some_and(is_modern)) {
        for version in requested.as_ref().map(ProtocolVersion::as_str).into_iter().chain(named) {
            check_known(version)?;
        }
        matches_header(headers, METHOD, request.method(), false)?;
        return Ok(Era::Sessions);
    }
    if let (None, Some(named)) = (&requested, named) {
        check_known(named)?;
    }
    let missing = meta.missing_required_keys(&ProtocolVersion::V_2026_07_28);
    let Some(requested) = requested.filter(|_| missing.is_empty()) else {
        let missing = missing.join(", ");
        let text = format!("request _meta is missing or has malformed required fields: {missing}");
        return Err(ErrorData::invalid_params(text, None));
    };
    matches_header(headers, PROTOCOL_VERSION, requested.as_str(), true)?;
    check_known(requested.as_str())?;
    matches_header(headers, METHOD, request.method(), true)?;
    let name = match request {
        ClientRequest::CallToolRequest(request) => Some(request.params.name.as_ref()),
        ClientRequest::GetPromptRequest(request) => Some(request.params.name.as_str()),
        ClientRequest::ReadResourceRequest(request) => Some(request.params.uri.as_str()),
        _ => None,
    };
    if let Some(name) = name {
        matches_header(headers, NAME, name, true)?;
    }
    Ok(Era::Stateless)
}

/// The revision that the headers name.
///
/// # Errors
/// It is no text.
pub(super) fn version(headers: &HeaderMap) -> Result<Option<&str>, ErrorData> {
    one(headers, PROTOCOL_VERSION)
}

/// Whether the headers name revision 2026-07-28 or a newer one.
pub(super) fn is_modern(headers: &HeaderMap) -> bool {
    matches!(version(headers), Ok(Some(version)) if version >= ProtocolVersion::V_2026_07_28.as_str())
}

/// # Errors
/// This server does not speak this revision.
pub(super) fn check_known(version: &str) -> Result<(), ErrorData> {
    let known = ProtocolVersion::KNOWN_VERSIONS;
    if known.iter().any(|known| known.as_str() == version) {
        return Ok(());
    }
    let requested = serde_json::from_value(version.into())
        .map_err(|_| ErrorData::invalid_request("MCP-Protocol-Version is no revision", None))?;
    Err(ErrorData::unsupported_protocol_version(requested, known))
}

/// Checks that a header has the value of the body.
fn matches_header(
    headers: &HeaderMap,
    name: &'static str,
    body: &str,
    required: bool,
) -> Result<(), ErrorData> {
    let shown = match name {
        PROTOCOL_VERSION => "MCP-Protocol-Version",
        METHOD => "Mcp-Method",
        _ => "Mcp-Name",
    };
    let Some(value) = one(headers, name)? else {
        let text =
            format!("the header {shown} is missing; this request needs it, with the value of the body");
        return if required { Err(ErrorData::header_mismatch(text, None)) } else { Ok(()) };
    };
    let decoded = match value.strip_prefix("=?base64?").and_then(|value| value.strip_suffix("?=")) {
        Some(encoded) => STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok()),
        None => Some(value.to_owned()),
    };
    match decoded {
        Some(decoded) if decoded == body => Ok(()),
        _ => {
            let text = format!("the header {shown} is {value:?}, which is not the value of the body");
            Err(ErrorData::header_mismatch(text, None))
        }
    }
}

/// The value of a header that may be given once.
fn one<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<&'a str>, ErrorData> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(value), None) => Ok(Some(value.trim())),
        (Err(_), _) => Err(ErrorData::header_mismatch(format!("the header {name} is no plain text"), None)),
        (_, Some(_)) => Err(ErrorData::header_mismatch(format!("the header {name} is given twice"), None)),
    }
}
