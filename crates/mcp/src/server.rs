//! The server: its tools and instructions, and the state that its sessions share.

use std::sync::Arc;

use super::hint::Wording;
use super::instructions::instructions;
use super::state::{ServerOptions, ServerState};
use super::tools::{Offer, OfferedTool};
use service::Services;

/// An MCP server over one [`Services`]. Its sessions share it; clones are the same server.
#[derive(Clone)]
pub struct McpServer(Arc<Shared>);

struct Shared {
    state: ServerState,
    tools: Vec<OfferedTool>,
    instructions: String,
    description: &'static str,
}

/// What the server is, as clients show it.
const DESCRIPTION: &str = "The models of a local Ollama for any MCP host, over stdio";
/// The same over the network.
const DESCRIPTION_OVER_NETWORK: &str = "The models of an Ollama for any MCP host, over HTTP";

impl std::fmt::Debug for McpServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("McpServer").field("core", self.0.state.services()).finish_non_exhaustive()
    }
}

impl McpServer {
    /// A server over these services, for the user that started this process.
    pub fn new(services: Arc<Services>, options: ServerOptions) -> Self {
        Self::offering(services, options, true)
    }

    /// A server for callers over the network, who are offered nothing that names a file of this machine.
    pub fn for_network(services: Arc<Services>, options: ServerOptions) -> Self {
        Self::offering(services, options, false)
    }

    fn offering(services: Arc<Services>, options: ServerOptions, host_files: bool) -> Self {
        let Offer { tools, left_out, advice } = Offer::new(&services, &options.tools, host_files);
        let wording = Wording::new(tools.iter().map(|tool| tool.name));
        let instructions = instructions(&advice, !host_files);
        let description = if host_files { DESCRIPTION } else { DESCRIPTION_OVER_NETWORK };
        let state = ServerState::new(services, options, left_out, wording);
        Self(Arc::new(Shared { state, tools, instructions, description }))
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

    pub(crate) fn description(&self) -> &'static str {
        self.0.description
    }
}
