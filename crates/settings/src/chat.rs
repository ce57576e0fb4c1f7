//! What completions default to.

use std::path::Path;
use std::time::Duration;

use super::error::SettingsError;
use super::parse;
use super::registry;
use super::resolver::Resolver;
use super::system_prompt::SystemPromptFile;

/// Defaults of completions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatSettings {
    /// `OLLAMA_MODEL`: the model of calls that name none.
    pub model: Option<String>,
    /// `OLLAMA_MCP_SYSTEM_PROMPT_FILE`, or the one in the config directory.
    pub system_prompt: Option<SystemPromptFile>,
    /// `OLLAMA_MCP_MAX_CONCURRENT`: completions that run at once.
    pub max_concurrent: usize,
    /// `OLLAMA_MCP_PROGRESS_INTERVAL`: how long new text is gathered before it goes out as progress.
    /// Zero sends each piece at once.
    pub progress_interval: Duration,
}

impl ChatSettings {
    pub(super) fn load(
        resolver: &mut Resolver<'_>,
        config_dir: Option<&Path>,
    ) -> Result<Self, SettingsError> {
        Ok(Self {
            model: resolver.optional(&registry::MODEL, parse::model_name)?,
            system_prompt: SystemPromptFile::load(resolver, config_dir)?,
            max_concurrent: resolver.required(&registry::MAX_CONCURRENT, parse::count)?,
            progress_interval: resolver.required(&registry::PROGRESS_INTERVAL, parse::interval)?,
        })
    }
}
