//! Which model server, and how it is reached.

use std::time::Duration;

use super::error::SettingsError;
use super::headers::{Header, headers};
use super::host_url::{HostUrl, HostUrlError};
use super::parse::{self, Problem};
use super::registry::{self, Entry};
use super::resolver::{Found, Resolver};
use super::secret::Secret;
use super::sources::Origin;

/// The model server.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderSettings {
    /// `OLLAMA_MCP_PROVIDER`, with what only one kind needs.
    pub kind: ProviderKind,
    /// `OLLAMA_HOST` or `OLLAMA_BASE_URL`: where Ollama is.
    pub ollama_host: HostUrl,
    /// `OLLAMA_MCP_AUTH_TOKEN`: the bearer token of a private Ollama.
    pub auth_token: Option<Secret>,
    /// `OLLAMA_API_KEY`: only for ollama.com, as the server of which [`HostUrl::is_ollama_com`] holds or for the web.
    pub ollama_api_key: Option<Secret>,
    /// `OLLAMA_MCP_API_KEY`: the bearer token of an OpenAI-compatible server.
    pub api_key: Option<Secret>,
    /// `OLLAMA_MCP_HEADERS`: for every request to the model server.
    pub headers: Vec<Header>,
    /// `OLLAMA_MCP_CONNECT_TIMEOUT`.
    pub connect_timeout: Duration,
    /// `OLLAMA_MCP_FIRST_BYTE_TIMEOUT`: from the request to the first byte of its answer.
    pub first_byte_timeout: Duration,
    /// `OLLAMA_MCP_IDLE_TIMEOUT`: between two pieces of an answer.
    pub idle_timeout: Duration,
}

/// A kind of model server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderKind {
    /// Ollama, by its own API.
    Ollama,
    /// Any server with OpenAI's API.
    OpenAi {
        /// `OLLAMA_MCP_BASE_URL`; its path ends in `/v1`.
        base_url: HostUrl,
    },
}

impl ProviderSettings {
    pub(super) fn load(resolver: &mut Resolver<'_>) -> Result<Self, SettingsError> {
        let found = Self {
            kind: kind(resolver)?,
            ollama_host: ollama_host(resolver)?,
            auth_token: resolver.optional(&registry::AUTH_TOKEN, parse::token)?,
            ollama_api_key: resolver.optional(&registry::OLLAMA_API_KEY, parse::token)?,
            api_key: resolver.optional(&registry::API_KEY, parse::token)?,
            headers: resolver.optional(&registry::HEADERS, headers)?.unwrap_or_default(),
            connect_timeout: resolver.required(&registry::CONNECT_TIMEOUT, parse::timeout)?,
            first_byte_timeout: resolver.required(&registry::FIRST_BYTE_TIMEOUT, parse::timeout)?,
            idle_timeout: resolver.required(&registry::IDLE_TIMEOUT, parse::timeout)?,
        };
        found.check_credentials(resolver)?;
        Ok(found)
    }

    /// The address that requests go to.
    pub fn address(&self) -> &HostUrl {
        match &self.kind {
            ProviderKind::Ollama => &self.ollama_host,
            ProviderKind::OpenAi { base_url } => base_url,
        }
    }

    fn check_credentials(&self, resolver: &mut Resolver<'_>) -> Result<(), SettingsError> {
        let (token, entry, unused, other) = match self.kind {
            ProviderKind::Ollama => {
                (&self.auth_token, &registry::AUTH_TOKEN, &self.api_key, &registry::API_KEY)
            }
            ProviderKind::OpenAi { .. } => {
                (&self.api_key, &registry::API_KEY, &self.auth_token, &registry::AUTH_TOKEN)
            }
        };
        let authorizes = |header: &Header| header.name.eq_ignore_ascii_case("authorization");
        if token.is_some() && self.headers.iter().any(authorizes) {
            return Err(SettingsError::Contradiction {
                first: entry.env.to_owned(),
                second: registry::HEADERS.env.to_owned(),
                problem: "both set the Authorization header; keep one of them".to_owned(),
            });
        }
        if unused.is_some() && token.is_none() {
            resolver.warn(format!(
                "{} is set, but this provider does not use it; did you mean {}?",
                other.env, entry.env
            ));
        }
        let address = self.address();
        if token.is_some() && !address.is_https() && !address.is_loopback() {
            resolver.warn(format!("{} goes to {address} unencrypted; use https if it can", entry.env));
        }
        Ok(())
    }
}

fn kind(resolver: &mut Resolver<'_>) -> Result<ProviderKind, SettingsError> {
    let entry = &registry::PROVIDER;
    let chosen = resolver.take(entry)?;
    let is_openai = chosen.as_ref().map(|found| found.parse(entry, provider)).transpose()?.unwrap_or(false);
    let base_url = resolver.take(&registry::BASE_URL)?;
    match (is_openai, base_url) {
        (true, None) => Err(SettingsError::Missing {
            setting: registry::BASE_URL.env,
            problem: "provider openai needs the address of its server, such as http://127.0.0.1:8080/v1"
                .to_owned(),
        }),
        (true, Some(found)) => {
            let parse = |text: &str| HostUrl::from_openai_base(text).map_err(openai_problem);
            Ok(ProviderKind::OpenAi { base_url: found.parse(&registry::BASE_URL, parse)? })
        }
        (false, Some(found))
            if chosen.as_ref().is_none_or(|chosen| chosen.from.rank() <= found.from.rank()) =>
        {
            Err(SettingsError::Contradiction {
                first: found.from.label(&registry::BASE_URL),
                second: chosen.map_or(Origin::Default, |chosen| chosen.from).label(entry),
                problem: format!(
                    "the provider is ollama, whose address is {}; unset {}, or set {}=openai",
                    registry::OLLAMA_HOST.env,
                    registry::BASE_URL.env,
                    entry.env
                ),
            })
        }
        // A stronger source chose Ollama over what a weaker one prepared for another server.
        (false, _) => Ok(ProviderKind::Ollama),
    }
}

/// Whether the provider is the OpenAI-compatible one.
fn provider(text: &str) -> Result<bool, Problem> {
    match text.trim().to_ascii_lowercase().as_str() {
        "ollama" => Ok(false),
        "openai" => Ok(true),
        _ => Err(Problem::new("must be ollama or openai")),
    }
}

/// `OLLAMA_HOST` and its other name: the stronger source wins, and in one source they must agree.
fn ollama_host(resolver: &mut Resolver<'_>) -> Result<HostUrl, SettingsError> {
    let (main, other) = (&registry::OLLAMA_HOST, &registry::OLLAMA_BASE_URL);
    let found = resolver.find(main)?;
    let alias = resolver.find(other)?;
    let rank = |found: &Option<Found>| found.as_ref().map_or(0, |found| found.from.rank());
    if rank(&alias) > rank(&found) {
        resolver.record(main, None);
        let address = resolver.required(other, ollama_address)?;
        warn_of_surprises(resolver, other, &address);
        return Ok(address);
    }
    resolver.record(other, alias.as_ref());
    let address = resolver.required(main, ollama_address)?;
    if let Some(alias) = alias.filter(|alias| Some(&alias.from) == found.as_ref().map(|found| &found.from)) {
        let second = alias.parse(other, ollama_address)?;
        if second != address {
            return Err(SettingsError::Contradiction {
                first: main.env.to_owned(),
                second: other.env.to_owned(),
                problem: format!("one is {address}, the other {second}; unset one of them"),
            });
        }
    }
    warn_of_surprises(resolver, main, &address);
    Ok(address)
}

fn warn_of_surprises(resolver: &mut Resolver<'_>, entry: &Entry, address: &HostUrl) {
    for surprise in address.surprises() {
        resolver.warn(format!("{}: {surprise}", entry.env));
    }
}

fn ollama_address(text: &str) -> Result<HostUrl, Problem> {
    HostUrl::from_ollama_host(text).map_err(|error| {
        let right = match error {
            HostUrlError::Credentials => {
                "put a token into OLLAMA_MCP_AUTH_TOKEN, other credentials into OLLAMA_MCP_HEADERS"
            }
            _ => "valid are 127.0.0.1:11434 and https://ollama.example.com",
        };
        Problem { text: format!("{error}; {right}"), hides_value: error.hides_value() }
    })
}

fn openai_problem(error: HostUrlError) -> Problem {
    let right = match error {
        HostUrlError::Credentials => {
            "put a key into OLLAMA_MCP_API_KEY, other credentials into OLLAMA_MCP_HEADERS"
        }
        _ => "valid is http://127.0.0.1:8080/v1",
    };
    Problem { text: format!("{error}; {right}"), hides_value: error.hides_value() }
}
