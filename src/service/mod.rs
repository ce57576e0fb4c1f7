//! The core: what the product does, free of any protocol of a front.
//!
//! Deliberately absent: words of MCP. A second front stands beside the first one over the same [`Core`].

pub mod chat;
pub mod completions;
mod error;
pub mod health;
pub mod messages;
pub mod models;
mod options;
pub mod reply_format;
pub mod types;

use std::sync::Arc;

use crate::providers::{Provider, ProviderError};

pub use chat::ChatCall;
pub use completions::{Attachment, Completion};
use error::Upstream;
pub use error::{ErrorCode, ServiceError};
use models::Capabilities;
use types::{Location, Remote};

/// The services over one model server.
#[derive(Debug)]
pub struct Core {
    provider: Arc<dyn Provider>,
    default_model: Option<String>,
    capabilities: Capabilities,
}

impl Core {
    /// The services over `provider`; `default_model` is what the settings name.
    pub fn new(provider: Arc<dyn Provider>, default_model: Option<String>) -> Arc<Self> {
        Arc::new(Self { provider, default_model, capabilities: Capabilities::default() })
    }

    /// The provider's name: `ollama` or `openai`.
    pub fn provider(&self) -> &'static str {
        self.provider.name()
    }

    /// The address of the model server, fit to be shown.
    pub fn address(&self) -> &str {
        self.provider.address()
    }

    /// Where a model runs: on the server, or beyond it for a cloud model.
    fn location(&self, remote: Option<&Remote>) -> Location {
        match remote {
            Some(remote) => Location::Remote(remote.host.clone()),
            None if self.provider.is_local() => Location::Local,
            None => Location::Remote(self.provider.address().to_owned()),
        }
    }

    fn upstream(&self) -> Upstream<'_> {
        Upstream { provider: self.provider.name(), address: self.provider.address() }
    }

    fn error(&self, error: ProviderError) -> ServiceError {
        self.upstream().error(error)
    }
}
