//! The hosts' own files: where each is, and this server put into it or taken out of it.
//!
//! [`HOSTS`] says all that is known of hosts; every other file here serves any of them. An edit
//! changes the bytes of one entry and no others.

mod change;
mod docs;
mod environment;
mod error;
mod host;
mod json;
mod markdown;
mod redact;
mod server_entry;
mod table;
#[cfg(test)]
mod tests;
mod toml;
mod write;

use std::path::PathBuf;

use serde_json::Value;

pub use change::Change;
pub use environment::{Environment, Platform};
pub use error::HostsError;
pub use host::{CallLimit, CallTimeout, Format, Host, Shape, WORKSPACE};
pub use markdown::{example_files, setup_markdown};
pub use redact::IsPublic;
pub use server_entry::{ServerEntry, redacted_snippet, snippet};
pub use table::HOSTS;
pub use write::Lock;

use error::Problem;

/// The key of the entry, unless the user names another.
pub const DEFAULT_NAME: &str = "ollama";

/// Whose file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// One user's, for all projects.
    User,
    /// One project's, for all who work on it.
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

/// One file of one host.
#[derive(Debug, Clone)]
pub struct Target {
    /// The host.
    pub host: &'static Host,
    /// Whose file it is.
    pub scope: Scope,
    /// The file, there or not.
    pub file: PathBuf,
}

impl Target {
    /// The files that a host reads: one, or one for each edition of it that is here.
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

    /// All servers of the file that a host would start, by name; none where there is no file.
    ///
    /// # Errors
    /// The file cannot be read or does not parse.
    pub fn entries(&self) -> Result<Vec<(String, ServerEntry)>, HostsError> {
        let Some(text) = write::read(&self.file)? else { return Ok(Vec::new()) };
        let servers = get(self.host.format, &text.text, &[self.host.key]);
        let servers = servers.map_err(|problem| problem.of(&self.file))?;
        let servers = servers.as_ref().and_then(Value::as_object).into_iter().flatten();
        Ok(servers
            .filter_map(|(name, value)| Some((name.clone(), ServerEntry::read(self.host, value)?)))
            .collect())
    }
}

/// What is known of a host on a machine.
#[derive(Debug)]
pub struct DetectedHost {
    /// The file, and whose.
    pub target: Target,
    /// Whether there is a sign of the host.
    pub found: bool,
    /// The entries that start this server or have its name, or the reason why the file cannot be read.
    pub entries: Result<Vec<(String, ServerEntry)>, HostsError>,
}

/// Looks at every host that has a file: its user's always, its project's where there is one.
pub fn detect_hosts(environment: &Environment) -> Vec<DetectedHost> {
    let mut detected: Vec<DetectedHost> = Vec::new();
    for host in HOSTS {
        let found = environment.has(host);
        for scope in [Scope::User, Scope::Project] {
            for target in Target::of(host, scope, environment).into_iter().flatten() {
                // In the home directory some are one and the same, and editions of a program share a project's file.
                let is_users = || environment.user_files(host).contains(&target.file);
                let is_listed = || detected.iter().any(|known| known.target.file == target.file);
                if scope == Scope::Project && (!target.file.exists() || is_users() || is_listed()) {
                    continue;
                }
                let entries = target.entries().map(|mut entries| {
                    entries.retain(|(name, entry)| name == DEFAULT_NAME || entry.is_this_server());
                    entries
                });
                detected.push(DetectedHost { target, found, entries });
            }
        }
    }
    detected
}

/// Every file in which a host may keep the servers of this user, with what is secret in them.
pub fn private_files(environment: &Environment) -> Vec<PathBuf> {
    HOSTS.iter().flat_map(|host| environment.user_candidates(host)).collect()
}

fn get(format: Format, text: &str, path: &[&str]) -> Result<Option<Value>, Problem> {
    match format {
        Format::Json => json::get(text, path),
        Format::Toml => toml::get(text, path),
    }
}

fn set(format: Format, text: &str, path: &[&str], value: &Value) -> Result<String, Problem> {
    match format {
        Format::Json => json::set(text, path, value),
        Format::Toml => toml::set(text, path, value),
    }
}
