//! The server: its tools and instructions, and the state that its sessions share.

use std::sync::Arc;

use super::handler::SessionHandler;
use super::instructions::instructions;
use super::session::Session;
use super::state::{ServerOptions, ServerState};
use super::tools::{self, ToolEntry};
use service::Core;
use types::Owner;

/// An MCP server over one [`Core`]. Its sessions share it; clones are the same server.
#[derive(Clone)]
pub struct McpServer(Arc<Shared>);

struct Shared {
    state: ServerState,
    tools: Vec<ToolEntry>,
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
        let (tools, left_out) = tools::available(&core, &options.tools);
        let instructions = instructions(|name| tools.iter().any(|entry| entry.definition.name == name));
        Self(Arc::new(Shared { state: ServerState::new(core, options, left_out), tools, instructions }))
    }

    /// A new session of `caller`. Over Streamable HTTP this is the factory of `StreamableHttpService`.
    pub fn session(&self, caller: Owner) -> SessionHandler {
        SessionHandler::new(self.clone(), Session::new(caller))
    }

    pub(crate) fn state(&self) -> &ServerState {
        &self.0.state
    }

    pub(crate) fn tools(&self) -> &[ToolEntry] {
        &self.0.tools
    }

    pub(crate) fn instructions(&self) -> &str {
        &self.0.instructions
    }
}
