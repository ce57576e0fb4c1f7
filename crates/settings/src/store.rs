//! What is kept on disk.

use std::path::PathBuf;

use super::error::SettingsError;
use super::parse;
use super::registry;
use super::resolver::Resolver;

/// Where conversations are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// `OLLAMA_MCP_DATA_DIR`, or the system's own; it need not exist yet.
    pub data_dir: Option<PathBuf>,
}

impl StoreSettings {
    pub(super) fn load(resolver: &mut Resolver<'_>, system: Option<PathBuf>) -> Result<Self, SettingsError> {
        Ok(Self { data_dir: resolver.optional(&registry::DATA_DIR, parse::path)?.or(system) })
    }
}
