//! What all sessions of a server share and every call needs: the services, the options, the open confirmations.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::answers::error as failure;
use super::confirmation::Confirmations;
use service::{Core, ServiceError};
use settings::{CallDeadline, ToolSettings, Toolset};

/// The options of a server beside those of its services.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Minimum interval of new text as progress; zero sends each chunk by itself.
    pub progress_interval: Duration,
    /// When a call returns before its end.
    pub call_deadline: CallDeadline,
    /// Which tools are offered, and who confirms.
    pub tools: ToolSettings,
}

impl Default for ServerOptions {
    /// The defaults of the settings.
    fn default() -> Self {
        Self {
            progress_interval: Duration::from_millis(50),
            call_deadline: CallDeadline::Auto,
            tools: ToolSettings::default(),
        }
    }
}

/// What the sessions of a server share.
pub(crate) struct ServerState {
    core: Arc<Core>,
    options: ServerOptions,
    /// The names of the tools that are not offered.
    left_out: Vec<Cow<'static, str>>,
    confirmations: Confirmations,
}

impl ServerState {
    /// The state of a server that does not offer the tools of the names `left_out`.
    pub(crate) fn new(core: Arc<Core>, options: ServerOptions, left_out: Vec<Cow<'static, str>>) -> Self {
        Self { core, options, left_out, confirmations: Confirmations::new() }
    }

    /// Whether there is a tool of this name that the settings or the provider exclude.
    pub(crate) fn leaves_out(&self, tool: &str) -> bool {
        self.left_out.iter().any(|name| name == tool)
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) fn options(&self) -> &ServerOptions {
        &self.options
    }

    /// A failure as this server's callers are told of it: no next step names a tool that is not there.
    pub(crate) fn told(&self, mut error: ServiceError) -> ServiceError {
        error.hint = error.hint.and_then(|hint| failure::without_tools(&hint, &self.left_out));
        error
    }

    /// Whether conversations are stored: their toolset is offered.
    pub(crate) fn stores(&self) -> bool {
        self.options.tools.toolsets.contains(&Toolset::Conversations)
    }

    pub(crate) fn confirmations(&self) -> &Confirmations {
        &self.confirmations
    }
}
