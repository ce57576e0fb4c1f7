//! The models of the server: which there are, what each can do, and what happens to them.

pub mod capabilities;
pub mod catalog;
pub mod health;
pub mod lifecycle;
pub mod name;
pub mod names_in_use;
pub mod parameters;
pub mod suggest;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use providers::{Features, Provider, ProviderError};
use types::{Location, Remote};

use crate::ServiceError;
use crate::changes::Changes;
use crate::error::Upstream;
use crate::hint::Server;
use capabilities::CapabilityCache;
use names_in_use::Names;
use watch::Watch;

/// What the settings say of models.
#[derive(Debug, Clone)]
pub struct ModelSettings {
    /// The model of calls that name none.
    pub default_model: Option<String>,
    /// Within this time changes by others are announced, while somebody follows them.
    pub poll_interval: Duration,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self { default_model: None, poll_interval: Duration::from_secs(5) }
    }
}

/// The models of one model server.
#[derive(Debug)]
pub struct Models {
    provider: Arc<dyn Provider>,
    settings: ModelSettings,
    capabilities: CapabilityCache,
    pub(crate) names: Names,
    changes: Arc<Changes>,
    watch: Watch,
}

impl Models {
    pub(crate) fn new(
        provider: Arc<dyn Provider>,
        settings: ModelSettings,
        changes: Arc<Changes>,
    ) -> Arc<Self> {
        Arc::new(Self {
            provider,
            settings,
            capabilities: CapabilityCache::default(),
            names: Names::default(),
            changes,
            watch: Watch::default(),
        })
    }

    /// The kind of the model server.
    pub(crate) fn server(&self) -> Server {
        if self.provider.ollama().is_some() { Server::Ollama } else { Server::OpenAiCompatible }
    }

    /// What the kind of the model server can do.
    pub fn features(&self) -> Features {
        self.provider.features()
    }

    /// The address of the model server, fit to be shown.
    pub fn address(&self) -> &str {
        self.provider.address()
    }

    pub(crate) fn provider(&self) -> &dyn Provider {
        self.provider.as_ref()
    }

    /// Where a model runs: on the server, or beyond it for a cloud model.
    pub(crate) fn location(&self, remote: Option<&Remote>) -> Location {
        match remote {
            Some(remote) => Location::Remote(remote.host.clone()),
            None if self.provider.is_local() => Location::Local,
            None => Location::Remote(self.provider.address().to_owned()),
        }
    }

    /// The error that a provider's failure is.
    pub(crate) fn error(&self, error: ProviderError) -> ServiceError {
        Upstream { server: self.server(), address: self.provider.address() }.error(error)
    }
}
