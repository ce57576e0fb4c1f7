//! Connections: reading messages, running their handlers, writing answers.

mod panic_guard;
mod serve;
mod stdio;

pub use serve::{Connection, serve, serve_stdio};
#[cfg(fuzzing)]
pub(crate) use stdio::tests::chunking::messages as fuzz_messages;
