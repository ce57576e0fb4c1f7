//! `config.toml`: flat keys, each of a setting in the registry. Errors name the line.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::SettingsError;
use super::registry;
use super::setting::{SettingInfo, ValueKind};
use super::suggest;

/// Far larger than any real file.
const MAX_BYTES: u64 = 1 << 20;

/// A checked file, with values as text. It has no Debug: some values are secret.
pub(super) struct ConfigFile {
    path: PathBuf,
    /// By the environment variable of the setting.
    values: BTreeMap<&'static str, String>,
    is_open_to_others: bool,
}

impl ConfigFile {
    /// Reads a file; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is not TOML, or has an unknown key or a value of a wrong type.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, SettingsError> {
        let text = match platform::read_regular(path, MAX_BYTES).map(String::from_utf8) {
            Ok(Ok(text)) => text,
            Ok(Err(_)) => {
                return Err(SettingsError::Unreadable {
                    file: path.into(),
                    reason: "it is not UTF-8".to_owned(),
                });
            }
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(error) => {
                return Err(SettingsError::Unreadable { file: path.into(), reason: error.to_string() });
            }
        };
        let values = read_keys(path, &text)?;
        Ok(Some(Self { path: path.into(), values, is_open_to_others: platform::is_open_to_others(path) }))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The value of a setting as text; a number in decimal.
    pub(super) fn get(&self, setting: &SettingInfo) -> Option<&str> {
        self.values.get(setting.env).map(String::as_str)
    }

    /// Warns of a file with a secret that other users of the machine can read.
    pub(super) fn warning(&self) -> Option<String> {
        let secret = registry::all().find(|setting| setting.is_secret() && self.get(setting).is_some())?;
        let key = secret.key.filter(|_| self.is_open_to_others)?;
        let path = self.path.display();
        Some(format!("{path} holds {key} and can be read by other users: chmod 600 it"))
    }
}

fn read_keys(path: &Path, text: &str) -> Result<BTreeMap<&'static str, String>, SettingsError> {
    let table = DeTable::parse(text).map_err(|error| SettingsError::Syntax {
        file: path.into(),
        line: error.span().map_or(1, |span| line_at(text, span.start)),
        // The Display of this error quotes the line, which may contain a secret.
        message: error.message().to_owned(),
    })?;
    let mut pairs: Vec<_> = table.into_inner().into_iter().collect();
    // In the order of the file, so that the first wrong line is reported.
    pairs.sort_by_key(|(key, _)| key.span().start);
    pairs
        .into_iter()
        .map(|(key, value)| {
            let name: &str = key.get_ref();
            let known =
                registry::all().find_map(|setting| Some((setting, setting.key.filter(|key| *key == name)?)));
            let (setting, key) = known.ok_or_else(|| SettingsError::UnknownKey {
                file: path.into(),
                line: line_at(text, key.span().start),
                key: name.to_owned(),
                suggestion: suggest::key(name),
            })?;
            let value = text_of(setting, &value).ok_or_else(|| SettingsError::WrongType {
                file: path.into(),
                line: line_at(text, value.span().start),
                key,
                expected: match setting.kind {
                    ValueKind::Quantity => "a string with a unit or an integer",
                    ValueKind::Switch => "true or false",
                    ValueKind::Paths | ValueKind::List => "a string or an array of strings",
                    ValueKind::Map => "a string or a table of strings (a name with a dot needs quotes)",
                    ValueKind::Text | ValueKind::Address | ValueKind::Presence => "a string",
                },
                found: type_of(value.get_ref()),
            })?;
            Ok((setting.env, value))
        })
        .collect()
}

fn text_of(setting: &SettingInfo, value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) if setting.kind == ValueKind::Quantity => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        DeValue::Boolean(switch) if setting.kind == ValueKind::Switch => Some(switch.to_string()),
        DeValue::Array(items) if matches!(setting.kind, ValueKind::Paths | ValueKind::List) => {
            let texts: Option<Vec<_>> = items.iter().map(|item| item.get_ref().as_str()).collect();
            Some(texts?.join(setting.kind.separator()?))
        }
        DeValue::Table(pairs) if setting.kind == ValueKind::Map => {
            let pairs = pairs.iter();
            let texts: Option<Vec<_>> = pairs
                .map(|(name, value)| Some(format!("{}={}", name.get_ref(), value.get_ref().as_str()?)))
                .collect();
            Some(texts?.join(setting.kind.separator()?))
        }
        _ => None,
    }
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}
