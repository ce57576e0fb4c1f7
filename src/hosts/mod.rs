//! The hosts' own files: where each is, and this server put into it or taken out of it.
//!
//! [`table::HOSTS`] says all that is known of hosts; every other file here serves any of them. An edit
//! changes the bytes of one entry and no others.

mod entry;
mod error;
mod json;
mod markdown;
mod mask;
mod paths;
mod prose;
pub mod table;
#[cfg(test)]
mod tests;
mod toml;
mod write;

use std::path::PathBuf;

use serde_json::Value;

pub use entry::{Entry, snippet, snippet_masked};
pub use error::HostsError;
pub use markdown::{example_files, setup_markdown};
pub use mask::looks_secret;
pub use paths::{Machine, Platform};
pub use table::{Format, HOSTS, Host, WORKSPACE};

use error::Problem;
use write::Text;

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
    /// The file that a host reads.
    ///
    /// # Errors
    /// The host has no such file.
    pub fn of(host: &'static Host, scope: Scope, machine: &Machine) -> Result<Self, HostsError> {
        let file = match scope {
            Scope::User => machine.user_file(host).ok_or(HostsError::NoHome)?,
            Scope::Project => {
                machine.project_file(host).ok_or(HostsError::NoProjectFile { host: host.id })?
            }
        };
        Ok(Self { host, scope, file })
    }

    /// All servers of the file that a host would start, by name; none where there is no file.
    ///
    /// # Errors
    /// The file cannot be read or does not parse.
    pub fn entries(&self) -> Result<Vec<(String, Entry)>, HostsError> {
        let Some(text) = write::read(&self.file)? else { return Ok(Vec::new()) };
        let servers = get(self.host.format, &text.text, &[self.host.key]);
        let servers = servers.map_err(|problem| problem.of(&self.file))?;
        let servers = servers.as_ref().and_then(Value::as_object).into_iter().flatten();
        Ok(servers.filter_map(|(name, value)| Some((name.clone(), Entry::read(value)?))).collect())
    }

    /// What putting this server in would change. What the entry has beside what is given (a timeout, other
    /// variables) stays.
    ///
    /// # Errors
    /// The file cannot be read, does not parse, or has something else where servers belong.
    pub fn install(&self, name: &str, entry: &Entry) -> Result<Change, HostsError> {
        self.change(|text| {
            let format = self.host.format;
            let path = [self.host.key, name];
            let wanted = entry.value(self.host);
            if get(format, text, &path)?.is_none() {
                return set(format, text, &path, &wanted);
            }
            let mut text = text.to_owned();
            for (field, value) in wanted.as_object().into_iter().flatten() {
                let path = [self.host.key, name, field.as_str()];
                let is_there = get(format, &text, &path)?.is_some();
                match value {
                    Value::Array(given) if given.is_empty() && is_there => {}
                    Value::Object(variables) if is_there => {
                        for (variable, value) in variables {
                            text = set(format, &text, &[self.host.key, name, field, variable], value)?;
                        }
                    }
                    _ => text = set(format, &text, &path, value)?,
                }
            }
            Ok(text)
        })
    }

    /// What taking a server out would change; `None` where there is none of that name.
    ///
    /// # Errors
    /// As with [`Target::install`].
    pub fn uninstall(&self, name: &str) -> Result<Option<Change>, HostsError> {
        let path = [self.host.key, name];
        let mut was_there = true;
        let change = self.change(|text| {
            let format = self.host.format;
            let removed = match format {
                Format::Json => json::remove(text, &path)?,
                Format::Toml => toml::remove(text, &path)?,
            };
            was_there = removed.is_some();
            let Some(removed) = removed else { return Ok(text.to_owned()) };
            // Where the file is just what putting the entry in made of it, it becomes what it was, to the byte.
            let value = get(format, text, &path)?.unwrap_or_default();
            let made_this = |before: &String| {
                get(format, before, &path) == Ok(None)
                    && set(format, before, &path, &value).is_ok_and(|with| with == text)
            };
            Ok(write::backups(&self.file).into_iter().find(made_this).unwrap_or(removed))
        })?;
        Ok(was_there.then_some(change))
    }

    fn change(&self, edit: impl FnOnce(&str) -> Result<String, Problem>) -> Result<Change, HostsError> {
        let before = write::read(&self.file)?;
        let start = before.clone().unwrap_or_default();
        let text = edit(&start.text).map_err(|problem| problem.of(&self.file))?;
        Ok(Change { target: self.clone(), after: start.with(text), before })
    }
}

/// A file as it is and as it would be.
#[derive(Debug)]
pub struct Change {
    target: Target,
    before: Option<Text>,
    after: Text,
}

impl Change {
    /// Whether anything would change.
    pub fn is_needed(&self) -> bool {
        self.before.as_ref() != Some(&self.after) && !(self.before.is_none() && self.after.text.is_empty())
    }

    /// Whether there is no file yet.
    pub fn creates(&self) -> bool {
        self.before.is_none()
    }

    /// The change as a unified diff, with `***` for what looks secret.
    pub fn diff(&self) -> String {
        let masked = |text: &Text| mask::masked(self.target.host.format, &text.text);
        let before = self.before.as_ref().map(&masked).unwrap_or_default();
        let after = masked(&self.after);
        let file = self.target.file.display().to_string();
        let old = if self.creates() { "/dev/null" } else { &file };
        let diff = similar::TextDiff::from_lines(&before, &after);
        let text = diff.unified_diff().header(old, &file).to_string();
        if text.is_empty() && self.is_needed() {
            return format!("--- {file}\n+++ {file}\n(only a value that is not shown would change)\n");
        }
        text
    }

    /// Makes the change; gives the backup of the file, if there was one.
    ///
    /// # Errors
    /// The file or its backup cannot be written, or the file has changed since it was read.
    pub fn write(&self) -> Result<Option<PathBuf>, HostsError> {
        let private = self.target.scope == Scope::User;
        write::replace(&self.target.file, self.before.as_ref(), &self.after, private)
    }
}

/// What is known of a host on a machine.
#[derive(Debug)]
pub struct Sighting {
    /// The file, and whose.
    pub target: Target,
    /// Whether there is a sign of the host.
    pub found: bool,
    /// The entries that start this server or have its name, or the reason why the file cannot be read.
    pub entries: Result<Vec<(String, Entry)>, HostsError>,
}

/// Looks at every host: its user's file always, its project's where there is one.
pub fn survey(machine: &Machine) -> Vec<Sighting> {
    let mut sightings = Vec::new();
    for host in HOSTS {
        let found = machine.has(host);
        for scope in [Scope::User, Scope::Project] {
            let Ok(target) = Target::of(host, scope, machine) else { continue };
            // In the home directory some are one and the same.
            let is_users = || machine.user_file(host).as_ref() == Some(&target.file);
            if scope == Scope::Project && (!target.file.exists() || is_users()) {
                continue;
            }
            let entries = target.entries().map(|mut entries| {
                entries.retain(|(name, entry)| name == DEFAULT_NAME || entry.is_this_server());
                entries
            });
            sightings.push(Sighting { target, found, entries });
        }
    }
    sightings
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
