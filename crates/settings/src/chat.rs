//! What completions default to.

use std::time::Duration;

use super::registry;
use super::setting::{Computed, group};
use super::system_prompt::{self, SystemPromptFile};

group! {
    /// Defaults of completions.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ChatSettings {
        pub model: Option<String> = registry::MODEL,
        pub embedding_model: Option<String> = registry::EMBEDDING_MODEL,
        /// The file of `OLLAMA_MCP_SYSTEM_PROMPT_FILE`, or the one in the config directory.
        pub system_prompt: Option<SystemPromptFile> = Computed(system_prompt::load),
        pub max_concurrent: usize = registry::MAX_CONCURRENT,
        /// Zero sends each chunk immediately.
        pub progress_interval: Duration = registry::PROGRESS_INTERVAL,
    }
}
