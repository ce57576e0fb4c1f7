//! The front that speaks MCP. The only room that names rmcp.
//!
//! It reads arguments, calls the service, and writes answers. What the product does is not here.

mod answer;
mod arguments;
pub mod client;
mod confirm;
mod deadline;
mod failure;
mod guard;
mod hint;
mod instructions;
mod jobs;
mod progress;
mod prompts;
mod replies;
mod resources;
mod schema;
mod serve;
mod server;
mod stdio;
mod subscriptions;
mod suggest;
mod tools;

pub use deadline::{deadlines_in_force, deadlines_markdown};
pub use hint::hint_without_tools;
pub use serve::{Connection, serve, serve_stdio};
pub use server::{McpServer, ServerOptions};

/// The line transport's door for fuzzing.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn fuzz_line_transport(pieces: impl IntoIterator<Item = impl AsRef<[u8]>>, limit: usize) -> Vec<String> {
    stdio::splits::messages(pieces, limit)
}
