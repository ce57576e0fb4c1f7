//! The server: its tools and instructions, and the state that its sessions share.

use std::sync::Arc;

use super::instructions::instructions;
use super::state::{ServerOptions, ServerState};
use super::tools::{Offer, OfferedTool};
use service::Core;

/// An MCP server over one [`Core`]. Its sessions share it; clones are the same server.
#[derive(Clone)]
pub struct McpServer(Arc<Shared>);

struct Shared {
    state: ServerState,
    tools: Vec<OfferedTool>,
    instructions: String,
}

impl std::fmt::Debug for McpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("McpServer").field("core", self.0.state.core()).finish_non_exhaustive()
    }
}

impl McpServer {
    /// A server over `core`.
    pub fn new(core: Arc<Core>, options: ServerOptions) -> Self {
        let Offer { tools, left_out, advice } = Offer::new(&core, &options.tools);
        let instructions = instructions(&advice);
        Self(Arc::new(Shared { state: ServerState::new(core, options, left_out), tools, instructions }))
    }

    pub(crate) fn state(&self) -> &ServerState {
        &self.0.state
    }

    pub(crate) fn tools(&self) -> &[OfferedTool] {
        &self.0.tools
    }

    /// The offered tool of this name.
    pub(crate) fn tool(&self, name: &str) -> Option<&OfferedTool> {
        self.0.tools.iter().find(|tool| tool.name == name)
    }

    pub(crate) fn instructions(&self) -> &str {
        &self.0.instructions
    }
}
