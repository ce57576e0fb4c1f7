//! Addresses of servers: their redacted form, and whether they are this machine.

use url::{Host, Url};

use settings::is_this_machine;

/// The address without credentials, query, fragment and trailing slash.
pub(super) fn redacted(url: &Url) -> String {
    format!("{}{}", origin(url), url.path().trim_end_matches('/'))
}

/// Only scheme, host and port.
pub(super) fn origin(url: &Url) -> String {
    let host = url.host_str().unwrap_or("(no host)");
    match url.port() {
        Some(port) => format!("{}://{host}:{port}", url.scheme()),
        None => format!("{}://{host}", url.scheme()),
    }
}

/// Whether requests to the address stay on this machine.
pub(super) fn is_local(url: &Url) -> bool {
    url.host().is_some_and(|host| is_this_machine(&host))
}

/// The host name that must be resolved to loopback, for an address that is local by name. The system's resolver is not
/// asked: a hosts file or a name server could direct local requests to another machine.
pub(super) fn pinned_name(url: &Url) -> Option<&str> {
    match url.host() {
        Some(Host::Domain(name)) if is_local(url) => Some(name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_not_shown() {
        let url: Url = "https://user:secret@example.com:8443/ollama/?key=secret#x".parse().unwrap();
        assert_eq!(redacted(&url), "https://example.com:8443/ollama");
        assert_eq!(origin(&url), "https://example.com:8443");
        assert_eq!(redacted(&"http://[::1]:11434/".parse().unwrap()), "http://[::1]:11434");
    }

    #[test]
    fn addresses_of_this_machine_are_recognized_in_every_spelling() {
        let spellings = [
            ("http://127.0.0.1:11434", true),
            ("http://127.8.0.1", true),
            ("http://127.1", true),
            ("http://127.0.1", true),
            ("http://2130706433", true),
            ("http://0x7f000001", true),
            ("http://0x7f.1", true),
            ("http://0177.0.0.1", true),
            ("http://127.0.0.1.", true),
            ("http://0.0.0.0", true),
            ("http://0", true),
            ("http://[::1]", true),
            ("http://[0:0:0:0:0:0:0:1]", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://[::ffff:7f00:1]", true),
            ("http://[::]", true),
            ("http://localhost", true),
            ("http://LOCALHOST", true),
            ("http://localhost.", true),
            ("http://gpu.localhost.", true),
            ("http://127.0.0.1.localhost", true),
            ("http://%6cocalhost", true),
            ("http://\u{ff4c}ocalhost", true),
            ("http://user@localhost", true),
            ("http://192.168.0.4", false),
            ("http://10.0.0.1", false),
            ("http://169.254.169.254", false),
            ("http://128.0.0.1", false),
            ("http://[::2]", false),
            ("http://[::ffff:192.168.0.4]", false),
            ("http://[::127.0.0.1]", false),
            ("http://[fe80::1]", false),
            ("http://localhost..", false),
            ("http://localhost.example.com", false),
            ("http://notlocalhost", false),
            ("http://localhost-x", false),
            ("http://127.0.0.1.example.com", false),
            ("http://127.0.0.1@example.com", false),
            ("http://localhost:pass@example.com", false),
            ("http://ip6-localhost", false),
            ("http://host.docker.internal", false),
        ];
        for (address, local) in spellings {
            assert_eq!(is_local(&address.parse().unwrap()), local, "{address}");
        }
    }

    #[test]
    fn local_names_resolve_to_loopback() {
        for (address, name) in [
            ("http://localhost:1", Some("localhost")),
            ("http://localhost.:1", Some("localhost.")),
            ("http://GPU.localhost", Some("gpu.localhost")),
            ("http://127.0.0.1", None),
            ("http://gpu.example.com", None),
        ] {
            assert_eq!(pinned_name(&address.parse().unwrap()), name, "{address}");
        }
    }
}
