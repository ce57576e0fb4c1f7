//! Addresses of servers: how they are shown, and whether they are this machine.

use url::{Host, Url};

/// The address without credentials, query, fragment and closing slash.
pub(super) fn shown(url: &Url) -> String {
    format!("{}{}", shown_origin(url), url.path().trim_end_matches('/'))
}

/// The address's scheme, host and port alone.
pub(super) fn shown_origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or("(no host)");
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// Whether requests to the address stay on this machine: loopback, or the unspecified address,
/// which reaches the same.
pub(super) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => {
            let v4 = ip.to_ipv4_mapped();
            ip.is_loopback() || ip.is_unspecified() || v4.is_some_and(|ip| ip.is_loopback())
        }
        // RFC 6761 keeps `localhost` and all below it for loopback.
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_shown() {
        let url: Url = "https://user:secret@example.com:8443/ollama/?key=secret#x".parse().unwrap();
        assert_eq!(shown(&url), "https://example.com:8443/ollama");
        assert_eq!(shown_origin(&url), "https://example.com:8443");
        assert_eq!(shown(&"http://[::1]:11434/".parse().unwrap()), "http://[::1]:11434");
    }

    #[test]
    fn local_means_loopback() {
        for (address, local) in [
            ("http://127.0.0.1:11434", true),
            ("http://127.8.0.1", true),
            ("http://[::1]", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://0.0.0.0", true),
            ("http://LOCALHOST", true),
            ("http://gpu.localhost.", true),
            ("http://192.168.0.4", false),
            ("http://localhost.example.com", false),
            ("http://notlocalhost", false),
        ] {
            assert_eq!(is_local(&address.parse().unwrap()), local, "{address}");
        }
    }
}
