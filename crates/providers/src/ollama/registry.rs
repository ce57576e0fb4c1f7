//! Classifies Ollama's messages about a registry that fails. They come from Go's HTTP client, the registry or the disk.

use url::Url;

use crate::error_body::excerpt;
use crate::{ProviderError, RegistryFault};

/// Characters of a reason.
const MAX_REASON: usize = 300;

/// The error that a message of a pull or a push means; `None` if it is about neither registry nor disk.
pub(super) fn failure(text: &str) -> Option<ProviderError> {
    let lower = text.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["no space left on device", "not enough space on the disk", "disk quota exceeded"]) {
        return Some(ProviderError::DiskFull { message: reason(text) });
    }
    let (fault, message) = match status(text) {
        Some((401 | 403, message)) => (RegistryFault::Denied, message),
        Some((status, message)) => (RegistryFault::Status(status), message),
        None if has(&["unauthorized", "access denied", "not authorized", "signed in"]) => {
            (RegistryFault::Denied, reason(text))
        }
        None if has(&["digest mismatch"]) => (RegistryFault::Damaged, "digest mismatch".to_owned()),
        None if has(&["tls handshake timeout"]) => (RegistryFault::Unreachable, reason(text)),
        None if has(&["x509:", "tls:", "server gave http response", "insecure protocol"]) => {
            (RegistryFault::Insecure, reason(text))
        }
        None if has(UNREACHABLE) => (RegistryFault::Unreachable, reason(text)),
        None => return None,
    };
    Some(ProviderError::Registry { host: host(text), fault, message })
}

/// Go's messages for a connection that cannot be made, or breaks.
const UNREACHABLE: &[&str] = &[
    "dial tcp",
    "no such host",
    "connection refused",
    "connection reset",
    "network is unreachable",
    "no route to host",
    "i/o timeout",
    "deadline exceeded",
    "server misbehaving",
    "max retries exceeded",
    "broken pipe",
    "proxyconnect",
    "awaiting headers",
    "unexpected eof",
    ": eof",
];

/// The registry's status, as in `pull model manifest: 500: text`, and its message.
fn status(text: &str) -> Option<(u16, String)> {
    const BEFORE: [&str; 6] = [
        "pull model manifest: ",
        "max retries exceeded: ",
        "unexpected status code ",
        "responded with status ",
        "status code: ",
        "",
    ];
    BEFORE.iter().find_map(|before| {
        let (start, rest) = text.split_once(before)?;
        if before.is_empty() && !start.is_empty() {
            return None;
        }
        let digits = rest.get(..3).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
        let message = rest.get(3..)?;
        let ends = message.is_empty() || message.starts_with([':', ' ', ',']);
        let status = digits.parse().ok().filter(|status| ends && (400..600).contains(status))?;
        Some((status, excerpt(message.trim_start_matches([':', ' ', ',']), MAX_REASON)))
    })
}

/// The last part of a chain of reasons; those before it name addresses and files of the server.
fn reason(text: &str) -> String {
    excerpt(text.rsplit(": ").next().unwrap_or(text), MAX_REASON)
}

/// The host of the address in the text, as in `Get "https://registry.ollama.ai/v2/...": dial tcp ...`.
fn host(text: &str) -> Option<String> {
    let quoted = text.split('"').find(|part| part.starts_with("https://") || part.starts_with("http://"))?;
    let url = Url::parse(quoted).ok()?;
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (RegistryFault, String) {
        match failure(text) {
            Some(ProviderError::Registry { fault, message, .. }) => (fault, message),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn each_failure_has_kind_and_reason() {
        const GET: &str =
            "pull model manifest: Get \"https://registry.ollama.ai/v2/library/m/manifests/latest\": ";
        for (text, fault, message) in [
            (
                "dial tcp 127.0.0.1:9: connect: connection refused",
                RegistryFault::Unreachable,
                "connection refused",
            ),
            ("dial tcp: lookup registry.ollama.ai: no such host", RegistryFault::Unreachable, "no such host"),
            (
                "dial tcp: lookup registry.ollama.ai on 10.2.3.4:53: server misbehaving",
                RegistryFault::Unreachable,
                "server misbehaving",
            ),
            ("dial tcp 1.2.3.4:443: i/o timeout", RegistryFault::Unreachable, "i/o timeout"),
            ("net/http: TLS handshake timeout", RegistryFault::Unreachable, "TLS handshake timeout"),
            (
                "proxyconnect tcp: dial tcp 127.0.0.1:1: connect: connection refused",
                RegistryFault::Unreachable,
                "connection refused",
            ),
            ("EOF", RegistryFault::Unreachable, "EOF"),
            (
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
                RegistryFault::Insecure,
                "certificate signed by unknown authority",
            ),
            (
                "http: server gave HTTP response to HTTPS client",
                RegistryFault::Insecure,
                "server gave HTTP response to HTTPS client",
            ),
        ] {
            assert_eq!(found(&format!("{GET}{text}")), (fault, message.to_owned()), "{text}");
        }
        for (text, fault, message) in [
            ("insecure protocol http", RegistryFault::Insecure, "insecure protocol http"),
            ("unauthorized: access denied", RegistryFault::Denied, "access denied"),
            ("pull model manifest: 401: {\"errors\":[]}", RegistryFault::Denied, "{\"errors\":[]}"),
            ("403: not yours", RegistryFault::Denied, "not yours"),
            ("401", RegistryFault::Denied, ""),
            ("pull model manifest: 500: oh no", RegistryFault::Status(500), "oh no"),
            ("pull model manifest: 429: slow down", RegistryFault::Status(429), "slow down"),
            ("registry responded with status 503: busy", RegistryFault::Status(503), "busy"),
            ("unexpected status code 502", RegistryFault::Status(502), ""),
            ("max retries exceeded: unexpected EOF", RegistryFault::Unreachable, "unexpected EOF"),
            (
                "digest mismatch, file must be downloaded again: want sha256:0, got sha256:1",
                RegistryFault::Damaged,
                "digest mismatch",
            ),
        ] {
            assert_eq!(found(text), (fault, message.to_owned()), "{text}");
        }
        let full = failure("write /usr/share/ollama/blobs/sha256-1-partial: no space left on device");
        assert_eq!(full, Some(ProviderError::DiskFull { message: "no space left on device".to_owned() }));
        for other in [
            "model is required",
            "internal server error",
            "5000: x",
            "123 models",
            "pull model manifest: file does not exist",
        ] {
            assert_eq!(failure(other), None, "{other}");
        }
    }

    #[test]
    fn registry_is_named_where_message_has_its_address() {
        for (text, name) in [
            ("Get \"https://registry.ollama.ai/v2/\": EOF", Some("registry.ollama.ai")),
            ("Get \"http://user:pw@127.0.0.1:9/v2/\": EOF", Some("127.0.0.1:9")),
            ("unauthorized: access denied", None),
        ] {
            let Some(ProviderError::Registry { host, .. }) = failure(text) else { panic!("{text}") };
            assert_eq!(host.as_deref(), name, "{text}");
        }
    }
}
