//! Windows, and other systems that are not Unix.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::path::Path;

/// Resolves at Ctrl-C.
pub async fn stop_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        tracing::warn!("signals cannot be caught");
        std::future::pending().await
    }
}

/// Does nothing: here a write beyond a limit fails by itself.
pub fn survive_file_size_limit() {}

/// Never resolves: this system does not report that the reader of stdout has closed its end.
pub async fn stdout_hung_up() {
    std::future::pending().await
}

/// Whether anyone but the owner has rights on a file. Never: the user's directory is private here.
pub fn is_open_to_others(_path: &Path) -> bool {
    false
}

/// Creates a directory, and missing ones above it, as private as the user's directory.
pub fn create_private_directory(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Creates a file if it does not exist, as private as the user's directory.
pub fn create_private_file(path: &Path) -> io::Result<()> {
    match File::options().write(true).create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Does nothing: this system writes names with their files.
pub fn sync_directory(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Identifies the file at a path. Not needed: an open file cannot be replaced here.
pub fn file_identity(_path: &Path) -> Option<(u64, u64)> {
    None
}

/// Whether an open file is the one at a path. Not known here; an open file is rarely replaced.
pub fn is_file_at(_file: &File, _path: &Path) -> bool {
    true
}

/// The rights on a file or directory. Not known here.
pub fn mode_of(_path: &Path) -> Option<u32> {
    None
}

/// Does nothing: a file has the owner that its folder gives it.
pub fn keep_owner(_file: &File, _of: &Metadata) -> io::Result<()> {
    Ok(())
}

/// The rights on a new file that others may read. A file has those that its folder gives it.
pub fn shared_permissions() -> Option<Permissions> {
    None
}

/// Options that do not block on a FIFO. Files are never FIFOs here.
pub(crate) fn never_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// The file that processes lock before they change files of a folder: a file in it, as a folder cannot be locked here.
/// It stays.
pub fn lock_folder(folder: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(".ollama-mcp-lock"))
}

/// Does nothing: the memory and the processor time of a process are not limited here.
pub fn bound_process(_memory: u64, _seconds: u64) {}

/// Whether an operation failed because this process has no socket left (`WSAEMFILE`).
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    cfg!(windows) && error.raw_os_error() == Some(10_024)
}

/// Does nothing: the end of the input ends the process here.
pub fn end_with_parent() {}

/// The number of the user who runs this; `None` on systems without such numbers.
pub fn user_id() -> Option<u32> {
    None
}

/// The name of this machine; empty where the environment lacks it.
pub fn host_name() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

/// Free bytes for a user on the disk of a directory. Not known here.
pub fn free_space(_directory: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}
