//! Models that are pulled, and where they go.

use std::path::PathBuf;

use super::error::SettingsError;
use super::registry;
use super::setting::group;

group! {
    /// Pulls.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct PullSettings {
        /// Whether a model that a call names and that is not installed is pulled first.
        pub auto: bool = registry::AUTO_PULL,
        /// Where an Ollama on this machine stores its models.
        pub models_dir: Option<PathBuf> = registry::OLLAMA_MODELS,
    }
}

impl PullSettings {
    /// Refuses automatic pulls on a read-only server.
    pub(super) fn check(&self, read_only: bool) -> Result<(), SettingsError> {
        if self.auto && read_only {
            return Err(SettingsError::Contradiction {
                first: registry::AUTO_PULL.env.to_owned(),
                second: registry::READ_ONLY.env.to_owned(),
                problem: "a read-only server cannot install models; keep one of them".to_owned(),
            });
        }
        Ok(())
    }
}
