//! What all sessions of a server share and every call needs: the services, the options, the open confirmations.

use std::sync::Arc;
use std::time::Duration;

use super::confirmation::Confirmations;
use super::hint::Wording;
use service::{Caller, ServiceError, Services};
use settings::{CallDeadline, ChatSettings, ServerSettings, ToolSettings, Toolset};

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
            progress_interval: ChatSettings::default().progress_interval,
            call_deadline: ServerSettings::default().call_deadline,
            tools: ToolSettings::default(),
        }
    }
}

/// What the sessions of a server share.
pub(crate) struct ServerState {
    services: Arc<Services>,
    options: ServerOptions,
    /// The names of the tools that are not offered.
    left_out: Vec<&'static str>,
    wording: Wording,
    wording_for_guests: Wording,
    confirmations: Confirmations,
}

impl ServerState {
    /// The state of a server that does not offer the tools of the names `left_out`.
    pub(crate) fn new(
        services: Arc<Services>,
        options: ServerOptions,
        left_out: Vec<&'static str>,
        wording: Wording,
    ) -> Self {
        let wording_for_guests = wording.for_guests();
        Self { services, options, left_out, wording, wording_for_guests, confirmations: Confirmations::new() }
    }

    /// Whether there is a tool of this name that the settings or the provider exclude.
    pub(crate) fn leaves_out(&self, tool: &str) -> bool {
        self.left_out.contains(&tool)
    }

    pub(crate) fn services(&self) -> &Arc<Services> {
        &self.services
    }

    pub(crate) fn options(&self) -> &ServerOptions {
        &self.options
    }

    /// How failures and next steps are worded for a caller.
    pub(crate) fn wording(&self, caller: &Caller) -> &Wording {
        if caller.may_see_places() { &self.wording } else { &self.wording_for_guests }
    }

    /// A failure with its next steps in words: none names a tool that is not offered.
    pub(crate) fn render_error(&self, error: ServiceError, caller: &Caller) -> ServiceError {
        self.wording(caller).error(error)
    }

    /// Whether conversations are stored: their toolset is offered.
    pub(crate) fn stores(&self) -> bool {
        self.options.tools.toolsets.contains(&Toolset::Conversations)
    }

    pub(crate) fn confirmations(&self) -> &Confirmations {
        &self.confirmations
    }
}
