//! The options of a server beside those of its services.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::guides::MakeGuides;
use settings::Network;
use url::Url;

/// What the settings say of the HTTP front.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// The addresses to listen on; all have the same port.
    pub listen: Vec<SocketAddr>,
    /// Whether a caller on this machine needs no credential.
    pub guests: bool,
    /// The address under which browsers reach this server, if that is not a loopback address.
    pub public_url: Option<Url>,
    /// Origins of web pages that may send requests, such as `https://app.example.com`.
    pub origins: Vec<String>,
    /// Proxies whose headers are believed.
    pub trusted_proxies: Vec<Network>,
    /// Other names of models: what a caller sends, and the model that is meant.
    pub model_aliases: BTreeMap<String, String>,
    /// The name of this process among those over one database.
    pub instance: String,
    /// The largest body of a request.
    pub max_body_bytes: usize,
    /// Connections at the same time.
    pub max_connections: usize,
    /// How long clients may take.
    pub timeouts: Timeouts,
    /// A stream that has been silent for so long sends a comment; `None`: never.
    pub comment_after: Option<Duration>,
    /// Makes the texts of `/x/connect`.
    pub guides: Option<MakeGuides>,
}

/// How long clients may take.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For the head of a request, from its first byte.
    pub head: Duration,
    /// For the next request, on a connection without one.
    pub idle: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// A client that reads nothing for so long is gone.
    pub write: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        // Longer than clients keep a connection, so that they are the ones to close it.
        Self { head: Duration::from_secs(10), idle: 2 * minute, body: minute, write: minute }
    }
}

/// The name of a request's model that means the default one.
const DEFAULT_MODEL: &str = "default";

impl HttpOptions {
    /// The model that a caller means by a name; `None` is the default one.
    pub(crate) fn model_meant_by(&self, name: Option<String>) -> Option<String> {
        let name = name.filter(|name| name != DEFAULT_MODEL)?;
        Some(self.alias(&name).cloned().unwrap_or(name))
    }

    /// The model that an alias means: its own entry, else the longest one with `*` at its end.
    fn alias(&self, name: &str) -> Option<&String> {
        let begins = |alias: &str| alias.strip_suffix('*').is_some_and(|start| name.starts_with(start));
        let patterns = || self.model_aliases.iter().filter(|(alias, _)| begins(alias));
        let longest = || patterns().max_by_key(|(alias, _)| alias.len()).map(|(_, model)| model);
        self.model_aliases.get(name).or_else(longest)
    }
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4891)],
            guests: true,
            public_url: None,
            origins: Vec::new(),
            trusted_proxies: Vec::new(),
            model_aliases: BTreeMap::new(),
            instance: platform::host_name(),
            max_body_bytes: 16 << 20,
            max_connections: 2048,
            timeouts: Timeouts::default(),
            comment_after: Some(Duration::from_secs(15)),
            guides: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alias_with_star_stands_for_every_ending() {
        let pairs = [("gpt-4o", "a"), ("claude-*", "b"), ("claude-haiku-*", "c"), ("*-x", "d")];
        let model_aliases =
            pairs.into_iter().map(|(alias, model)| (alias.to_owned(), model.to_owned())).collect();
        let options = HttpOptions { model_aliases, ..HttpOptions::default() };
        let meant = |name: &str| options.model_meant_by(Some(name.to_owned())).unwrap();
        for (name, model) in [
            ("gpt-4o", "a"),
            ("gpt-4o-mini", "gpt-4o-mini"),
            ("claude-sonnet-4-5", "b"),
            ("claude-haiku-4-5", "c"),
            ("claude-", "b"),
            ("model-x", "model-x"),
        ] {
            assert_eq!(meant(name), model, "{name}");
        }
        assert_eq!(options.model_meant_by(Some("default".to_owned())), None);
    }
}
