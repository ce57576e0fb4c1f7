//! An MCP server that gives any host the models of a local Ollama.
//!
//! Data flows one way, top to bottom: a front speaks a protocol, the service is what the product
//! does, providers speak to model servers. `ARCHITECTURE.md` has the map and its reasons.

pub mod app;
pub mod cli;
pub mod files;
pub mod hosts;
pub mod mcp;
mod platform;
pub mod providers;
mod sanitize;
pub mod service;
pub mod settings;
pub mod store;
mod telemetry;
