//! Web pages are no callers: a page that a person visits must not reach a server on that person's machine.
//!
//! `Host` guards against DNS rebinding, `Origin` and `Sec-Fetch-Site` against requests of other sites, and the type of the
//! body against forms, which need no permission of ours.

use axum::http::header::{CONTENT_TYPE, HOST, HeaderName, ORIGIN};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method};
use url::Url;

use super::client::is_of_proxy;
use crate::error::HttpError;
use crate::multipart::MULTIPART;
use crate::state::App;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// What web pages may do with a route beside sending JSON.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PageRules {
    /// It is a page that people open in a browser.
    pub(crate) opens_page: bool,
    /// It takes a form with a file, as pages of ours send it.
    pub(crate) sends_form: bool,
}

/// Checks a request by the rules for web pages. `has_key`: a valid key or token came with it.
///
/// # Errors
/// 400 without a host, 403 for one that is not ours and for pages of other sites, 415 for the body of a form.
pub(crate) fn check(app: &App, parts: &Parts, rules: PageRules, has_key: bool) -> Result<(), HttpError> {
    let host = host(parts)?;
    let is_health = parts.uri.path().starts_with("/health");
    if !is_health && !is_our_host(app, &host) && !has_key {
        return Err(HttpError::forbidden(format!(
            "The host {:?} is not one of this server's; requests without a key use localhost or a loopback address",
            host.as_str()
        )));
    }
    let origin = header(&parts.headers, &ORIGIN)?;
    if let Some(origin) = origin {
        let ours = is_our_origin(app, origin, &host);
        if !ours && !app.options.origins.iter().any(|listed| listed == origin) {
            return Err(HttpError::forbidden(format!(
                "Pages of {origin:?} may not send requests to this server"
            )));
        }
    }
    let site = header(&parts.headers, &SEC_FETCH_SITE)?;
    let from_elsewhere = site.is_some_and(|site| site != "same-origin" && site != "none");
    if from_elsewhere && origin.is_none() {
        let opens =
            header(&parts.headers, &SEC_FETCH_MODE)? == Some("navigate") && parts.method == Method::GET;
        if !(opens && rules.opens_page) {
            return Err(HttpError::forbidden("Pages of other sites may not send requests to this server"));
        }
    }
    let from_browser = origin.is_some() || site.is_some();
    if from_browser && has_body(parts) && !is_json(&parts.headers) {
        // Any page can send a form without asking. Here its origin is known to be ours or listed.
        if !rules.sends_form {
            return Err(HttpError::unsupported_media_type(
                "A request of a web page must have a body of application/json",
            ));
        }
        if media_type(&parts.headers) != MULTIPART {
            return Err(HttpError::unsupported_media_type(format!("The body must be {MULTIPART}")));
        }
    }
    Ok(())
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, HttpError> {
    let unreadable = |_| HttpError::bad_request(name.as_str(), "holds characters that it cannot have");
    headers.get(name).map(|value| value.to_str().map_err(unreadable)).transpose()
}

/// The host that the request is for, with its port.
fn host(parts: &Parts) -> Result<Authority, HttpError> {
    let mut given = parts.headers.get_all(HOST).iter();
    let host = match (parts.uri.authority(), given.next(), given.next()) {
        (Some(authority), _, None) => Some(authority.clone()),
        (None, Some(host), None) => Authority::try_from(host.as_bytes()).ok(),
        _ => None,
    };
    let host = host.filter(|host| !host.as_str().contains('@') && has_no_odd_port(host));
    host.ok_or_else(|| HttpError::bad_request("Host", "must be given once, as a name or an address"))
}

/// Whether what follows the name is nothing, or a port.
fn has_no_odd_port(host: &Authority) -> bool {
    host.as_str() == host.host() || host.port_u16().is_some()
}

/// Whether a browser sends this to its own machine, although it comes from another one: a container's port that is published on
/// loopback. The settings say so by a public address of loopback, and the request by its `Host`, which a browser elsewhere does not
/// have.
pub(crate) fn is_published_on_loopback(public_url: Option<&Url>, parts: &Parts) -> bool {
    let is_loopback = public_url.and_then(Url::host_str).is_some_and(is_loopback_name);
    let is_proxied = || parts.headers.keys().any(is_of_proxy);
    is_loopback && host(parts).is_ok_and(|host| is_loopback_name(host.host())) && !is_proxied()
}

fn is_our_host(app: &App, host: &Authority) -> bool {
    is_loopback_name(host.host()) || app.options.public_url.as_ref().is_some_and(|url| is_host_of(url, host))
}

fn is_loopback_name(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let is_name = host.eq_ignore_ascii_case("localhost") || host.to_ascii_lowercase().ends_with(".localhost");
    is_name || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

fn is_host_of(url: &Url, host: &Authority) -> bool {
    let default = url.port_or_known_default();
    url.host_str().is_some_and(|name| name.eq_ignore_ascii_case(host.host()))
        && (host.port_u16().is_none() || host.port_u16() == default)
}

/// Whether a page is ours: its origin is the host that it sends the request to.
fn is_our_origin(app: &App, origin: &str, host: &Authority) -> bool {
    let public = app.options.public_url.as_ref();
    if public.is_some_and(|url| url.origin().ascii_serialization() == origin) {
        return true;
    }
    let plain = origin.strip_prefix("http://");
    is_loopback_name(host.host()) && plain.is_some_and(|origin| origin.eq_ignore_ascii_case(host.as_str()))
}

fn has_body(parts: &Parts) -> bool {
    matches!(parts.method, Method::POST | Method::PUT | Method::PATCH)
}

/// Whether the body is JSON by its header.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let essence = media_type(headers);
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// The type of the body without its parameters, in lower case; empty where there is none.
fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    #[test]
    fn only_public_address_of_loopback_and_its_host_are_published_on_loopback() {
        let is_published = |public: Option<&str>, headers: &[(&str, &str)]| {
            let request = headers
                .iter()
                .fold(Request::builder(), |request, (name, value)| request.header(*name, *value));
            let (parts, ()) = request.body(()).unwrap().into_parts();
            let public = public.map(|url| Url::parse(url).unwrap());
            is_published_on_loopback(public.as_ref(), &parts)
        };
        let host = ("host", "localhost:4891");
        for (public, host) in [
            ("http://localhost:4891", "localhost:4891"),
            ("http://localhost:4891", "127.0.0.1:4891"),
            ("http://[::1]:8080", "[::1]:8080"),
        ] {
            assert!(is_published(Some(public), &[("host", host)]), "{public} {host}");
        }
        assert!(!is_published(None, &[host]));
        for public in ["https://models.example.com", "http://10.0.0.5:4891", "http://localhost.example.com"] {
            assert!(!is_published(Some(public), &[host]), "{public}");
        }
        let public = Some("http://localhost:4891");
        for other in ["models.example.com", "10.0.0.5:4891", "0.0.0.0:4891", "localhost.example.com"] {
            assert!(!is_published(public, &[("host", other)]), "{other}");
        }
        // A proxy of that machine may publish it to others.
        for header in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
            assert!(!is_published(public, &[host, (header, "10.0.0.9")]), "{header}");
        }
        assert!(!is_published(public, &[host, host]) && !is_published(public, &[]));
    }
}
