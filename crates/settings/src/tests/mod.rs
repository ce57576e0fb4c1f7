//! Tests of the settings, and the sources that they share.

mod config_file;
#[cfg(unix)]
mod files;
mod host_url;
mod load;
mod provider;
mod registry;
mod serve;
mod values;

use std::path::Path;

use super::registry::all;
use super::{Loaded, SettingInfo, Settings, SettingsError, Sources};

/// A text that must never be shown.
const CANARY: &str = "s3cr3t-canary";

fn environment(variables: &[(&str, &str)]) -> Sources {
    let environment = variables.iter().map(|(name, value)| ((*name).to_owned(), value.into())).collect();
    Sources { environment, ..Sources::default() }
}

fn load(variables: &[(&str, &str)]) -> Result<Loaded, SettingsError> {
    Settings::load(&environment(variables))
}

/// The error of wrong variables.
fn refusal(variables: &[(&str, &str)]) -> String {
    load(variables).unwrap_err().to_string()
}

/// A flag by its name.
fn flag(name: &str, value: &str) -> (&'static SettingInfo, String) {
    let setting = all().find(|setting| setting.flag() == Some(name)).unwrap();
    (setting, value.to_owned())
}

/// A directory with this `config.toml`.
fn directory_with(text: impl AsRef<[u8]>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("config.toml"), text).unwrap();
    directory
}

fn in_directory(directory: &Path, variables: &[(&str, &str)]) -> Sources {
    Sources { config_dir: Some(directory.into()), ..environment(variables) }
}
