//! The HTTP server: where it listens, who may call it, and its limits.

mod accounts;
mod files;
mod listen;
mod model_aliases;
mod network;
mod web_page;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::error::SettingsError;
use super::parse::{self, Problem};
use super::registry;
use super::resolver::Resolver;
use super::secret::Secret;
use super::setting::{Computed, group};
use super::sources::ServeSources;

pub(super) use files::{files_ttl, large_size};
pub use listen::ListenAddress;
pub use network::Network;

pub(super) use accounts::{email, password, secret_key, session_lifetime, session_minutes};
pub(super) use listen::{listen_address, port};
pub(super) use model_aliases::model_aliases;
pub(super) use network::networks;
pub(super) use web_page::{origins, public_url};

const MAX_INSTANCE: usize = 48;

group! {
    /// The HTTP server: where it listens, who may call it, and its limits.
    #[derive(Debug, Clone, PartialEq)]
    pub struct ServeSettings {
        /// `OLLAMA_MCP_SERVE_LISTEN`, or one of the other names of the port.
        pub listen: ListenAddress = Computed(listen),
        pub guests: Guests = registry::SERVE_GUESTS,
        /// The address that browsers use, if it is not one of this machine: scheme, host and port.
        pub public_url: Option<Url> = registry::SERVE_PUBLIC_URL,
        /// The name of this server among others over one database; `None`: that of the machine.
        pub instance: Option<String> = registry::SERVE_INSTANCE,
        /// Origins of web pages that may send requests, as browsers write them.
        pub origins: Vec<String> = registry::SERVE_ORIGINS,
        /// Where requests with the address of another caller may come from.
        pub trusted_proxies: Vec<Network> = registry::SERVE_TRUSTED_PROXIES,
        /// An administrator to be added at the start, by `OLLAMA_MCP_SERVE_ADMIN_EMAIL` or `ADMIN_EMAIL`.
        pub admin_email: Option<String> = Computed(accounts::admin_email),
        pub admin_password_file: Option<PathBuf> = registry::SERVE_ADMIN_PASSWORD_FILE,
        /// `ADMIN_PASSWORD`.
        pub admin_password: Option<Secret> = Computed(accounts::admin_password),
        pub admin_key_file: Option<PathBuf> = registry::SERVE_ADMIN_KEY_FILE,
        /// How long a user stays signed in.
        pub session_lifetime: Duration = Computed(accounts::lifetime),
        /// Signs tokens, by `OLLAMA_MCP_SERVE_SECRET_KEY` or `SECRET_KEY`; `None`: a key in the database.
        pub secret_key: Option<Secret> = Computed(accounts::signing_key),
        /// From the name that a client sends to the model that is meant.
        pub model_aliases: BTreeMap<String, String> = registry::SERVE_MODEL_ALIASES,
        /// The largest body of a request.
        pub max_body_bytes: usize = registry::SERVE_MAX_BODY_BYTES,
        /// Where uploaded files are; `None` is a directory of their own in the data directory.
        pub files_dir: Option<PathBuf> = registry::SERVE_FILES_DIR,
        /// The largest uploaded file.
        pub files_max_bytes: u64 = registry::SERVE_FILES_MAX_BYTES,
        /// The largest total size of the files of one owner.
        pub files_quota: u64 = registry::SERVE_FILES_QUOTA,
        /// How long an uploaded file is kept; `None`: until it is deleted.
        pub files_ttl: Option<Duration> = registry::SERVE_FILES_TTL,
        pub max_connections: usize = registry::SERVE_MAX_CONNECTIONS,
        /// Sessions of MCP.
        pub max_sessions: usize = registry::SERVE_MAX_SESSIONS,
        /// How long what is stored is kept after its last change; `None`: until it is deleted.
        pub retention: Option<Duration> = registry::SERVE_RETENTION,
        /// How long a stream is silent before it sends a comment; `None`: it sends none.
        pub comment_after: Option<Duration> = registry::SERVE_COMMENT_AFTER,
    }
}

/// Who may call without a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Guests {
    /// [`Guests::Loopback`] if the server listens on loopback alone, else [`Guests::Never`].
    #[default]
    Auto,
    /// Every program of this machine.
    Loopback,
    Never,
}

impl ServeSettings {
    /// Whether a program of this machine may call without a credential.
    pub fn has_guests(&self) -> bool {
        match self.guests {
            Guests::Auto => self.listen.is_loopback(),
            Guests::Loopback => true,
            Guests::Never => false,
        }
    }
}

/// The address, or the port under one of its other names if nothing of our own sets the address.
fn listen(resolver: &mut Resolver<'_>) -> Result<ListenAddress, SettingsError> {
    let main = &registry::SERVE_LISTEN;
    if resolver.serve_sources() != ServeSources::AllNames {
        return resolver.get(main);
    }
    let aliases = [&registry::MCP_SERVER_PORT, &registry::PORT];
    let mut strongest = None;
    for alias in aliases {
        let found = resolver.find(alias)?;
        resolver.record(alias, found.as_ref());
        strongest = strongest.or(found.map(|found| (alias, found)));
    }
    match strongest {
        Some((alias, found)) if resolver.find(main)?.is_none() => {
            resolver.record(main, None);
            Ok(ListenAddress::Loopback(found.parse(alias, port)?))
        }
        _ => resolver.get(main),
    }
}

pub(super) fn guests(text: &str) -> Result<Guests, Problem> {
    match text.trim() {
        "loopback" => Ok(Guests::Loopback),
        "never" => Ok(Guests::Never),
        _ => Err(Problem::new(
            "must be loopback or never; unset it for loopback where nobody else can connect",
        )),
    }
}

/// A name that a database shows beside its connections, which bounds it.
pub(super) fn instance(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    match text.len() <= MAX_INSTANCE && text.chars().all(|c| c.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(Problem::new("must be at most 48 characters of ASCII without spaces")),
    }
}

/// A number of days, 1 to 36500.
pub(super) fn days(text: &str) -> Result<Duration, Problem> {
    let days = text.trim().parse().ok().filter(|days| (1..=36_500).contains(days));
    days.map(|days: u64| Duration::from_secs(days * 86_400))
        .ok_or_else(|| Problem::new("must be a number of days, 1 to 36500"))
}

/// A duration; `None` for 0.
pub(super) fn comment_after(text: &str) -> Result<Option<Duration>, Problem> {
    match text.trim() {
        "0" | "0s" => Ok(None),
        other => parse::timeout(other)
            .map(Some)
            .map_err(|problem| Problem::new(format!("{}, and 0 sends no comments", problem.text))),
    }
}

/// The items of a list with commas, without blank ones.
fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}
