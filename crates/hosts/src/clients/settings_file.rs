//! The settings of a client in its file: written, shown, and taken out again.

use std::path::Path;

use serde_json::Value;

use super::Connection;
use crate::change::is_empty;
use crate::error::Problem;
use crate::host::{ConfigPath, Format};
use crate::remote_entry::{is_usual_address, shown_address};
use crate::{get, json, redact, remove, set, write};

const REPLACE: &str = "Replace it with --force.";
const TAKE_OUT: &str = "Name its address with --url, or remove it with --force.";

/// A path of keys in a file.
pub(super) type Keys = &'static [&'static str];

/// The file of a client, and our settings in it.
#[derive(Debug)]
pub struct SettingsFile {
    pub(super) format: Format,
    /// The user's file: the first that exists, otherwise the first.
    pub(super) user: &'static [ConfigPath],
    /// The variable that moves the file to the folder it names.
    pub(super) variable: Option<&'static str>,
    /// The setting that has the address.
    pub(super) address: Keys,
    /// The object that has our name, in a client with several servers. In any other the address alone says whose the
    /// settings are.
    pub(super) entry: Option<Keys>,
    pub(super) settings: fn(&Connection) -> Vec<Setting>,
    /// What makes the server the client's default.
    pub(super) choice: fn(&Connection) -> Vec<Setting>,
    /// What to do after it was made the default; `None` for a client that has one server alone.
    pub(super) next_if_chosen: Option<&'static str>,
    /// All settings that the two functions can write, in their order.
    pub(super) owned: &'static [Owned],
}

/// A value to write.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) path: Keys,
    /// `None`: it would contradict the others, and is removed.
    pub(super) value: Option<Value>,
}

/// A setting that may be ours.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) path: Keys,
    /// Whether it is, in this file. The address is.
    pub(super) is_ours: fn(&Value) -> bool,
}

/// A setting that is ours wherever the address is.
pub(super) const fn owned(path: Keys) -> Owned {
    Owned { path, is_ours: |_| true }
}

pub(super) fn setting(path: Keys, value: impl Into<Value>) -> Setting {
    Setting { path, value: Some(value.into()) }
}

impl SettingsFile {
    /// The text of a file with nothing but the settings.
    pub(super) fn rendered(&self, connection: &Connection, chooses: bool) -> String {
        // Adding to an empty text cannot fail.
        self.connected("", connection, chooses, true).unwrap_or_default()
    }

    pub(super) fn connected(
        &self,
        text: &str,
        connection: &Connection,
        chooses: bool,
        force: bool,
    ) -> Result<String, Problem> {
        if !force && let Some(found) = self.address_in(text)? {
            self.check(&found, &connection.base, REPLACE)?;
        }
        let mut settings = (self.settings)(connection);
        if chooses {
            settings.extend((self.choice)(connection));
        }
        let mut text = text.to_owned();
        for setting in settings {
            match setting.value {
                Some(value) => text = set(self.format, &text, setting.path, &value)?,
                None => text = remove(self.format, &text, setting.path)?.unwrap_or(text),
            }
        }
        Ok(text)
    }

    /// The text without the settings, or no text if the file was made for them; `None` if they are not there.
    pub(super) fn disconnected(
        &self,
        file: &Path,
        text: &str,
        base: &str,
        force: bool,
    ) -> Result<Option<Option<String>>, Problem> {
        let Some(found) = self.address_in(text)? else { return Ok(None) };
        if !force {
            self.check(&found, base, TAKE_OUT)?;
        }
        let ours = self.ours_in(text)?;
        let mut backups = write::backups(file);
        // Their names end in the time.
        backups.sort_by(|one, other| other.0.cmp(&one.0));
        let is_before = |text: &str| {
            let address = self.address_in(text).ok().flatten();
            address.is_none_or(|address| address != found && self.check(&address, base, TAKE_OUT).is_err())
        };
        let before: Vec<_> =
            backups.into_iter().map(|(_, text)| text.text).filter(|text| is_before(text)).collect();
        // If the file is exactly a backup plus these settings, restore the backup byte for byte.
        if let Some(backup) = before.iter().find(|backup| self.with_values_of(backup, text, &ours) == text) {
            return Ok(Some(Some(backup.clone())));
        }
        let mut left = text.to_owned();
        let outside =
            ours.iter().copied().filter(|path| !self.entry.is_some_and(|entry| path.starts_with(entry)));
        for path in self.entry.into_iter().chain(outside) {
            let replaced = before.first().and_then(|backup| get(self.format, backup, path).ok().flatten());
            left = match replaced {
                Some(value) => set(self.format, &left, path, &value)?,
                None => self.without(left, path)?,
            };
        }
        // The user made a link, so it stays.
        let is_made_for_it = before.is_empty() && !write::is_link(file) && is_empty(self.format, &left)?;
        Ok(Some((!is_made_for_it).then_some(left)))
    }

    /// Our settings as a file of them alone, with `***` for what may be secret.
    pub(crate) fn shown(&self, text: &str) -> String {
        let mut shown = String::new();
        for owned in self.owned {
            if let Ok(Some(value)) = get(self.format, text, owned.path) {
                let name = owned.path.last().copied().unwrap_or_default();
                let value = redact::redact_setting(name, &value);
                shown = set(self.format, &shown, owned.path, &value).unwrap_or(shown);
            }
        }
        shown
    }

    fn address_in(&self, text: &str) -> Result<Option<String>, Problem> {
        let found = get(self.format, text, self.address)?;
        Ok(found.map(|found| found.as_str().unwrap_or_default().to_owned()))
    }

    /// Refuses the settings of another server.
    fn check(&self, found: &str, base: &str, step: &'static str) -> Result<(), Problem> {
        let is_usual = || url::Url::parse(found).is_ok_and(|url| is_usual_address(&url));
        if self.entry.is_some() || found.trim_end_matches('/') == base || is_usual() {
            return Ok(());
        }
        let what = format!("leads to another server: {}", shown_address(found));
        Err(Problem::Foreign { name: self.address.join("."), what, step })
    }

    /// The settings of the text that are ours.
    fn ours_in(&self, text: &str) -> Result<Vec<Keys>, Problem> {
        let root = get(self.format, text, &[])?.unwrap_or_default();
        let is_there = |owned: &&Owned| matches!(get(self.format, text, owned.path), Ok(Some(_)));
        let ours = self.owned.iter().filter(is_there).filter(|owned| (owned.is_ours)(&root));
        Ok(ours.map(|owned| owned.path).collect())
    }

    /// A backup with our settings as they are in the text.
    fn with_values_of(&self, backup: &str, text: &str, ours: &[Keys]) -> String {
        let mut with = backup.to_owned();
        for path in self.owned.iter().map(|owned| owned.path) {
            let value = get(self.format, text, path).ok().flatten().filter(|_| ours.contains(&path));
            with = match value {
                Some(value) => set(self.format, &with, path, &value),
                // What was removed when they were written.
                None if get(self.format, text, path) == Ok(None) => {
                    remove(self.format, &with, path).map(|without| without.unwrap_or(with.clone()))
                }
                None => Ok(with.clone()),
            }
            .unwrap_or(with);
        }
        with
    }

    /// The text without a setting, nor the objects that are empty then.
    fn without(&self, text: String, path: &[&str]) -> Result<String, Problem> {
        let Some(mut text) = remove(self.format, &text, path)? else { return Ok(text) };
        let mut parents = path;
        while let Some((_, rest)) = parents.split_last().filter(|(_, rest)| !rest.is_empty()) {
            // In TOML only the user can have written a header for an empty table.
            if self.format != Format::Json || !json::is_blank(&text, rest)? {
                break;
            }
            text = remove(self.format, &text, rest)?.unwrap_or(text);
            parents = rest;
        }
        Ok(text)
    }
}
