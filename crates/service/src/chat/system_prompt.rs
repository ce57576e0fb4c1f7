//! The default system prompt: read again when its file has changed.

use std::io::ErrorKind;
use std::sync::Mutex;
use std::time::SystemTime;

use super::Chat;
use super::request::ChatCall;
use crate::hint::Action;
use crate::{ErrorCode, ServiceError};
use platform::sync::lock;
use settings::SystemPromptFile;
use types::{Message, Role};

/// The file and what was read of it.
#[derive(Debug)]
pub(crate) struct SystemPrompt {
    file: Option<SystemPromptFile>,
    /// What was read last. Held while the file is read, so that it is read once.
    read: Mutex<Option<(Stamp, Option<String>)>>,
}

/// Identifies a version of the file.
#[derive(Debug, PartialEq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl SystemPrompt {
    pub(crate) fn new(file: Option<SystemPromptFile>) -> Self {
        Self { file, read: Mutex::new(None) }
    }

    /// The text; `None` where there is none.
    ///
    /// # Errors
    /// `storage_failed`: a file that cannot be read any longer.
    pub(crate) fn text(&self) -> Result<Option<String>, ServiceError> {
        let Some(file) = &self.file else { return Ok(None) };
        let found = std::fs::metadata(&file.path);
        // Most users have no such file, and to read it would look for it once more.
        if !file.is_named && found.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return Ok(None);
        }
        let stamp = found.ok().map(|found| Stamp { modified: found.modified().ok(), bytes: found.len() });
        let mut read = lock(&self.read);
        if let (Some(stamp), Some((known, text))) = (&stamp, read.as_ref())
            && stamp == known
        {
            return Ok(text.clone());
        }
        let text = file.read().map_err(|reason| {
            let path = file.path.display();
            ServiceError::new(
                ErrorCode::StorageFailed,
                format!("The system prompt {path} cannot be read: {reason}"),
            )
            .with_hint(Action::FixSystemPrompt)
        })?;
        *read = stamp.map(|stamp| (stamp, text.clone()));
        Ok(text)
    }
}

impl Chat {
    /// The call with its system prompt among the messages: its own, or else the default one.
    pub(crate) fn with_system(&self, mut call: ChatCall) -> Result<ChatCall, ServiceError> {
        let own = call.messages.first().is_some_and(|message| message.role == Role::System);
        let system = match call.system.take() {
            // An empty one is sent where it is asked for: a system message in the first place keeps Ollama from
            // putting the model's own system prompt there.
            Some(given) => Some(given).filter(|given| !given.is_empty() || !own),
            None if call.messages.iter().any(|message| message.role == Role::System) => None,
            None => self.system_prompt.text()?.filter(|system| !system.is_empty()),
        };
        if let Some(system) = system {
            call.messages.insert(0, Message::text(Role::System, system));
        }
        Ok(call)
    }
}
