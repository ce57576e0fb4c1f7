//! Finds the value of each setting among the sources, and records where it came from.

use std::path::PathBuf;

use super::config_file::ConfigFile;
use super::error::SettingsError;
use super::parse::{self, Problem};
use super::registry::{self, ENTRIES, Entry, Kind};
use super::sources::{Origin, SettingOrigin, Sources};
use platform::PATH_SEPARATOR;

/// A value as it was written, and its source.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) from: Origin,
}

impl Found {
    /// Parses the text; a failure names the setting as the user did.
    pub(super) fn parse<T>(
        &self,
        entry: &Entry,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Result<T, SettingsError> {
        parse(&self.text).map_err(|problem| SettingsError::Invalid {
            setting: self.from.label(entry),
            value: (!entry.secret && !problem.hides_value).then(|| self.text.clone()),
            problem: problem.text,
        })
    }
}

/// Goes through the sources in their order of precedence.
pub(super) struct Resolver<'a> {
    sources: &'a Sources,
    file: Option<ConfigFile>,
    origins: Vec<SettingOrigin>,
    warnings: Vec<String>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, file: None, origins: Vec::new(), warnings: Vec::new() }
    }

    /// Resolves where `config.toml` is, before there is a file to look into.
    pub(super) fn config_dir(&mut self, system: Option<PathBuf>) -> Result<Option<PathBuf>, SettingsError> {
        let entry = &registry::CONFIG_DIR;
        let Some(found) = self.find(entry)? else {
            let value_shown = system.as_ref().map(|dir| dir.display().to_string());
            self.origins.push(SettingOrigin { entry, value_shown, from: Origin::Default });
            return Ok(system);
        };
        self.record(entry, Some(&found));
        let dir = found.parse(entry, parse::path)?;
        if !dir.is_dir() {
            self.warn(format!(
                "{} is {:?}, which is not a directory: no config.toml is read",
                found.from.label(entry),
                found.text
            ));
        }
        Ok(Some(dir))
    }

    /// The file counts from here on.
    pub(super) fn set_file(&mut self, file: Option<ConfigFile>) {
        if let Some(warning) = file.as_ref().and_then(ConfigFile::warning) {
            self.warn(warning);
        }
        self.file = file;
    }

    /// What the sources say, without the default and without a record.
    pub(super) fn find(&self, entry: &'static Entry) -> Result<Option<Found>, SettingsError> {
        let is_set = |text: &str| match entry.kind {
            Kind::Presence => !text.is_empty(),
            Kind::Text | Kind::Address | Kind::Quantity | Kind::Paths | Kind::Switch => {
                !text.trim().is_empty()
            }
        };
        let flags = self.sources.flags.iter().filter(|(flag, text)| flag.env == entry.env && is_set(text));
        let flags: Vec<_> = flags.map(|(_, text)| text.as_str()).collect();
        if let Some(first) = flags.first() {
            let text =
                if entry.kind == Kind::Paths { flags.join(PATH_SEPARATOR) } else { (*first).to_owned() };
            return Ok(Some(Found { text, from: Origin::Flag }));
        }
        if let Some(value) = self.sources.environment.get(entry.env) {
            let text = value.to_str().ok_or_else(|| SettingsError::Invalid {
                setting: entry.env.to_owned(),
                value: None,
                problem: "the value is not valid UTF-8".to_owned(),
            })?;
            if is_set(text) {
                return Ok(Some(Found { text: text.to_owned(), from: Origin::Environment }));
            }
        }
        let found = self.file.as_ref().and_then(|file| Some((file, file.get(entry)?)));
        Ok(found.filter(|(_, text)| is_set(text)).map(|(file, text)| Found {
            text: text.to_owned(),
            from: Origin::ConfigFile(file.path().to_path_buf()),
        }))
    }

    /// What the sources or else the registry say; recorded.
    pub(super) fn take(&mut self, entry: &'static Entry) -> Result<Option<Found>, SettingsError> {
        let default = || entry.default.map(|text| Found { text: text.to_owned(), from: Origin::Default });
        let found = self.find(entry)?.or_else(default);
        self.record(entry, found.as_ref());
        Ok(found)
    }

    /// A setting without a default.
    pub(super) fn optional<T>(
        &mut self,
        entry: &'static Entry,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Result<Option<T>, SettingsError> {
        self.take(entry)?.map(|found| found.parse(entry, parse)).transpose()
    }

    /// A setting with a default.
    pub(super) fn required<T>(
        &mut self,
        entry: &'static Entry,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Result<T, SettingsError> {
        self.optional(entry, parse)?.ok_or_else(|| SettingsError::Missing {
            setting: entry.env,
            problem: "it has no default".to_owned(),
        })
    }

    pub(super) fn record(&mut self, entry: &'static Entry, found: Option<&Found>) {
        let is_secret =
            |text: &str| entry.secret || (entry.kind == Kind::Address && text.contains(['@', '?', '#']));
        let shown = |found: &Found| {
            if is_secret(&found.text) { "***".to_owned() } else { found.text.clone() }
        };
        self.origins.push(SettingOrigin {
            entry,
            value_shown: found.map(shown),
            from: found.map_or(Origin::Default, |found| found.from.clone()),
        });
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// The origins in the order of the registry, and the warnings.
    pub(super) fn finish(mut self) -> (Vec<SettingOrigin>, Vec<String>) {
        let place = |origin: &SettingOrigin| ENTRIES.iter().position(|entry| entry.env == origin.entry.env);
        self.origins.sort_by_key(place);
        (self.origins, self.warnings)
    }
}
