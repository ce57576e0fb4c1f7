//! The core: what the product does, free of any protocol of a front.
//!
//! Deliberately absent: words of MCP. A second front stands beside the first one over the same [`Core`].

mod arrivals;
mod asked;
pub mod attachments;
mod changes;
pub mod chat;
mod check;
pub mod completions;
mod context;
pub mod conversations;
pub mod creation;
pub mod disk;
pub mod embeddings;
mod error;
pub mod generate;
pub mod health;
mod held;
pub mod jobs;
pub mod manage;
pub mod many;
pub mod models;
mod names;
mod options;
mod queue;
mod registry;
pub mod reply_format;
pub mod reservations;
mod retry;
pub mod schema_check;
mod system_prompt;
pub mod text;
mod tie;
mod transfers;
pub mod truncation;
mod warnings;
pub mod web;
mod work;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use files::Fence;
use providers::ollama::OllamaWeb;
use providers::{Features, Provider, ProviderError};
use settings::FileSettings;
use settings::SystemPromptFile;
use store::ConversationStore;

use arrivals::Arrivals;
pub use changes::{Change, Follower, Poll};
pub use chat::ChatCall;
pub use check::keep_alive;
pub use completions::Completion;
use conversations::TurnLocks;
use disk::Disk;
use error::Upstream;
pub use error::{ErrorCode, ServiceError, TokenCounts};
use held::Memory;
use models::Capabilities;
use names::Names;
use queue::Queue;
use registry::Registry;
pub use registry::{Registered, Work};
use reservations::Reservations;
use system_prompt::SystemPrompt;
pub use tie::Tie;
pub use truncation::Truncation;
use types::{Location, Remote};

/// What the services can be told.
#[derive(Debug, Clone)]
pub struct CoreOptions {
    /// The model of calls that name none.
    pub default_model: Option<String>,
    /// Completions that run at once; more wait for their turn.
    pub max_concurrent: usize,
    /// Completions that may wait.
    pub max_waiting: usize,
    /// Where conversations are kept.
    pub store: Option<Arc<dyn ConversationStore>>,
    /// The default system prompt.
    pub system_prompt: Option<SystemPromptFile>,
    /// Which files calls may read, and where these may go.
    pub files: FileSettings,
    /// Files that are not read below an allowed directory, since they hold secrets: settings and data.
    pub private_files: Vec<PathBuf>,
    /// A model that a call names and that is not installed is pulled first.
    pub auto_pull: bool,
    /// Where pulled models go, where that is on this machine.
    pub disk: Disk,
    /// Within which time it is told what others changed, while somebody watches.
    pub poll_interval: Duration,
    /// The web search of ollama.com, where there is a key and it is wanted.
    pub web: Option<Arc<OllamaWeb>>,
}

impl Default for CoreOptions {
    fn default() -> Self {
        Self {
            default_model: None,
            max_concurrent: 4,
            max_waiting: 1024,
            store: None,
            system_prompt: None,
            files: FileSettings::default(),
            private_files: Vec::new(),
            auto_pull: false,
            disk: Disk::default(),
            poll_interval: Duration::from_secs(5),
            web: None,
        }
    }
}

/// The services over one model server.
#[derive(Debug)]
pub struct Core {
    provider: Arc<dyn Provider>,
    default_model: Option<String>,
    capabilities: Capabilities,
    names: Names,
    memory: Memory,
    queue: Queue,
    registry: Arc<Registry>,
    store: Option<Arc<dyn ConversationStore>>,
    turn_locks: TurnLocks,
    system_prompt: SystemPrompt,
    fence: Arc<Fence>,
    files: FileSettings,
    auto_pull: bool,
    arrivals: Arrivals,
    reservations: Reservations,
    disk: Disk,
    changes: changes::Changes,
    web: Option<Arc<OllamaWeb>>,
    poll_interval: Duration,
    /// How many calls read their files at once.
    reading: Arc<Semaphore>,
    /// How many replies are checked in processes of their own at once.
    checking: Arc<Semaphore>,
}

impl Core {
    /// The services over `provider`.
    pub fn new(provider: Arc<dyn Provider>, options: CoreOptions) -> Arc<Self> {
        Arc::new(Self {
            provider,
            default_model: options.default_model,
            capabilities: Capabilities::default(),
            names: Names::default(),
            memory: Memory::default(),
            queue: Queue::new(options.max_concurrent, options.max_waiting),
            registry: Arc::default(),
            store: options.store,
            turn_locks: TurnLocks::default(),
            system_prompt: SystemPrompt::new(options.system_prompt),
            fence: Arc::new(Fence::new(options.files.allowed.clone()).with_private(options.private_files)),
            files: options.files,
            auto_pull: options.auto_pull,
            arrivals: Arrivals::default(),
            reservations: Reservations::default(),
            disk: options.disk,
            changes: changes::Changes::default(),
            poll_interval: options.poll_interval,
            web: options.web,
            reading: Arc::new(Semaphore::new(attachments::READ_AT_ONCE)),
            checking: Arc::new(Semaphore::new(schema_check::CHECKED_AT_ONCE)),
        })
    }

    /// The completion of an id, or without one the newest whose end nobody has seen.
    ///
    /// # Errors
    /// `completion_not_found`.
    pub fn completion(&self, id: Option<&str>) -> Result<Arc<Registered>, ServiceError> {
        self.registry.find(id)
    }

    /// Makes sure that one more completion may run with no call attached.
    ///
    /// # Errors
    /// `overloaded`.
    pub fn allow_background(&self) -> Result<(), ServiceError> {
        self.registry.allow_background()
    }

    /// The provider's name: `ollama` or `openai`.
    pub fn provider(&self) -> &'static str {
        self.provider.name()
    }

    /// What its kind of server can do.
    pub fn features(&self) -> Features {
        self.provider.features()
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
