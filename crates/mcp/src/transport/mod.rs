//! Connections: reading messages, running their handlers, writing answers.

mod decode;
mod http;
mod in_flight;
mod methods;
mod oversize;
mod panic_guard;
mod serve;
mod stdio;
mod tool_list;

pub use http::{HttpTransport, HttpTransportOptions, ResponseBody};
pub use serve::{Connection, serve, serve_stdio};
#[cfg(fuzzing)]
pub(crate) use stdio::tests::chunking::messages as fuzz_messages;
