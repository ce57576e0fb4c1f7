//! What differs from system to system, behind functions that each has: signals, hang-ups, who may read a file.
//!
//! A function is added to `unix.rs` and to `other.rs`; both must offer the same ones.

pub mod child;
mod regular;
pub mod sync;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "other.rs")]
mod system;

pub use regular::{open_regular, read_regular};

pub use system::{
    bound_process, create_private_directory, create_private_file, end_with_parent, file_identity, free_space,
    is_file_at, is_open_to_others, is_out_of_descriptors, keep_owner, lock_folder, mode_of,
    shared_permissions, stdout_hung_up, stop_signal, survive_file_size_limit,
};

/// Whether the names of environment variables differ in more than case.
pub const VARIABLES_HAVE_CASE: bool = !cfg!(windows);
/// What stands between the paths of a list, as in `PATH`.
pub const PATH_SEPARATOR: &str = if cfg!(windows) { ";" } else { ":" };
/// Whether names of files differ in more than case, on the system's own file systems.
pub const FILES_HAVE_CASE: bool = !cfg!(any(windows, target_os = "macos"));
/// Whether paths are Windows': with drives, backslashes, and streams after a colon.
pub const PATHS_HAVE_DRIVES: bool = cfg!(windows);
/// Whether to open a FIFO waits for its other end.
pub const FIFOS_WAIT: bool = cfg!(unix);

/// This program, also where its file was replaced while it runs.
///
/// # Errors
/// The system does not tell.
pub fn this_program() -> std::io::Result<std::path::PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}
