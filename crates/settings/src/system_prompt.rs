//! The default system prompt: a text file of the user's.

use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::error::SettingsError;
use super::parse;
use super::registry;
use super::resolver::Resolver;

/// The file in the config directory.
const FILE: &str = "system_prompt.txt";
/// Most bytes of it.
const MOST_BYTES: u64 = 64 * 1024;

/// Where the default system prompt is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemPromptFile {
    /// The file.
    pub path: PathBuf,
    /// The settings name it, so it must be there; the one in the config directory need not.
    pub is_named: bool,
}

impl SystemPromptFile {
    pub(super) fn load(
        resolver: &mut Resolver<'_>,
        config_dir: Option<&Path>,
    ) -> Result<Option<Self>, SettingsError> {
        let named = resolver.optional(&registry::SYSTEM_PROMPT_FILE, parse::path)?;
        let found = match (named, config_dir) {
            (Some(path), _) => Self { path, is_named: true },
            (None, Some(directory)) => Self { path: directory.join(FILE), is_named: false },
            (None, None) => return Ok(None),
        };
        // A wrong file is told at the start, not in the middle of a chat.
        found.read().map_err(|reason| SettingsError::Unreadable { file: found.path.clone(), reason })?;
        Ok(Some(found))
    }

    /// Its text; `None` where there is none to be had and none was named, or where it is blank.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn read(&self) -> Result<Option<String>, String> {
        // Looked at before it is opened: a pipe would wait for its writer for ever.
        match std::fs::metadata(&self.path) {
            Ok(found) if found.is_file() => {}
            Ok(_) => return Err("it is not a regular file".to_owned()),
            Err(error)
                if !self.is_named
                    && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(error.to_string()),
        }
        let file = std::fs::File::open(&self.path).map_err(|error| error.to_string())?;
        let mut text = String::new();
        let read = file.take(MOST_BYTES + 1).read_to_string(&mut text);
        match read {
            Ok(bytes) if bytes as u64 > MOST_BYTES => {
                Err(format!("it is longer than {} KiB", MOST_BYTES / 1024))
            }
            // What was cut in the middle of a letter is too long as well.
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                Err(format!("it is not UTF-8 text of at most {} KiB", MOST_BYTES / 1024))
            }
            Err(error) => Err(error.to_string()),
            Ok(_) => Ok(Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())),
        }
    }
}
