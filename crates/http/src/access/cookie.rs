//! The cookie of a browser session. It is worth nothing without the secret that the page sends beside it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use url::Url;

use crate::options::HttpOptions;

/// The header with the secret.
pub(super) const SECRET_HEADER: &str = "x-ollama-mcp-session";

/// The name of the cookie. All ports of a host share their cookies, so it has the port: that of the address which browsers
/// use, so that servers behind one proxy read each other's.
fn name(options: &HttpOptions, is_https: bool) -> String {
    let public = options.public_url.as_ref().and_then(Url::port_or_known_default);
    let port = public.or_else(|| options.listen.first().map(SocketAddr::port)).unwrap_or_default();
    let prefix = if is_https { "__Host-" } else { "" };
    format!("{prefix}ollama-mcp-{port}")
}

/// The value of the cookie in a request.
pub(super) fn presented<'a>(
    options: &HttpOptions,
    is_https: bool,
    headers: &'a HeaderMap,
) -> Option<&'a str> {
    let name = name(options, is_https);
    let pairs = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = pairs.flat_map(|pairs| pairs.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(given, _)| *given == name).map(|(_, value)| value)
}

/// The header that sets the cookie.
pub(crate) fn session_cookie(
    options: &HttpOptions,
    is_https: bool,
    token: &str,
    lifetime: Duration,
) -> Option<HeaderValue> {
    let name = name(options, is_https);
    let secure = if is_https { "; Secure" } else { "" };
    let seconds = lifetime.as_secs();
    let cookie = format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let mut value = HeaderValue::try_from(cookie).ok()?;
    // Nothing shows it in a log.
    value.set_sensitive(true);
    Some(value)
}

/// The header that removes the cookie.
pub(crate) fn expired_cookie(options: &HttpOptions, is_https: bool) -> Option<HeaderValue> {
    session_cookie(options, is_https, "", Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_has_port_and_is_hidden_from_scripts() {
        let options = HttpOptions::default();
        let cookie = |is_https| session_cookie(&options, is_https, "t.t.t", Duration::from_secs(60)).unwrap();
        assert_eq!(cookie(false), "ollama-mcp-4891=t.t.t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict");
        assert_eq!(
            cookie(true),
            "__Host-ollama-mcp-4891=t.t.t; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
        );
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=b; ollama-mcp-4892=no"));
        assert_eq!(presented(&options, false, &headers), None);
        headers.append(COOKIE, HeaderValue::from_static("x=y;ollama-mcp-4891=t.t.t; z"));
        assert_eq!(presented(&options, false, &headers), Some("t.t.t"));
        // A cookie that plain http could set is none of https.
        assert_eq!(presented(&options, true, &headers), None);
    }

    #[test]
    fn cookie_has_port_of_public_address() {
        let behind = |url: &str, port| HttpOptions {
            listen: vec![SocketAddr::from(([127, 0, 0, 1], port))],
            public_url: Some(url.parse().unwrap()),
            ..HttpOptions::default()
        };
        let url = "https://localhost:4900";
        assert_eq!(name(&behind(url, 4901), true), "__Host-ollama-mcp-4900");
        assert_eq!(name(&behind(url, 4901), true), name(&behind(url, 4902), true));
        assert_eq!(name(&behind("https://models.example.com", 4891), true), "__Host-ollama-mcp-443");
    }
}
