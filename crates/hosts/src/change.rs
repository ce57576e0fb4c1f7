//! Adding an entry to a host's file, or removing it: what would change, and the change itself.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::clients::SettingsFile;
use super::entry::{Entry, rendered};
use super::error::{HostsError, Problem};
use super::host::{Format, Host};
use super::redact::{self, IsPublic};
use super::remote_entry::Key;
use super::server_entry::ServerEntry;
use super::write::{self, Lock, Text};
use super::{Scope, Target, get, json, remove, set};

const REPLACE: &str = "Replace the whole entry with --force, or choose another name with --name.";
const TAKE_OUT: &str = "Remove it with --force.";

impl Target {
    /// Plans to add this server. Other fields of an existing entry of this server (a timeout, other variables) stay,
    /// unless `force` replaces the whole entry, or an address comes in place of this program.
    ///
    /// # Errors
    /// The file cannot be read, does not parse, or has something else where servers belong; an entry of this name
    /// is another server's, and there is no `force`; the host takes no address, or not this kind of key; a key would
    /// be written into a project's file.
    pub fn install(&self, name: &str, entry: &Entry, force: bool) -> Result<Change, HostsError> {
        let host = self.host;
        let path = [host.key, name];
        let value = entry.value(host)?;
        if let (Scope::Project, Entry::Remote(remote)) = (self.scope, entry)
            && matches!(remote.key, Some(Key::Literal(_)))
        {
            return Err(HostsError::KeyInProject { file: self.file.clone() });
        }
        self.change(name, |text| {
            let Some(found) = get(host.format, text, &path)? else {
                return Ok(Some(set(host.format, text, &path, &value)?));
            };
            if force {
                return Ok(Some(set(host.format, text, &path, &value)?));
            }
            let known = ours(host, name, &found).map_err(|what| refused(name, what, REPLACE))?;
            match (entry, known) {
                (Entry::Program(given), Entry::Program(known)) => {
                    merged(host, text, &path, given, &known).map(Some)
                }
                (Entry::Remote(given), Entry::Remote(_)) => {
                    let mut text = with_fields(host, text, &path, &value, |_| false)?;
                    for other in given.other_keys(host) {
                        let path = [&path[..], &other].concat();
                        text = remove(host.format, &text, &path)?.unwrap_or(text);
                    }
                    Ok(Some(text))
                }
                (Entry::Remote(_), Entry::Program(_)) => Ok(Some(set(host.format, text, &path, &value)?)),
                // Only its address says that it may be ours, and the program does not know it.
                (Entry::Program(_), Entry::Remote(known)) => {
                    Err(refused(name, format!("leads to a server: {}", known.shown()), REPLACE))
                }
            }
        })
    }

    /// Plans to remove a server; `None` if there is no entry of that name.
    ///
    /// # Errors
    /// As with [`Target::install`].
    pub fn uninstall(&self, name: &str, force: bool) -> Result<Option<Change>, HostsError> {
        let (host, format) = (self.host, self.host.format);
        let path = [host.key, name];
        let mut was_there = true;
        let change = self.change(name, |text| {
            let removed = remove(format, text, &path)?;
            was_there = removed.is_some();
            let Some(removed) = removed else { return Ok(Some(text.to_owned())) };
            let value = get(format, text, &path)?.unwrap_or_default();
            if !force {
                ours(host, name, &value).map_err(|what| refused(name, what, TAKE_OUT))?;
            }
            let backups: Vec<_> = write::backups(&self.file).into_iter().map(|(_, text)| text.text).collect();
            let entry_in = |text: &String| get(format, text, &path).ok().flatten();
            let mut without = backups.iter().filter(|backup| get(format, backup, &path) == Ok(None));
            // If the file is exactly a backup plus this entry, restore the backup byte for byte.
            let made_this =
                |before: &&String| set(format, before, &path, &value).is_ok_and(|with| with == text);
            if let Some(before) = without.find(made_this) {
                return Ok(Some(before.clone()));
            }
            let left = without_empty_servers(host, removed)?;
            // If every backup has an entry of this server, `install` created the file. A link is never removed: the
            // user made it.
            let is_ours = |value: &Value| ours(host, name, value).is_ok();
            let made_by_us = is_ours(&value)
                && backups.iter().all(|backup| entry_in(backup).as_ref().is_some_and(is_ours))
                && !write::is_link(&self.file);
            Ok((!made_by_us || !is_empty(format, &left)?).then_some(left))
        })?;
        Ok(was_there.then_some(change))
    }

    fn change(
        &self,
        name: &str,
        edit: impl FnOnce(&str) -> Result<Option<String>, Problem>,
    ) -> Result<Change, HostsError> {
        let subject = Subject::Server { host: self.host, name: name.to_owned() };
        Change::plan(&self.file, self.scope == Scope::User, subject, edit)
    }
}

/// A file before and after a change; `None` where the file does not exist.
#[derive(Debug)]
pub struct Change {
    file: PathBuf,
    /// Whether the file is the user's alone.
    is_private: bool,
    subject: Subject,
    before: Option<Text>,
    after: Option<Text>,
}

/// What a change is about, and so what is shown of the file.
#[derive(Debug)]
pub(super) enum Subject {
    /// One entry of a host's servers.
    Server { host: &'static Host, name: String },
    /// The settings of a client.
    Settings(&'static SettingsFile),
}

impl Change {
    /// Reads a file and plans an edit of it; an edit without a text removes the file.
    pub(super) fn plan(
        file: &Path,
        is_private: bool,
        subject: Subject,
        edit: impl FnOnce(&str) -> Result<Option<String>, Problem>,
    ) -> Result<Self, HostsError> {
        let before = write::read(file)?;
        let start = before.clone().unwrap_or_default();
        let text = edit(&start.text).map_err(|problem| problem.of(file))?;
        let after = text.map(|text| start.with(text));
        Ok(Self { file: file.to_path_buf(), is_private, subject, before, after })
    }

    /// Whether anything would change.
    pub fn is_needed(&self) -> bool {
        self.before != self.after
    }

    /// Another server's entry that this change replaces or removes, as a predicate, and the names of its variables.
    pub fn foreign(&self) -> Option<(String, Vec<String>)> {
        let Subject::Server { host, name } = &self.subject else { return None };
        let found = entry(host, name, self.before.as_ref()?)?;
        let what = ours(host, name, &found).err()?;
        let entry = Entry::read(host, &found);
        let variables = entry.iter().flat_map(Entry::variables).map(str::to_owned).collect();
        Some((what, variables))
    }

    /// The change as a unified diff of what it is about, with `***` for what may be secret. The rest of the file stays
    /// as it is and is not shown.
    pub fn diff(&self, is_public: IsPublic) -> String {
        let shown = |text: Option<&Text>| text.map_or_else(String::new, |text| self.shown(text, is_public));
        let (before, after) = (shown(self.before.as_ref()), shown(self.after.as_ref()));
        let file = self.file.display().to_string();
        let name = |text: Option<&Text>| if text.is_some() { file.as_str() } else { "/dev/null" }.to_owned();
        let header = (name(self.before.as_ref()), name(self.after.as_ref()));
        let diff = similar::TextDiff::from_lines(&before, &after);
        let text = diff.unified_diff().header(&header.0, &header.1).to_string();
        if text.is_empty() && self.is_needed() {
            return format!("--- {file}\n+++ {file}\n(only a value that is not shown would change)\n");
        }
        text
    }

    /// Writes the change; returns the backup of the file, if there was one. Take the lock before planning the change.
    ///
    /// # Errors
    /// The file or its backup cannot be written, or the file has changed since it was read.
    pub fn write(&self, lock: &Lock) -> Result<Option<PathBuf>, HostsError> {
        let (file, before) = (&self.file, self.before.as_ref());
        match &self.after {
            Some(after) => write::replace(file, before, after, self.is_private, lock),
            // `install` created the whole file, so no backup is needed.
            None => write::remove(file, before).map(|()| None),
        }
    }

    fn shown(&self, text: &Text, is_public: IsPublic) -> String {
        match &self.subject {
            Subject::Server { host, name } => shown_entry(host, name, text, is_public),
            Subject::Settings(settings) => settings.shown(&text.text),
        }
    }
}

fn entry(host: &Host, name: &str, text: &Text) -> Option<Value> {
    get(host.format, &text.text, &[host.key, name]).ok()?
}

fn shown_entry(host: &Host, name: &str, text: &Text, is_public: IsPublic) -> String {
    let Some(value) = entry(host, name, text) else { return String::new() };
    let value = match ours(host, name, &value) {
        Ok(_) => redact::redact(&value, is_public),
        Err(_) => redact::redact_foreign(&value),
    };
    match host.format {
        // Without the braces of a whole file: this is a part of one.
        Format::Json => {
            let whole = rendered(host, &[name], &value);
            let lines = whole.lines().filter(|line| line.starts_with(' '));
            lines.map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line))).collect()
        }
        Format::Toml => rendered(host, &[host.key, name], &value),
    }
}

/// An entry of this server, or what else the entry is, as a predicate.
fn ours(host: &Host, name: &str, value: &Value) -> Result<Entry, String> {
    let Some(entry) = Entry::read(host, value) else {
        return Err("names no program and no address, so it is another server's".to_owned());
    };
    match entry.foreign(name) {
        Some(what) => Err(what),
        None => Ok(entry),
    }
}

fn refused(name: &str, what: String, step: &'static str) -> Problem {
    Problem::Foreign { name: name.to_owned(), what, step }
}

/// Merges what is given into an entry of this server, field by field.
fn merged(
    host: &Host,
    text: &str,
    path: &[&str; 2],
    given: &ServerEntry,
    known: &ServerEntry,
) -> Result<String, Problem> {
    let mut wanted = given.clone();
    wanted.args.extend(kept_arguments(&known.args, !given.args.is_empty()));
    // Left as they are written.
    let stays = |field: &str| field == "args" && given.args.is_empty();
    with_fields(host, text, path, &wanted.value(host), stays)
}

/// Sets the fields of an entry, and in its objects the fields of those; all others stay, and those that `stays` selects
/// if they are there.
fn with_fields(
    host: &Host,
    text: &str,
    path: &[&str; 2],
    entry: &Value,
    stays: impl Fn(&str) -> bool,
) -> Result<String, Problem> {
    let [key, name] = path;
    let mut text = text.to_owned();
    for (field, value) in entry.as_object().into_iter().flatten() {
        let path = [*key, *name, field.as_str()];
        let is_there = get(host.format, &text, &path)?.is_some();
        match value {
            _ if is_there && stays(field) => {}
            Value::Object(inner) if is_there => {
                for (variable, value) in inner {
                    text = set(host.format, &text, &[*key, *name, field, variable], value)?;
                }
            }
            _ => text = set(host.format, &text, &path, value)?,
        }
    }
    Ok(text)
}

/// The arguments that an entry keeps: all, except its directories if others are given.
fn kept_arguments(known: &[String], directories_are_given: bool) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = known.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--allow-dir" if directories_are_given => {
                words.next();
            }
            word if directories_are_given && word.starts_with("--allow-dir=") => {}
            word => kept.push(word.to_owned()),
        }
    }
    kept
}

/// Removes the object of all servers if it is empty.
fn without_empty_servers(host: &Host, text: String) -> Result<String, Problem> {
    // In TOML only the user can have written a header for it.
    if host.format == Format::Json && json::is_blank(&text, &[host.key])? {
        return Ok(json::remove(&text, &[host.key])?.unwrap_or(text));
    }
    Ok(text)
}

/// Whether a file has nothing in it.
pub(super) fn is_empty(format: Format, text: &str) -> Result<bool, Problem> {
    match format {
        Format::Json => json::is_blank(text, &[]),
        Format::Toml => Ok(text.trim().is_empty()),
    }
}
