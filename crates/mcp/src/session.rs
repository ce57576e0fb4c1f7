//! One session: its caller, its subscriptions, and the end of its input.
//!
//! Over stdio there is one. Over Streamable HTTP each `Mcp-Session-Id` has its own, and each request of the stateless
//! revision as well. What `initialize` agreed on stands in rmcp's `Peer`, of which each session has its own, too.

use tokio_util::sync::CancellationToken;

use super::resources::subscriptions::Subscriptions;
use service::{Caller, HostFiles};

/// The state of one session.
pub(crate) struct Session {
    caller: Caller,
    host_files: Option<HostFiles>,
    subscriptions: Subscriptions,
    input_closed: CancellationToken,
}

impl Session {
    /// A new session of a caller, who may name files of this machine with `host_files`.
    pub(crate) fn new(caller: Caller, host_files: Option<HostFiles>) -> Self {
        Self {
            caller,
            host_files,
            subscriptions: Subscriptions::default(),
            input_closed: CancellationToken::new(),
        }
    }

    /// Who calls: the owner of what the calls make.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The right of the caller to name files of this machine.
    pub(crate) fn host_files(&self) -> Option<HostFiles> {
        self.host_files
    }

    /// The resources that this session is notified of.
    pub(crate) fn subscriptions(&self) -> &Subscriptions {
        &self.subscriptions
    }

    /// Cancelled by the connection when its input has ended: nobody can answer a question any more, or fetch the rest of
    /// an answer.
    pub(crate) fn input_closed(&self) -> &CancellationToken {
        &self.input_closed
    }
}
