//! Where a request comes from: its address, and whether the connection can be listened to.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use axum::http::header::HeaderName;
use settings::Network;

/// Headers that a proxy adds: behind one, everybody seems to be on this machine.
const OF_PROXIES: &[&str] = &["forwarded", "via", "x-real-ip"];
/// How others of them begin.
const PREFIX_OF_PROXIES: &str = "x-forwarded-";
const FORWARDED_FOR: &str = "x-forwarded-for";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// Who has sent a request, as far as the network tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    /// That of the caller, where a trusted proxy names it.
    pub(crate) address: IpAddr,
    /// The browser or program has sent it over https, to a trusted proxy.
    pub(crate) is_https: bool,
    /// No proxy has passed it on, and it comes from this machine.
    pub(crate) is_on_this_machine: bool,
}

impl Client {
    pub(crate) fn new(peer: SocketAddr, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let peer = peer.ip().to_canonical();
        let is_proxied = headers.keys().any(is_of_proxy);
        let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
        let direct =
            Self { address: peer, is_https: false, is_on_this_machine: peer.is_loopback() && !is_proxied };
        if !is_proxied || !is_trusted(peer) {
            return direct;
        }
        // Each proxy appends the address of the one that it has heard from, so the last that is no proxy of ours is the caller.
        // What stands before it was sent by that caller.
        let hops = list(headers, FORWARDED_FOR).rev().map_while(address);
        let mut caller = peer;
        for hop in hops {
            caller = hop;
            if !is_trusted(hop) {
                break;
            }
        }
        let is_https = list(headers, FORWARDED_PROTO)
            .next_back()
            .is_some_and(|proto| proto.eq_ignore_ascii_case("https"));
        Self { address: caller, is_https, is_on_this_machine: false }
    }

    /// Whether a secret may come this way: it stays on this machine, or it was encrypted.
    pub(crate) fn is_private(&self) -> bool {
        self.is_https || self.is_on_this_machine
    }
}

/// Whether a proxy adds this header.
pub(super) fn is_of_proxy(name: &HeaderName) -> bool {
    OF_PROXIES.contains(&name.as_str()) || name.as_str().starts_with(PREFIX_OF_PROXIES)
}

/// The items of a header that is a list, which may be given several times.
fn list<'a>(headers: &'a HeaderMap, name: &str) -> impl DoubleEndedIterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect::<Vec<_>>();
    values.into_iter().flat_map(|value| value.split(',').collect::<Vec<_>>()).map(str::trim)
}

/// An address, perhaps with a port, as proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    let found =
        text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|found| found.ip())).or_else(bare);
    found.map(|found: IpAddr| found.to_canonical())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(peer: &str, trusted: &[&str], headers: &[(&'static str, &'static str)]) -> Client {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let trusted: Vec<_> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        Client::new(SocketAddr::new(peer.parse().unwrap(), 4891), &map, &trusted)
    }

    fn address_of(peer: &str, trusted: &[&str], forwarded: &[(&'static str, &'static str)]) -> String {
        client(peer, trusted, forwarded).address.to_string()
    }

    #[test]
    fn only_loopback_peers_without_proxy_are_on_this_machine() {
        let is_here = |peer, header: Option<&'static str>| {
            let headers: Vec<_> = header.map(|name| (name, "127.0.0.1")).into_iter().collect();
            client(peer, &[], &headers).is_on_this_machine
        };
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

    #[test]
    fn trusted_proxy_names_the_caller() {
        let forwarded = |value| [("x-forwarded-for", value)];
        let proxy = &["10.0.0.0/8"];
        assert_eq!(address_of("10.0.0.1", proxy, &forwarded("203.0.113.7")), "203.0.113.7");
        assert_eq!(address_of("10.0.0.1", proxy, &forwarded("203.0.113.7:4711")), "203.0.113.7");
        assert_eq!(address_of("10.0.0.1", proxy, &forwarded("[2001:db8::1]:80")), "2001:db8::1");
        // What the caller claims stands before what the proxies have seen.
        assert_eq!(
            address_of("10.0.0.1", proxy, &forwarded("1.2.3.4, 203.0.113.7, 10.0.0.2")),
            "203.0.113.7"
        );
        let twice = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "203.0.113.7")];
        assert_eq!(address_of("10.0.0.1", proxy, &twice), "203.0.113.7");
        assert_eq!(address_of("10.0.0.1", proxy, &forwarded("203.0.113.7, junk")), "10.0.0.1");
        // Others are not believed.
        assert_eq!(address_of("10.0.0.1", &[], &forwarded("203.0.113.7")), "10.0.0.1");
        assert_eq!(address_of("192.168.1.1", proxy, &forwarded("203.0.113.7")), "192.168.1.1");
    }

    #[test]
    fn only_trusted_proxy_makes_connection_private() {
        let https = [("x-forwarded-proto", "https")];
        assert!(client("10.0.0.1", &["10.0.0.1"], &https).is_private());
        assert!(!client("10.0.0.1", &["10.0.0.1"], &[("x-forwarded-proto", "http")]).is_private());
        assert!(!client("10.0.0.1", &["10.0.0.1"], &[("x-forwarded-proto", "https, http")]).is_private());
        assert!(!client("10.0.0.1", &[], &https).is_private());
        // A proxy of this machine publishes it.
        assert!(!client("127.0.0.1", &[], &https).is_private());
        assert!(client("127.0.0.1", &["127.0.0.1"], &https).is_private());
        assert!(client("127.0.0.1", &[], &[]).is_private());
    }
}
