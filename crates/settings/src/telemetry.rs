//! What is logged, and where to.

use std::path::PathBuf;

use super::error::SettingsError;
use super::parse;
use super::registry;
use super::resolver::Resolver;

/// Logging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// `OLLAMA_MCP_LOG`: a filter of levels and `target=level` pairs, checked here.
    pub log: String,
    /// `OLLAMA_MCP_LOG_FILE`: a file that gets the log too.
    pub log_file: Option<PathBuf>,
    /// `NO_COLOR`: whether colours are unwanted.
    pub no_color: bool,
}

impl TelemetrySettings {
    pub(super) fn load(resolver: &mut Resolver<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            log: resolver.required(&registry::LOG, parse::log_filter)?,
            log_file: resolver.optional(&registry::LOG_FILE, parse::path)?,
            no_color: resolver.take(&registry::NO_COLOR)?.is_some(),
        })
    }
}
