//! The line transport, for tests and fuzzing.

pub(crate) mod chunking;
#[cfg(test)]
mod decoding;
