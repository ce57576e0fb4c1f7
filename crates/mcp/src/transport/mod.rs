//! Connections: how messages come in, who runs their handlers, and how answers go out.

mod panic_guard;
mod serve;
mod stdio;

pub use serve::{Connection, serve, serve_stdio};
#[cfg(fuzzing)]
pub(crate) use stdio::tests::chunking::messages as fuzz_messages;
