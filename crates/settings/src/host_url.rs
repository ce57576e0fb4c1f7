//! The address of a model server, read from `OLLAMA_HOST` as Ollama reads it, or from a plain URL.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

const OLLAMA_PORT: u16 = 11434;

/// Why a text is no address. No variant holds a part of the text that may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostUrlError {
    /// Neither http nor https.
    #[error("the scheme is {0:?}; it must be http or https")]
    Scheme(String),
    /// A user name or a password.
    #[error("an address takes no user name or password (nor any @)")]
    Credentials,
    /// A `?` or `#`.
    #[error("an address takes no query or fragment; leave out all from the ? or #")]
    Query,
    /// No host, or one that cannot be a host.
    #[error("there is no usable host in it ({0})")]
    Host(String),
    /// A base address of the OpenAI kind that does not end in `/v1`.
    #[error("it must end in /v1")]
    NotV1,
}

impl HostUrlError {
    /// Whether the text may hold a secret, so that it must not be shown.
    pub fn hides_value(&self) -> bool {
        matches!(self, Self::Credentials | Self::Query)
    }
}

/// The address of a model server: scheme, host, port and a path, nothing else.
///
/// Two are equal if they lead to the same place, however they were written.
#[derive(Debug, Clone)]
pub struct HostUrl {
    is_https: bool,
    host: Host,
    port: u16,
    path: String,
    url: Url,
    warnings: Vec<String>,
}

impl HostUrl {
    /// Reads a value of `OLLAMA_HOST` as Ollama's client does (`envconfig/config.go`: `Host` and
    /// `ConnectableHost`).
    ///
    /// The port defaults to 11434, after `http://` to 80 and after `https://` to 443, and so it does
    /// where a port is no number up to 65535. No host means 127.0.0.1; the unspecified addresses
    /// `0.0.0.0` and `::` mean the loopback of their family. Blanks and quotes around the value fall
    /// away, and the path stays.
    ///
    /// # Errors
    ///
    /// Another scheme, credentials, a query, or a host that cannot be one.
    pub fn from_ollama_host(value: &str) -> Result<Self, HostUrlError> {
        let value = value.trim().trim_matches(['"', '\'']).trim();
        refuse_extras(value)?;
        let mut warnings = Vec::new();
        let (scheme, rest, default_port) = match value.split_once("://") {
            Some((scheme @ "http", rest)) => (scheme, rest, 80),
            Some((scheme @ "https", rest)) => (scheme, rest, 443),
            Some((scheme, rest)) => (scheme, rest, OLLAMA_PORT),
            None if value == "ollama.com" => ("https", value, 443),
            None => ("http", value, OLLAMA_PORT),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, written_port) = match split_host_port(authority) {
            Some((host, port)) => (host, Some(port)),
            None => (without_brackets(authority), None),
        };
        let port = written_port.and_then(|port| port.parse::<i32>().ok()).and_then(|n| u16::try_from(n).ok());
        let mut found = Self::new(scheme, host, port.unwrap_or(default_port), path)?;
        match (written_port, port) {
            (Some(written), None) => warnings.push(format!(
                "the port {written:?} is not a number from 0 to 65535; as in Ollama, port {default_port} is used"
            )),
            (_, Some(0)) => warnings.push("nothing can be reached at port 0".to_owned()),
            (None, _) if scheme == "http" && default_port == 80 => warnings.push(format!(
                "http:// without a port means port 80, as in Ollama; if you mean Ollama's own port, write \
                 http://{}:{OLLAMA_PORT}{}",
                found.host, found.path
            )),
            (None, _) if default_port == OLLAMA_PORT && value.contains("://") => warnings
                .push(format!("a scheme in capitals means port {OLLAMA_PORT}, as in Ollama; write {found}")),
            _ => {}
        }
        if let Some(end @ ("api" | "v1")) = found.path.rsplit('/').next() {
            warnings.push(format!(
                "the path ends in /{end}, so requests go to {found}/api/chat; for Ollama leave /{end} out"
            ));
        }
        found.warnings = warnings;
        Ok(found)
    }

    /// Reads the base address of an OpenAI-compatible server: a URL that ends in `/v1`, with or without
    /// a slash after it. The port defaults to the scheme's own.
    ///
    /// # Errors
    ///
    /// As [`HostUrl::from_ollama_host`], no scheme, or another end than `/v1`.
    pub fn from_openai_base(value: &str) -> Result<Self, HostUrlError> {
        let value = value.trim();
        refuse_extras(value)?;
        let (scheme, _) = value.split_once("://").ok_or_else(|| HostUrlError::Scheme(String::new()))?;
        is_https(scheme)?;
        let url = Url::parse(value).map_err(|error| HostUrlError::Host(error.to_string()))?;
        let found = Self::from_url(&url)?;
        if found.path.ends_with("/v1") { Ok(found) } else { Err(HostUrlError::NotV1) }
    }

    /// The address that paths are appended to; it does not end in a slash.
    pub fn base_url(&self) -> String {
        self.to_string()
    }

    /// The same as a URL, for requests.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Whether TLS protects what is sent.
    pub fn is_https(&self) -> bool {
        self.is_https
    }

    /// The host; a v6 address without brackets.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Ipv6(ip) => ip.to_string(),
            host => host.to_string(),
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is this machine, see [`is_this_machine`].
    pub fn is_loopback(&self) -> bool {
        is_this_machine(&self.host)
    }

    /// Whether it is ollama.com over https: the one place that `OLLAMA_API_KEY` may go to.
    pub fn is_ollama_com(&self) -> bool {
        self.is_https && self.port == 443 && self.host == Host::Domain("ollama.com".to_owned())
    }

    /// What about the value is allowed but probably not meant, one line each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn new(scheme: &str, host: &str, port: u16, path: &str) -> Result<Self, HostUrlError> {
        let scheme = if is_https(scheme)? { "https" } else { "http" };
        let host = match host {
            "" => "127.0.0.1".to_owned(),
            host if host.contains(':') => format!("[{host}]"),
            host => host.to_owned(),
        };
        let url = Url::parse(&format!("{scheme}://{host}:{port}/{path}"))
            .map_err(|error| HostUrlError::Host(error.to_string()))?;
        Self::from_url(&url)
    }

    fn from_url(url: &Url) -> Result<Self, HostUrlError> {
        let is_https = is_https(url.scheme())?;
        let host = match url.host() {
            Some(Host::Domain(name)) => Host::Domain(name.to_owned()),
            Some(Host::Ipv4(ip)) => connectable(IpAddr::V4(ip)),
            Some(Host::Ipv6(ip)) => connectable(IpAddr::V6(ip)),
            None => return Err(HostUrlError::Host("it is empty".to_owned())),
        };
        let port = url.port_or_known_default().unwrap_or(OLLAMA_PORT);
        let path = url.path().trim_end_matches('/').to_owned();
        let mut url = url.clone();
        url.set_host(Some(&host.to_string())).map_err(|error| HostUrlError::Host(error.to_string()))?;
        url.set_path(&path);
        Ok(Self { is_https, host, port, path, url, warnings: Vec::new() })
    }
}

/// Whether requests to a host stay on this machine: a loopback address, the unspecified one (which reaches
/// the same), `localhost`, and the names below it (RFC 6761). Requests to those names are sent to loopback
/// whatever the system resolves them to; any other name counts as another machine, even where the hosts file
/// says otherwise.
pub fn is_this_machine(host: &Host<impl AsRef<str>>) -> bool {
    let ip = match host {
        Host::Ipv4(ip) => IpAddr::V4(*ip),
        Host::Ipv6(ip) => IpAddr::V6(*ip).to_canonical(),
        Host::Domain(name) => return is_localhost(name.as_ref()),
    };
    ip.is_loopback() || ip.is_unspecified()
}

/// Whether a name is `localhost`, or below it.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

impl PartialEq for HostUrl {
    fn eq(&self, other: &Self) -> bool {
        (self.is_https, &self.host, self.port, &self.path)
            == (other.is_https, &other.host, other.port, &other.path)
    }
}

impl Eq for HostUrl {}

/// The whole address, port included; there is nothing secret in it.
impl fmt::Display for HostUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}{}", self.host, self.port, self.path)
    }
}

fn is_https(scheme: &str) -> Result<bool, HostUrlError> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Ok(false),
        "https" => Ok(true),
        _ => Err(HostUrlError::Scheme(scheme.to_owned())),
    }
}

/// Anywhere, since a password may hold a slash and so look like a path.
fn refuse_extras(value: &str) -> Result<(), HostUrlError> {
    match value.find(['@', '?', '#']).and_then(|at| value.as_bytes().get(at)) {
        None => Ok(()),
        Some(b'@') => Err(HostUrlError::Credentials),
        // A password may hold these too; credentials are the worse of the two.
        Some(_) if value.contains('@') => Err(HostUrlError::Credentials),
        Some(_) => Err(HostUrlError::Query),
    }
}

/// Go's `net.SplitHostPort`: `None` where there is no port, or a colon too many.
fn split_host_port(authority: &str) -> Option<(&str, &str)> {
    let (host, port) = authority.rsplit_once(':')?;
    let host = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']')?,
        None if host.contains(':') => return None,
        None => host,
    };
    let stray = |part: &str| part.contains(['[', ']']);
    (!stray(host) && !stray(port)).then_some((host, port))
}

/// Brackets belong to an address only.
fn without_brackets(authority: &str) -> &str {
    let inner = authority.trim_matches(['[', ']']);
    if inner.parse::<IpAddr>().is_ok() { inner } else { authority }
}

/// Unspecified addresses are for listening; a client connects to the loopback of their family.
fn connectable(ip: IpAddr) -> Host {
    match ip.to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => Host::Ipv4(Ipv4Addr::LOCALHOST),
        IpAddr::V4(ip) => Host::Ipv4(ip),
        IpAddr::V6(ip) if ip.is_unspecified() => Host::Ipv6(Ipv6Addr::LOCALHOST),
        IpAddr::V6(ip) => Host::Ipv6(ip),
    }
}
