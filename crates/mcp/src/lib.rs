//! The front that speaks MCP. The only crate that names rmcp.
//!
//! It reads arguments, calls the service, and writes answers. What the product does is not here.
//!
//! A module uses only those below it:
//!
//! ```text
//! transport                                            connections: stdio, Streamable HTTP
//! handler                                              one session over the server: which part answers which method
//! server                                               what sessions share: tools, instructions, state
//! tools, resources, prompts, argument_completion       what hosts can use; a tool is one file
//! call                                                 one call of a tool
//! session, progress, confirmation, state, call_order   what a call needs
//! deadline, answers                                    answers are pure functions
//! arguments, hint                                      arguments, the schemas of both; next steps in MCP's words
//! ```
//!
//! `session` holds the subscriptions of `resources::subscriptions`, and `state` the open questions of `confirmation`.
//! `client` is the other end of the protocol, for `try` and `doctor`.

mod answers;
mod argument_completion;
mod arguments;
mod call;
mod call_order;
pub mod client;
mod confirmation;
mod deadline;
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
pub use transport::{Connection, HttpTransport, HttpTransportOptions, ResponseBody, serve, serve_stdio};

/// The messages of the line transport, for fuzzing.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn fuzz_line_transport(chunks: impl IntoIterator<Item = impl AsRef<[u8]>>, limit: usize) -> Vec<String> {
    transport::fuzz_messages(chunks, limit)
}
