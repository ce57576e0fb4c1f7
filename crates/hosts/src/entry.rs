//! An entry of a host's file: a program that the host starts, or an address that it connects to.

use serde_json::Value;

use super::error::HostsError;
use super::host::{Format, Host};
use super::redact::{self, IsPublic};
use super::remote_entry::{Key, RemoteEntry};
use super::server_entry::ServerEntry;
use super::{json, toml};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Program(ServerEntry),
    Remote(RemoteEntry),
}

impl Entry {
    /// Reads an entry; `None` if it has neither a command nor an address.
    pub(super) fn read(host: &Host, value: &Value) -> Option<Self> {
        let program = ServerEntry::read(host, value).map(Self::Program);
        program.or_else(|| RemoteEntry::read(host, value).map(Self::Remote))
    }

    /// Whether it is an entry of this server: by the file name of the program, or by the address and the name of the
    /// entry.
    pub fn is_this_server(&self, name: &str) -> bool {
        match self {
            Self::Program(program) => program.is_this_server(),
            Self::Remote(remote) => remote.is_this_server(name),
        }
    }

    /// What the entry is, as a predicate, if it is not of this server. Nothing in it may be secret.
    pub fn foreign(&self, name: &str) -> Option<String> {
        match self {
            Self::Program(program) => program.foreign(),
            Self::Remote(remote) if remote.is_this_server(name) => None,
            Self::Remote(remote) => Some(format!("leads to another server: {}", remote.shown())),
        }
    }

    /// The command, or the address without what may be secret in it.
    pub fn shown(&self) -> String {
        match self {
            Self::Program(program) => program.command.clone(),
            Self::Remote(remote) => remote.shown(),
        }
    }

    /// The names of the variables that the entry sets.
    pub fn variables(&self) -> Vec<&str> {
        match self {
            Self::Program(program) => program.env.iter().map(|(name, _)| name.as_str()).collect(),
            Self::Remote(_) => Vec::new(),
        }
    }

    /// What is not shown of the entry: variables, or the header of a key.
    pub fn hidden(&self, is_public: IsPublic) -> Vec<&str> {
        match self {
            Self::Program(program) => program.hidden_variables(is_public),
            Self::Remote(remote) if matches!(remote.key, Some(Key::Literal(_))) => vec!["the key"],
            Self::Remote(_) => Vec::new(),
        }
    }

    /// The entry as the host reads it.
    ///
    /// # Errors
    /// The host takes no address, or reads no key from a variable.
    pub(super) fn value(&self, host: &Host) -> Result<Value, HostsError> {
        match self {
            Self::Program(program) => Ok(program.value(host)),
            Self::Remote(remote) => remote.value(host),
        }
    }
}

/// What to paste into an empty file of a host.
///
/// # Errors
/// The host takes no address, or reads no key from a variable.
pub fn snippet(host: &Host, name: &str, entry: &Entry) -> Result<String, HostsError> {
    Ok(rendered(host, &[host.key, name], &entry.value(host)?))
}

/// [`snippet`], with `***` for what may be secret.
///
/// # Errors
/// As [`snippet`].
pub fn redacted_snippet(
    host: &Host,
    name: &str,
    entry: &Entry,
    is_public: IsPublic,
) -> Result<String, HostsError> {
    Ok(rendered(host, &[host.key, name], &redact::redact(&entry.value(host)?, is_public)))
}

/// A file of the host's format with this value alone.
pub(super) fn rendered(host: &Host, path: &[&str], value: &Value) -> String {
    let made = match host.format {
        Format::Json => json::set("", path, value),
        Format::Toml => toml::set("", path, value),
    };
    // Adding to an empty text cannot fail.
    made.unwrap_or_default()
}
