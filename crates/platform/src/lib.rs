//! What differs between operating systems, behind the same functions on each: signals, hang-ups, rights on files.
//!
//! `unix.rs` and `other.rs` must offer the same functions.

pub mod child;
mod regular;
pub mod sync;
#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "other.rs")]
mod system;

pub use regular::{open_regular, read_regular};

pub use system::{
    bound_process, create_private_directory, create_private_file, end_with_parent, file_identity, free_space,
    host_name, is_file_at, is_open_to_others, is_out_of_descriptors, keep_owner, lock_folder, mode_of,
    shared_permissions, stdout_hung_up, stop_signal, survive_file_size_limit, sync_directory, user_id,
};

/// Whether names of environment variables are case-sensitive.
pub const VARIABLES_HAVE_CASE: bool = !cfg!(windows);
/// The separator in a list of paths, as in `PATH`.
pub const PATH_SEPARATOR: &str = if cfg!(windows) { ";" } else { ":" };
/// Whether file names are case-sensitive on the system's own file systems.
pub const FILES_HAVE_CASE: bool = !cfg!(any(windows, target_os = "macos"));
/// Whether paths have drives, backslashes, and streams after a colon, as on Windows.
pub const PATHS_HAVE_DRIVES: bool = cfg!(windows);
/// Whether opening a FIFO blocks until its other end is opened.
pub const FIFOS_WAIT: bool = cfg!(unix);

/// The user's home directory.
pub fn home_dir() -> Option<std::path::PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

/// The path of this program, which also works if its file was replaced while it runs.
///
/// # Errors
/// The system does not know the path.
pub fn this_program() -> std::io::Result<std::path::PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}
