//! The default system prompt: a text file of the user's.

use std::io::{ErrorKind, Read as _};
use std::path::PathBuf;

use super::error::SettingsError;
use super::registry::SYSTEM_PROMPT_FILE;
use super::resolver::Resolver;

/// The file in the config directory.
const FILE: &str = "system_prompt.txt";
/// The largest file that is read.
const MAX_BYTES: u64 = 64 * 1024;

/// Where the default system prompt is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SystemPromptFile {
    pub path: PathBuf,
    /// Whether a setting names it. Then it must exist; the one in the config directory need not.
    pub is_named: bool,
}

/// The file that a setting names, or the one in the config directory. It is read once, so that a wrong file is reported
/// at the start and not in the middle of a chat.
pub(super) fn load(resolver: &mut Resolver<'_>) -> Result<Option<SystemPromptFile>, SettingsError> {
    let found = match (resolver.get(&SYSTEM_PROMPT_FILE)?, resolver.config_dir()) {
        (Some(path), _) => SystemPromptFile { path, is_named: true },
        (None, Some(directory)) => SystemPromptFile { path: directory.join(FILE), is_named: false },
        (None, None) => return Ok(None),
    };
    found.read().map_err(|reason| SettingsError::Unreadable { file: found.path.clone(), reason })?;
    Ok(Some(found))
}

impl SystemPromptFile {
    /// The text; `None` if the file is blank, or does not exist and is not named.
    ///
    /// # Errors
    /// Why the file cannot be used.
    pub fn read(&self) -> Result<Option<String>, String> {
        // Checked before it is opened: opening a pipe waits for a writer, perhaps forever.
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
        let read = file.take(MAX_BYTES + 1).read_to_string(&mut text);
        match read {
            Ok(bytes) if bytes as u64 > MAX_BYTES => {
                Err(format!("it is longer than {} KiB", MAX_BYTES / 1024))
            }
            // A file that is too long may have been cut in the middle of a character.
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                Err(format!("it is not UTF-8 text of at most {} KiB", MAX_BYTES / 1024))
            }
            Err(error) => Err(error.to_string()),
            Ok(_) => Ok(Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())),
        }
    }
}
