//! What tests share: the fake Ollama, clients of the server, the protocol's schemas, and a reader of Rust source.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

pub mod fake_ollama;
pub mod hostile;
pub mod http_client;
pub mod http_server;
pub mod http_socket;
pub mod mcp_client;
#[cfg(target_os = "linux")]
#[path = "../../crates/store/src/postgres/tests/server.rs"]
pub mod postgres_server;
pub mod process;
pub mod resume;
pub mod schema;
#[cfg(unix)]
pub mod terminal;
