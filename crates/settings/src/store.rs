//! What is stored on disk.

use std::path::PathBuf;

use super::error::SettingsError;
use super::registry;
use super::resolver::Resolver;
use super::setting::{Computed, group};

group! {
    /// Where conversations are stored.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct StoreSettings {
        /// `OLLAMA_MCP_DATA_DIR`, or the system's own directory; it need not exist yet.
        pub data_dir: Option<PathBuf> = Computed(data_dir),
    }
}

fn data_dir(resolver: &mut Resolver<'_>) -> Result<Option<PathBuf>, SettingsError> {
    Ok(resolver.get(&registry::DATA_DIR)?.or_else(|| resolver.system_data_dir()))
}
