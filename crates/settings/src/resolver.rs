//! Finds the value of each setting in the sources, and records where it came from.

use std::path::{Path, PathBuf};

use super::config_file::ConfigFile;
use super::error::SettingsError;
use super::parse::Problem;
use super::registry::{self, CONFIG_DIR};
use super::setting::{Setting, SettingInfo, ValueKind};
use super::sources::{Origin, ServeSources, SettingOrigin, Sources};

/// A value as it was written, and its source.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) text: String,
    pub(super) from: Origin,
}

impl Found {
    /// Parses the text. An error names the setting as the user wrote it.
    pub(super) fn parse<T>(
        &self,
        setting: &SettingInfo,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Result<T, SettingsError> {
        parse(&self.text).map_err(|problem| SettingsError::Invalid {
            setting: self.from.label(setting),
            value: (!setting.is_secret() && !problem.hides_value).then(|| self.text.clone()),
            problem: problem.text,
        })
    }
}

/// The values that `load` reads where nothing is set.
#[expect(clippy::expect_used, reason = "every default is a text of the registry; a test parses each of them")]
pub(super) fn defaults<T>(load: impl FnOnce(&mut Resolver<'_>) -> Result<T, SettingsError>) -> T {
    load(&mut Resolver::new(&Sources::default())).expect("the defaults are valid")
}

/// Searches the sources in their order of precedence.
pub(super) struct Resolver<'a> {
    sources: &'a Sources,
    config_dir: Option<PathBuf>,
    file: Option<ConfigFile>,
    origins: Vec<SettingOrigin>,
    warnings: Vec<String>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, config_dir: None, file: None, origins: Vec::new(), warnings: Vec::new() }
    }

    /// Finds the directory of `config.toml` and reads the file. From here on its values count.
    pub(super) fn read_config_file(&mut self) -> Result<(), SettingsError> {
        self.config_dir = self.find_config_dir()?;
        let Some(file) = self.config_file() else { return Ok(()) };
        self.file = ConfigFile::read(&file)?;
        if let Some(warning) = self.file.as_ref().and_then(ConfigFile::warning) {
            self.warn(warning);
        }
        Ok(())
    }

    fn find_config_dir(&mut self) -> Result<Option<PathBuf>, SettingsError> {
        let setting = CONFIG_DIR.info();
        let Some(found) = self.find(setting)? else {
            let system = self.sources.config_dir.clone();
            let value_shown = system.as_ref().map(|dir| dir.display().to_string());
            self.origins.push(SettingOrigin { setting, value_shown, from: Origin::Default });
            return Ok(system);
        };
        let dir = self.get(&CONFIG_DIR)?;
        if dir.as_ref().is_some_and(|dir| !dir.is_dir()) {
            self.warn(format!(
                "{} is {:?}, which is not a directory: no config.toml is read",
                found.from.label(setting),
                found.text
            ));
        }
        Ok(dir)
    }

    /// Which settings of `serve` are read.
    pub(super) fn serve_sources(&self) -> ServeSources {
        self.sources.serve
    }

    /// The directory of `config.toml`, whether it exists or not.
    pub(super) fn config_dir(&self) -> Option<&Path> {
        self.config_dir.as_deref()
    }

    pub(super) fn config_file(&self) -> Option<PathBuf> {
        self.config_dir().map(|dir| dir.join("config.toml"))
    }

    /// The system's own directory for the data of this program.
    pub(super) fn system_data_dir(&self) -> Option<PathBuf> {
        self.sources.data_dir.clone()
    }

    /// The value in the sources, without the default. It is not recorded.
    pub(super) fn find(&self, setting: &'static SettingInfo) -> Result<Option<Found>, SettingsError> {
        let is_set = |text: &str| match setting.kind {
            ValueKind::Presence => !text.is_empty(),
            ValueKind::Text
            | ValueKind::Address
            | ValueKind::Quantity
            | ValueKind::Paths
            | ValueKind::List
            | ValueKind::Map
            | ValueKind::Switch => !text.trim().is_empty(),
        };
        let flags = self.sources.flags.iter().filter(|(flag, text)| flag.env == setting.env && is_set(text));
        let flags: Vec<_> = flags.map(|(_, text)| text.as_str()).collect();
        if let Some(first) = flags.first() {
            let text = match setting.kind.separator() {
                Some(separator) => flags.join(separator),
                None => (*first).to_owned(),
            };
            return Ok(Some(Found { text, from: Origin::Flag }));
        }
        if let Some(value) = self.sources.variable(setting.env) {
            let text = value.to_str().ok_or_else(|| SettingsError::Invalid {
                setting: setting.env.to_owned(),
                value: None,
                problem: "the value is not valid UTF-8".to_owned(),
            })?;
            if is_set(text) {
                return Ok(Some(Found { text: text.to_owned(), from: Origin::Environment }));
            }
        }
        let found = self.file.as_ref().and_then(|file| Some((file, file.get(setting)?)));
        Ok(found.filter(|(_, text)| is_set(text)).map(|(file, text)| Found {
            text: text.to_owned(),
            from: Origin::ConfigFile(file.path().to_path_buf()),
        }))
    }

    /// The value in the sources, or the default; recorded.
    pub(super) fn take(&mut self, setting: &'static SettingInfo) -> Result<Option<Found>, SettingsError> {
        let default = || setting.default().map(|text| Found { text: text.to_owned(), from: Origin::Default });
        let found = self.find(setting)?.or_else(default);
        self.record(setting, found.as_ref());
        Ok(found)
    }

    /// The parsed value of a setting; recorded.
    pub(super) fn get<T>(&mut self, setting: &'static Setting<T>) -> Result<T, SettingsError> {
        match (self.take(setting)?, setting.unset) {
            (Some(found), _) => found.parse(setting, setting.parse),
            (None, Some(unset)) => Ok(unset()),
            (None, None) => {
                Err(SettingsError::Missing { setting: setting.env, problem: "it has no default".to_owned() })
            }
        }
    }

    pub(super) fn record(&mut self, setting: &'static SettingInfo, found: Option<&Found>) {
        let is_secret = |text: &str| {
            setting.is_secret() || (setting.kind == ValueKind::Address && text.contains(['@', '?', '#']))
        };
        let shown = |found: &Found| {
            if is_secret(&found.text) { "***".to_owned() } else { found.text.clone() }
        };
        self.origins.push(SettingOrigin {
            setting,
            value_shown: found.map(shown),
            from: found.map_or(Origin::Default, |found| found.from.clone()),
        });
    }

    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// The origins in the order of the registry, and the warnings.
    pub(super) fn finish(mut self) -> (Vec<SettingOrigin>, Vec<String>) {
        let position =
            |origin: &SettingOrigin| registry::all().position(|setting| *setting == *origin.setting);
        self.origins.sort_by_key(position);
        (self.origins, self.warnings)
    }
}
