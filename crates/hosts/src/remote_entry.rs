//! An entry with the address of a server.

use std::fmt;

use serde_json::{Map, Value};
use url::{Host as UrlHost, Url};

use super::DEFAULT_NAME;
use super::error::HostsError;
use super::host::{Host, KeyReference, Remote, RemoteShape};

/// The port of a server whose address is not set.
const DEFAULT_PORT: u16 = 4891;
const AUTHORIZATION: &str = "Authorization";
const BEARER: &str = "Bearer ";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteEntry {
    /// Of the MCP endpoint, such as `http://127.0.0.1:4891/mcp`.
    pub url: String,
    pub key: Option<Key>,
}

/// The key that a host sends.
#[derive(Clone, PartialEq, Eq)]
pub enum Key {
    /// The name of a variable in the host's environment.
    Variable(String),
    /// The key itself, which is written into the file.
    Literal(String),
}

/// Without the key.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.debug_tuple("Variable").field(name).finish(),
            Self::Literal(_) => f.write_str("Literal(***)"),
        }
    }
}

impl RemoteEntry {
    /// Reads an entry; `None` for one without an address.
    pub(super) fn read(host: &Host, value: &Value) -> Option<Self> {
        let shape = shape(host).ok()?;
        let url = shape.url.iter().find_map(|field| value.get(field)?.as_str())?;
        Some(Self { url: url.to_owned(), key: read_key(shape, value) })
    }

    /// Whether it seems to lead to this server: nothing but its address says so.
    ///
    /// It has the path of its endpoint, and either the usual name of the entry, or the usual port of this machine.
    pub(super) fn is_this_server(&self, name: &str) -> bool {
        let Ok(url) = Url::parse(&self.url) else { return false };
        url.path().trim_end_matches('/').ends_with("/mcp")
            && url.query().is_none()
            && (name == DEFAULT_NAME || is_usual_address(&url))
    }

    /// The address without what may be secret in it.
    pub fn shown(&self) -> String {
        shown_address(&self.url)
    }

    /// The entry as the host reads it.
    ///
    /// # Errors
    /// The host takes no address, or reads no key from a variable.
    pub(super) fn value(&self, host: &Host) -> Result<Value, HostsError> {
        let shape = shape(host)?;
        let mut fields = Map::new();
        for (name, value) in shape.fields {
            fields.insert((*name).to_owned(), (*value).into());
        }
        for field in shape.url {
            fields.insert((*field).to_owned(), self.url.as_str().into());
        }
        let header = match (&self.key, shape.key) {
            (None, _) => None,
            (Some(Key::Literal(key)), _) => Some(format!("{BEARER}{key}")),
            (Some(Key::Variable(name)), KeyReference::InHeader(before, after)) => {
                Some(format!("{BEARER}{before}{name}{after}"))
            }
            (Some(Key::Variable(name)), KeyReference::Field(field)) => {
                fields.insert(field.to_owned(), name.as_str().into());
                None
            }
            (Some(Key::Variable(_)), KeyReference::Impossible) => {
                return Err(HostsError::NoKeyVariable { host: host.title });
            }
        };
        if let Some(header) = header {
            let headers = Map::from_iter([(AUTHORIZATION.to_owned(), header.into())]);
            fields.insert(shape.headers.to_owned(), Value::Object(headers));
        }
        Ok(Value::Object(fields))
    }

    /// The paths in an entry that hold another key than this one, if it has one.
    pub(super) fn other_keys(&self, host: &Host) -> Vec<Vec<&'static str>> {
        let Ok(shape) = shape(host) else { return Vec::new() };
        match (&self.key, shape.key) {
            (Some(Key::Variable(_)), KeyReference::Field(_)) => vec![vec![shape.headers, AUTHORIZATION]],
            (Some(Key::Literal(_)), KeyReference::Field(field)) => vec![vec![field]],
            _ => Vec::new(),
        }
    }
}

/// Whether it is the usual port of this machine.
pub(super) fn is_usual_address(url: &Url) -> bool {
    let is_local = match url.host() {
        Some(UrlHost::Domain(host)) => host == "localhost",
        Some(UrlHost::Ipv4(ip)) => ip.is_loopback(),
        Some(UrlHost::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    is_local && url.port() == Some(DEFAULT_PORT)
}

/// An address without what may be secret in it.
pub(super) fn shown_address(address: &str) -> String {
    let Ok(mut url) = Url::parse(address) else { return "an address that is no URL".to_owned() };
    // These fail only for addresses that have no host, and so nothing to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    text::sanitize::name(url.as_str())
}

fn shape(host: &Host) -> Result<&RemoteShape, HostsError> {
    match &host.remote {
        Remote::Entry(shape) => Ok(shape),
        Remote::Refused { instead } => Err(HostsError::NoRemote { host: host.title, instead }),
    }
}

fn read_key(shape: &RemoteShape, value: &Value) -> Option<Key> {
    if let KeyReference::Field(field) = shape.key
        && let Some(name) = value.get(field).and_then(Value::as_str)
    {
        return Some(Key::Variable(name.to_owned()));
    }
    let header = value.get(shape.headers)?.get(AUTHORIZATION)?.as_str()?;
    let key = header.strip_prefix(BEARER)?;
    let name = match shape.key {
        KeyReference::InHeader(before, after) => {
            key.strip_prefix(before).and_then(|name| name.strip_suffix(after))
        }
        KeyReference::Field(_) | KeyReference::Impossible => None,
    };
    Some(name.map_or_else(|| Key::Literal(key.to_owned()), |name| Key::Variable(name.to_owned())))
}
