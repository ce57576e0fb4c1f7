//! One check of credentials for every route: a key, or a caller on this machine without one.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, HeaderName};

use super::identity::Identity;
use super::local_key::PREFIX;
use crate::error::HttpError;
use crate::state::App;

/// Headers that a proxy adds: behind one, everybody seems to be on this machine.
const OF_PROXIES: &[&str] = &["forwarded", "via", "x-real-ip"];
/// How others of them begin.
const PREFIX_OF_PROXIES: &str = "x-forwarded-";

/// Who sends a request.
///
/// # Errors
/// 401 for a key that is wrong, and for none where there are no guests.
pub(crate) fn identify(app: &App, peer: SocketAddr, headers: &HeaderMap) -> Result<Identity, HttpError> {
    if let Some(presented) = presented(headers)? {
        let local = app.local_key.as_ref().is_some_and(|key| key.matches(presented));
        if local {
            return Ok(Identity::local());
        }
        // Clients that must send a key send `ollama`, `none` or one of another service: that is as good as none.
        if presented.starts_with(PREFIX) || presented.starts_with("eyJ") {
            return Err(HttpError::unauthorized("This key is not known, or not valid any more"));
        }
    }
    if app.options.guests && is_on_this_machine(peer, headers) {
        return Ok(Identity::guest());
    }
    Err(HttpError::unauthorized("This server needs a key: send it as \"Authorization: Bearer KEY\""))
}

/// Whether a valid key comes with the request.
pub(super) fn has_key(app: &App, headers: &HeaderMap) -> bool {
    let presented = presented(headers).ok().flatten();
    presented.zip(app.local_key.as_ref()).is_some_and(|(presented, key)| key.matches(presented))
}

fn presented(headers: &HeaderMap) -> Result<Option<&str>, HttpError> {
    let unreadable = |_| HttpError::unauthorized("The key holds characters that no key has");
    if let Some(value) = headers.get(AUTHORIZATION) {
        let value = value.to_str().map_err(unreadable)?.trim();
        let (scheme, key) = value.split_once(' ').unwrap_or((value, ""));
        let is_bearer = scheme.eq_ignore_ascii_case("bearer");
        if !is_bearer && !value.is_empty() {
            return Err(HttpError::unauthorized("Authorization must be \"Bearer KEY\""));
        }
        // A client without a key sends the scheme alone.
        if let Some(key) = Some(key.trim()).filter(|key| is_bearer && !key.is_empty()) {
            return Ok(Some(key));
        }
    }
    let key = headers.get(HeaderName::from_static("x-api-key"));
    let key = key.map(|key| key.to_str().map_err(unreadable)).transpose()?;
    Ok(key.map(str::trim).filter(|key| !key.is_empty()))
}

fn is_on_this_machine(peer: SocketAddr, headers: &HeaderMap) -> bool {
    let is_of_proxy = |name: &HeaderName| {
        OF_PROXIES.contains(&name.as_str()) || name.as_str().starts_with(PREFIX_OF_PROXIES)
    };
    peer.ip().to_canonical().is_loopback() && !headers.keys().any(is_of_proxy)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn is_here(peer: &str, header: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(name) = header {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static("127.0.0.1"));
        }
        is_on_this_machine(SocketAddr::new(peer.parse().unwrap(), 4891), &headers)
    }

    #[test]
    fn only_loopback_peers_without_proxy_are_on_this_machine() {
        for peer in ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"] {
            assert!(is_here(peer, None), "{peer}");
            assert!(is_here(peer, Some("x-forwarder")), "{peer}");
            for header in ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-port"] {
                assert!(!is_here(peer, Some(header)), "{peer} {header}");
            }
        }
        for peer in [
            "192.168.1.2",
            "10.0.0.1",
            "0.0.0.0",
            "169.254.1.1",
            "8.8.8.8",
            "fe80::1",
            "::",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_here(peer, None), "{peer}");
        }
    }
}
