//! The address that the server listens on.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::parse::Problem;

const EXAMPLES: &str = "valid are 127.0.0.1:4891, localhost:4891, [::1]:4891, 0.0.0.0:4891 and 4891";

/// Where a server listens. Port 0 means a free port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListenAddress {
    /// This port of 127.0.0.1 and of ::1.
    Loopback(u16),
    Address(SocketAddr),
}

impl ListenAddress {
    /// The addresses to bind. The first one is required; the others, with the port of the first, only where the
    /// system has their family.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        match *self {
            Self::Loopback(port) => [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
                .map(|ip| SocketAddr::new(ip, port))
                .to_vec(),
            Self::Address(address) => vec![address],
        }
    }

    pub fn port(&self) -> u16 {
        match self {
            Self::Loopback(port) => *port,
            Self::Address(address) => address.port(),
        }
    }

    /// The address for programs of this machine; `None` for a free port. All interfaces are reached through loopback.
    pub fn connectable(&self) -> Option<SocketAddr> {
        let address = self.addresses().into_iter().next().filter(|address| address.port() != 0)?;
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        Some(SocketAddr::new(ip, address.port()))
    }

    /// Whether only programs of this machine can connect.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Loopback(_) => true,
            Self::Address(address) => address.ip().to_canonical().is_loopback(),
        }
    }
}

/// As it can be written in the setting.
impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback(port) => write!(f, "localhost:{port}"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

/// `IP:PORT`, or `localhost:PORT`, `:PORT` or `PORT` for loopback.
pub(crate) fn listen_address(text: &str) -> Result<ListenAddress, Problem> {
    let text = text.trim();
    if text.contains("://") {
        return Err(Problem::new(format!("must be an address without a scheme and a path; {EXAMPLES}")));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(ListenAddress::Address(address));
    }
    if text.parse::<IpAddr>().is_ok() || text.eq_ignore_ascii_case("localhost") {
        return Err(Problem::new(format!("has no port; {EXAMPLES}")));
    }
    let (host, number) = text.rsplit_once(':').unwrap_or(("", text));
    if !(host.is_empty() || host.eq_ignore_ascii_case("localhost")) {
        return Err(Problem::new(format!(
            "must be an IP address of this machine, or localhost, with a port; {EXAMPLES}"
        )));
    }
    match number.parse() {
        Ok(port) if is_number(number) => Ok(ListenAddress::Loopback(port)),
        _ => Err(Problem::new(format!("has no port from 0 to 65535; {EXAMPLES}"))),
    }
}

pub(crate) fn port(text: &str) -> Result<u16, Problem> {
    let text = text.trim();
    text.parse()
        .ok()
        .filter(|_| is_number(text))
        .ok_or_else(|| Problem::new("must be a port from 0 to 65535"))
}

/// Rust also reads a plus sign.
fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_interfaces_are_reached_through_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:1", Some("127.0.0.1:1")),
            ("[::]:1", Some("[::1]:1")),
            ("192.168.1.5:1", Some("192.168.1.5:1")),
            ("localhost:1", Some("127.0.0.1:1")),
            ("localhost:0", None),
        ] {
            let address = listen_address(listen).unwrap().connectable();
            assert_eq!(address.map(|address| address.to_string()).as_deref(), asked);
        }
    }
}
