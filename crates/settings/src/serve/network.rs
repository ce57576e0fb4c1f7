//! Networks of IP addresses, such as `10.0.0.0/8`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::items;
use crate::parse::Problem;

/// The addresses whose first bits are those of a given address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// An IPv4 address is never one that is mapped into IPv6.
    address: IpAddr,
    /// How many bits count.
    prefix: u8,
}

impl Network {
    /// Whether an address belongs to it. An IPv4 address is the same whether it is mapped into IPv6 or not.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                starts_alike(own.to_bits().into(), other.to_bits().into(), 32, self.prefix)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                starts_alike(own.to_bits(), other.to_bits(), 128, self.prefix)
            }
            _ => false,
        }
    }
}

/// Whether the first bits of two numbers are equal.
fn starts_alike(first: u128, second: u128, width: u8, bits: u8) -> bool {
    // A shift by the whole width of the type would overflow.
    (first ^ second).checked_shr((width - bits).into()).unwrap_or(0) == 0
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        network(text).map_err(|problem| problem.text)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// Addresses and networks, separated by commas.
pub(crate) fn networks(text: &str) -> Result<Vec<Network>, Problem> {
    items(text).map(network).collect()
}

fn network(text: &str) -> Result<Network, Problem> {
    let wrong = || {
        Problem::new(format!(
            "must list IP addresses and networks, such as 192.168.1.5 and 10.0.0.0/8; {text:?} is neither"
        ))
    };
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address = address.parse::<IpAddr>().map_err(|_| wrong())?;
    let is_mapped = address.to_canonical() != address;
    let address = address.to_canonical();
    let width = if address.is_ipv4() { 32 } else { 128 };
    let prefix = match bits {
        None => width,
        // Its bits would count from the IPv6 address.
        Some(_) if is_mapped => return Err(wrong()),
        Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => {
            bits.parse().ok().filter(|bits| *bits <= width).ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    if prefix == 0 {
        return Err(Problem::new(format!(
            "{text:?} is every address: then every caller could claim to be another one; list the addresses of \
             your proxies"
        )));
    }
    Ok(Network { address, prefix })
}
