//! Files of this machine: which may be read, and what they are.
//!
//! Everything here blocks: the service calls it off the async threads. Nothing is opened before it is asked for.

mod fence;
mod secrets;

pub use fence::{Fence, FenceError, Opened};
