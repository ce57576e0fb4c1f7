//! Models that are pulled, and where they go.

use std::path::PathBuf;

use super::error::SettingsError;
use super::files::with_home;
use super::parse;
use super::registry;
use super::resolver::Resolver;

/// Pulls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullSettings {
    /// `OLLAMA_MCP_AUTO_PULL`: a model that a call names and that is not installed is pulled first.
    pub auto: bool,
    /// `OLLAMA_MODELS`: where an Ollama on this machine keeps its models.
    pub models_dir: Option<PathBuf>,
}

impl PullSettings {
    pub(super) fn load(resolver: &mut Resolver<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            auto: resolver.required(&registry::AUTO_PULL, parse::switch)?,
            models_dir: resolver.optional(&registry::OLLAMA_MODELS, |text| Ok(with_home(text)))?,
        })
    }

    /// Refuses to pull where nothing may be changed.
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
