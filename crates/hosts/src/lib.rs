//! The configuration files of hosts: where each is, and adding this server to it or removing it. And those of clients,
//! which use a running server as their model.
//!
//! [`HOSTS`] has all that is known of hosts and [`CLIENTS`] all that is known of clients; the code is the same for every
//! one of them. An edit changes the bytes of our own entry and no others.

mod change;
mod clients;
mod docs;
mod entry;
mod environment;
mod error;
mod host;
mod json;
mod markdown;
mod names;
mod redact;
mod remote_entry;
mod remote_shapes;
mod server_entry;
mod table;
#[cfg(test)]
mod tests;
mod toml;
mod write;

use std::path::PathBuf;

use serde_json::Value;

pub use change::Change;
pub use clients::{
    CLIENTS, Client, ClientKey, Connection, Dialect, Form, KeyUse, SettingsFile, connect_markdown,
};
pub use entry::{Entry, redacted_snippet, snippet};
pub use environment::{Environment, Platform};
pub use error::HostsError;
pub use host::{
    CallLimit, CallTimeout, ConfigPath, Format, Host, KeyReference, Remote, RemoteShape, Shape, WORKSPACE,
};
pub use markdown::{example_files, setup_markdown};
pub use redact::IsPublic;
pub use remote_entry::{Key, RemoteEntry};
pub use server_entry::ServerEntry;
pub use table::HOSTS;
pub use write::{Lock, lock};

use error::Problem;

/// The name of the entry, unless the user gives another.
pub const DEFAULT_NAME: &str = "ollama";

/// Whose file is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The user's, for all projects.
    User,
    /// The project's, for all who work on it.
    Project,
}

impl Scope {
    /// As it is written on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
        }
    }
}

/// A file of a host, which need not exist.
#[derive(Debug, Clone)]
pub struct Target {
    pub host: &'static Host,
    pub scope: Scope,
    pub file: PathBuf,
}

impl Target {
    /// The files that a host reads: one, or one for each installed edition of it.
    ///
    /// # Errors
    /// The host has no such file.
    pub fn of(host: &'static Host, scope: Scope, environment: &Environment) -> Result<Vec<Self>, HostsError> {
        let files = match scope {
            Scope::User => environment.user_files(host),
            Scope::Project => {
                vec![environment.project_file(host).ok_or(HostsError::NoProjectFile { host: host.id })?]
            }
        };
        if files.is_empty() {
            return Err(HostsError::NoHome);
        }
        Ok(files.into_iter().map(|file| Self { host, scope, file }).collect())
    }

    /// All servers of the file that a host would start or connect to, by name; none if the file does not exist.
    ///
    /// # Errors
    /// The file cannot be read or does not parse.
    pub fn entries(&self) -> Result<Vec<(String, Entry)>, HostsError> {
        let Some(text) = write::read(&self.file)? else { return Ok(Vec::new()) };
        let servers = get(self.host.format, &text.text, &[self.host.key]);
        let servers = servers.map_err(|problem| problem.of(&self.file))?;
        let servers = servers.as_ref().and_then(Value::as_object).into_iter().flatten();
        Ok(servers.filter_map(|(name, value)| Some((name.clone(), Entry::read(self.host, value)?))).collect())
    }
}

/// A file of a host on this machine, and what is in it.
#[derive(Debug)]
pub struct DetectedHost {
    pub target: Target,
    /// Whether the host seems to be installed.
    pub found: bool,
    /// The entries that start this server or have its name, or why the file cannot be read.
    pub entries: Result<Vec<(String, Entry)>, HostsError>,
}

/// Examines every host that has a file: the user's file always, the project's if it exists.
pub fn detect_hosts(environment: &Environment) -> Vec<DetectedHost> {
    let mut detected: Vec<DetectedHost> = Vec::new();
    for host in HOSTS {
        let found = environment.has(host);
        for scope in [Scope::User, Scope::Project] {
            for target in Target::of(host, scope, environment).into_iter().flatten() {
                // In the home directory both files can be the same, and editions of a program share the project's file.
                let is_users = || environment.user_files(host).contains(&target.file);
                let is_listed = || detected.iter().any(|known| known.target.file == target.file);
                if scope == Scope::Project && (!target.file.exists() || is_users() || is_listed()) {
                    continue;
                }
                let entries = target.entries().map(|mut entries| {
                    entries.retain(|(name, entry)| name == DEFAULT_NAME || entry.is_this_server(name));
                    entries
                });
                detected.push(DetectedHost { target, found, entries });
            }
        }
    }
    detected
}

/// Every file in which a host or a client may keep the servers of this user, with their secrets.
pub fn private_files(environment: &Environment) -> Vec<PathBuf> {
    let hosts = HOSTS.iter().flat_map(|host| environment.user_candidates(host));
    hosts.chain(CLIENTS.iter().flat_map(|client| client.candidates(environment))).collect()
}

fn get(format: Format, text: &str, path: &[&str]) -> Result<Option<Value>, Problem> {
    match format {
        Format::Json => json::get(text, path),
        Format::Toml => toml::get(text, path),
    }
}

fn remove(format: Format, text: &str, path: &[&str]) -> Result<Option<String>, Problem> {
    match format {
        Format::Json => json::remove(text, path),
        Format::Toml => toml::remove(text, path),
    }
}

fn set(format: Format, text: &str, path: &[&str], value: &Value) -> Result<String, Problem> {
    match format {
        Format::Json => json::set(text, path, value),
        Format::Toml => toml::set(text, path, value),
    }
}
