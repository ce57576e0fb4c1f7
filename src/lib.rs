//! An MCP server that gives any host the models of a local Ollama.
//!
//! This package is the program: the command line, and the wiring of the crates in `crates/`. Data flows one way, top to
//! bottom: a front speaks a protocol, the service is what the product does, providers speak to model servers.
//! `ARCHITECTURE.md` has the map and its reasons.

pub mod app;
pub mod cli;
pub mod http_server;

mod counting;
mod mcp_endpoint;
mod running_server;
mod secret_file;
mod telemetry;
