//! One session: its caller, its subscriptions, and the end of its input.
//!
//! Over stdio there is one. Over Streamable HTTP each `Mcp-Session-Id` has its own, and each request of the stateless
//! revision as well. What `initialize` agreed on stands in rmcp's `Peer`, of which each session has its own, too.

use tokio_util::sync::CancellationToken;

use super::resources::subscriptions::Subscriptions;
use service::Caller;
use types::Owner;

/// The state of one session.
pub(crate) struct Session {
    caller: Caller,
    subscriptions: Subscriptions,
    input_closed: CancellationToken,
}

impl Session {
    /// A new session of a caller.
    pub(crate) fn new(owner: Owner) -> Self {
        Self {
            caller: Caller { owner },
            subscriptions: Subscriptions::default(),
            input_closed: CancellationToken::new(),
        }
    }

    /// Who calls: the owner of what the calls make.
    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
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
