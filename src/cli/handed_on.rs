//! Settings that a command writes into the file by which another program starts this server.

use std::path::{Component, PathBuf};

use anyhow::Context as _;

use settings::{Origin, SettingOrigin, ValueKind};

/// Whether a setting was given to this command and differs from the default. Values of `config.toml` are not written,
/// since the server reads the file itself.
pub(super) fn is_handed_on(origin: &SettingOrigin) -> bool {
    let setting = origin.setting;
    let says_something = match origin.from {
        // Even the default: it replaces the value in the file.
        Origin::Flag => true,
        Origin::Environment => origin.value_shown.as_deref() != setting.default(),
        Origin::ConfigFile(_) | Origin::Default => false,
    };
    says_something && setting.kind != ValueKind::Presence
}

/// The variables of the settings that are handed on, but for secrets. Paths are absolute.
pub(super) fn variables<'a>(
    origins: impl Iterator<Item = &'a SettingOrigin>,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut variables = Vec::new();
    for origin in origins.filter(|origin| is_handed_on(origin)) {
        let Some(value) = origin.value_shown.as_deref().filter(|value| !is_masked(value)) else { continue };
        // Lists of paths are absolute, or refused before.
        let is_path =
            matches!(origin.setting.value_name, "DIR" | "PATH") && origin.setting.kind.separator().is_none();
        let value = if is_path { absolute(value)? } else { value.to_owned() };
        variables.push((origin.setting.env.to_owned(), value));
    }
    Ok(variables)
}

/// The settings that are not handed on because their values are secret.
pub(super) fn secrets<'a>(
    origins: impl Iterator<Item = &'a SettingOrigin>,
) -> impl Iterator<Item = &'a SettingOrigin> {
    origins.filter(|origin| is_handed_on(origin) && origin.value_shown.as_deref().is_some_and(is_masked))
}

/// Makes a path absolute, since other programs choose the current directory of the server. Variables of a host
/// (`${workspaceFolder}`) and `~/`, which the server expands, stay.
pub(super) fn absolute(path: &str) -> anyhow::Result<String> {
    if path.contains("${") || path.starts_with('~') {
        return Ok(path.to_owned());
    }
    let absolute: PathBuf = std::path::absolute(path).with_context(|| format!("{path} is not a path"))?;
    // The server refuses "..".
    let mut tidy = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::ParentDir => drop(tidy.pop()),
            other => tidy.push(other),
        }
    }
    Ok(tidy.display().to_string())
}

/// Whether the value is that of a secret.
fn is_masked(value: &str) -> bool {
    value == "***"
}
