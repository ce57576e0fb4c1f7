//! What a reply takes in memory.

use super::ReplyBuffer;
use crate::error::{ErrorCode, ServiceError};

/// The longest reply, in bytes: a server that never stops must not fill the memory.
const MAX_REPLY: usize = 64 << 20;

impl ReplyBuffer {
    /// Estimated size in memory, in bytes.
    pub(crate) fn size(&self) -> usize {
        let buffer = self.lock();
        let text = match &buffer.outcome {
            Some(Ok(completion)) => completion.content.len() + completion.thinking.len(),
            Some(Err(error)) => {
                error.partial.as_ref().map_or(0, |partial| partial.content.len() + partial.thinking.len())
            }
            None => 0,
        };
        text + buffer.size() + self.verbatim_bytes() + 1024
    }

    /// Checks that the reply so far is not too long.
    ///
    /// # Errors
    /// `interrupted`; what has come is kept.
    pub(crate) fn check_size(&self) -> Result<(), ServiceError> {
        if self.lock().size() + self.verbatim_bytes() <= MAX_REPLY {
            return Ok(());
        }
        let message = format!("The reply was stopped: it is longer than {} MiB", MAX_REPLY >> 20);
        Err(ServiceError::new(ErrorCode::Interrupted, message)
            .with_hint("Use what has come, or ask for less, for example with max_tokens."))
    }

    fn verbatim_bytes(&self) -> usize {
        self.verbatim.as_ref().map_or(0, |verbatim| verbatim.size())
    }
}
