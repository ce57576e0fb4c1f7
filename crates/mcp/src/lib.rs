//! The front that speaks MCP. The only room that names rmcp.
//!
//! It reads arguments, calls the service, and writes answers. What the product does is not here.

mod answers;
mod argument_completion;
mod arguments;
mod call;
mod call_order;
pub mod client;
mod confirmation;
mod deadline;
mod failure;
mod handler;
mod hint;
mod instructions;
mod progress;
mod prompts;
mod resources;
mod server;
mod session;
mod state;
mod tools;
mod transport;

pub use deadline::{deadlines_in_force, deadlines_markdown};
pub use handler::SessionHandler;
pub use hint::hint_without_tools;
pub use server::McpServer;
pub use state::ServerOptions;
pub use transport::{Connection, serve, serve_stdio};

/// The line transport's door for fuzzing.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn fuzz_line_transport(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>, limit: usize) -> Vec<String> {
    transport::fuzz_messages(pieces, limit)
}
