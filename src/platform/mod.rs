//! What differs from system to system, behind functions that each has: signals, hang-ups, who may read a file.
//!
//! A function is added to `unix.rs` and to `other.rs`; both must offer the same ones.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "other.rs")]
mod system;

pub(crate) use system::{
    create_private_directory, create_private_file, file_identity, is_open_to_others, stdout_hung_up,
    stop_signal,
};

/// Whether the names of environment variables differ in more than case.
pub(crate) const VARIABLES_HAVE_CASE: bool = !cfg!(windows);
