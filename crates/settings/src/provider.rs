//! Which model server, and how it is reached.

use std::time::Duration;

use super::error::SettingsError;
use super::headers::Header;
use super::host_url::{HostUrl, HostUrlError};
use super::parse::Problem;
use super::registry;
use super::resolver::{Found, Resolver};
use super::secret::Secret;
use super::setting::{Computed, SettingInfo, group};
use super::sources::Origin;

group! {
    /// Which model server, and how it is reached.
    #[derive(Debug, Clone, PartialEq)]
    pub struct ProviderSettings {
        pub kind: ProviderKind = Computed(kind),
        /// `OLLAMA_HOST` or `OLLAMA_BASE_URL`.
        pub ollama_host: HostUrl = Computed(ollama_host),
        /// The bearer token of a private Ollama.
        pub auth_token: Option<Secret> = registry::AUTH_TOKEN,
        /// Only for ollama.com: as the model server, if [`HostUrl::is_ollama_com`] holds for it, or for the web tools.
        pub ollama_api_key: Option<Secret> = registry::OLLAMA_API_KEY,
        /// The bearer token of an OpenAI-compatible server.
        pub api_key: Option<Secret> = registry::API_KEY,
        /// Sent with every request to the model server.
        pub headers: Vec<Header> = registry::HEADERS,
        pub connect_timeout: Duration = registry::CONNECT_TIMEOUT,
        /// From the request to the first byte of its answer.
        pub first_byte_timeout: Duration = registry::FIRST_BYTE_TIMEOUT,
        /// Between two chunks of an answer.
        pub idle_timeout: Duration = registry::IDLE_TIMEOUT,
    }
}

/// A kind of model server, with the settings that it alone needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProviderKind {
    Ollama,
    /// Any server with OpenAI's API.
    OpenAi {
        /// Its path ends in `/v1`.
        base_url: HostUrl,
    },
}

/// The value of `OLLAMA_MCP_PROVIDER`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Api {
    Ollama,
    OpenAi,
}

impl ProviderSettings {
    /// The address that requests go to.
    pub fn address(&self) -> &HostUrl {
        match &self.kind {
            ProviderKind::Ollama => &self.ollama_host,
            ProviderKind::OpenAi { base_url } => base_url,
        }
    }

    /// Refuses credentials that contradict each other, and warns of those that are unused or not encrypted.
    pub(super) fn check_credentials(&self, resolver: &mut Resolver<'_>) -> Result<(), SettingsError> {
        let (token, setting, unused, other) = match self.kind {
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
                first: setting.env.to_owned(),
                second: registry::HEADERS.env.to_owned(),
                problem: "both set the Authorization header; keep one of them".to_owned(),
            });
        }
        if unused.is_some() && token.is_none() {
            resolver.warn(format!(
                "{} is set, but this provider does not use it; did you mean {}?",
                other.env, setting.env
            ));
        }
        let address = self.address();
        if token.is_some() && !address.is_https() && !address.is_loopback() {
            resolver.warn(format!("{} goes to {address} unencrypted; use https if it can", setting.env));
        }
        Ok(())
    }
}

fn kind(resolver: &mut Resolver<'_>) -> Result<ProviderKind, SettingsError> {
    let (provider, base_url) = (&registry::PROVIDER, &registry::BASE_URL);
    let chosen = resolver.take(provider)?;
    let api = chosen.as_ref().map(|found| found.parse(provider, api)).transpose()?.unwrap_or(Api::Ollama);
    let address = resolver.take(base_url)?;
    match (api, address) {
        (Api::OpenAi, None) => Err(SettingsError::Missing {
            setting: base_url.env,
            problem: "provider openai needs the address of its server, such as http://127.0.0.1:8080/v1"
                .to_owned(),
        }),
        (Api::OpenAi, Some(found)) => {
            Ok(ProviderKind::OpenAi { base_url: found.parse(base_url, openai_address)? })
        }
        (Api::Ollama, Some(found))
            if chosen.as_ref().is_none_or(|chosen| chosen.from.rank() <= found.from.rank()) =>
        {
            Err(SettingsError::Contradiction {
                first: found.from.label(base_url),
                second: chosen.map_or(Origin::Default, |chosen| chosen.from).label(provider),
                problem: format!(
                    "the provider is ollama, whose address is {}; unset {}, or set {}=openai",
                    registry::OLLAMA_HOST.env,
                    base_url.env,
                    provider.env
                ),
            })
        }
        // The address comes from a weaker source than the choice of Ollama: it was meant for another server.
        (Api::Ollama, _) => Ok(ProviderKind::Ollama),
    }
}

/// `OLLAMA_HOST` and its other names. Of `OLLAMA_HOST` and `OLLAMA_BASE_URL` the stronger source wins, and in one source
/// they must agree. `OLLAMA_URL` is read where neither is set: it may be meant for another program.
fn ollama_host(resolver: &mut Resolver<'_>) -> Result<HostUrl, SettingsError> {
    let (main, other, weak) = (&registry::OLLAMA_HOST, &registry::OLLAMA_BASE_URL, &registry::OLLAMA_URL);
    let found = resolver.find(main)?;
    let alias = resolver.find(other)?;
    let last = resolver.find(weak)?;
    let rank = |found: Option<&Found>| found.map_or(0, |found| found.from.rank());
    resolver.record(other, alias.as_ref());
    resolver.record(weak, last.as_ref());
    let strongest = match (alias.as_ref(), last.as_ref()) {
        (Some(alias), _) if alias.from.rank() > rank(found.as_ref()) => Some((other, alias)),
        (None, Some(last)) if found.is_none() => Some((weak, last)),
        _ => None,
    };
    if let Some((setting, strongest)) = strongest {
        resolver.record(main, None);
        let address = strongest.parse(setting, ollama_address)?;
        warn_of_address(resolver, setting, &address);
        warn_of_unused(resolver, strongest, setting, last.as_ref(), &address);
        return Ok(address);
    }
    let address = resolver.get(main)?;
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
    warn_of_address(resolver, main, &address);
    if let Some(found) = &found {
        warn_of_unused(resolver, found, main, last.as_ref(), &address);
    }
    Ok(address)
}

/// Warns of an `OLLAMA_URL` that leads elsewhere than the address that is used.
fn warn_of_unused(
    resolver: &mut Resolver<'_>,
    used: &Found,
    setting: &SettingInfo,
    unused: Option<&Found>,
    address: &HostUrl,
) {
    let unused = unused.filter(|unused| ollama_address(&unused.text).is_ok_and(|other| other != *address));
    if unused.is_some() {
        resolver.warn(format!(
            "{} is not used: {} sets another address, {address}",
            registry::OLLAMA_URL.env,
            used.from.label(setting)
        ));
    }
}

fn warn_of_address(resolver: &mut Resolver<'_>, setting: &SettingInfo, address: &HostUrl) {
    for warning in address.warnings() {
        resolver.warn(format!("{}: {warning}", setting.env));
    }
}

pub(super) fn api(text: &str) -> Result<Api, Problem> {
    match text.trim().to_ascii_lowercase().as_str() {
        "ollama" => Ok(Api::Ollama),
        "openai" => Ok(Api::OpenAi),
        _ => Err(Problem::new("must be ollama or openai")),
    }
}

pub(super) fn ollama_address(text: &str) -> Result<HostUrl, Problem> {
    let advice = "put a token into OLLAMA_MCP_AUTH_TOKEN, other credentials into OLLAMA_MCP_HEADERS";
    HostUrl::from_ollama_host(text)
        .map_err(|error| problem(&error, advice, "valid are 127.0.0.1:11434 and https://ollama.example.com"))
}

pub(super) fn openai_address(text: &str) -> Result<HostUrl, Problem> {
    let advice = "put a key into OLLAMA_MCP_API_KEY, other credentials into OLLAMA_MCP_HEADERS";
    HostUrl::from_openai_base(text)
        .map_err(|error| problem(&error, advice, "valid is http://127.0.0.1:8080/v1"))
}

fn problem(error: &HostUrlError, for_credentials: &str, example: &str) -> Problem {
    let advice = if *error == HostUrlError::Credentials { for_credentials } else { example };
    Problem { text: format!("{error}; {advice}"), hides_value: error.hides_value() }
}
