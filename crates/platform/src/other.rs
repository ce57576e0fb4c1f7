//! Windows, and whatever else is no Unix.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io;
use std::path::Path;

/// Resolves when the process is asked to end: by Ctrl-C.
pub async fn stop_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        tracing::warn!("signals cannot be caught");
        std::future::pending().await
    }
}

/// A write beyond a limit fails here by itself.
pub fn survive_file_size_limit() {}

/// Resolves when the reader of stdout has closed its end: not told by this system.
pub async fn stdout_hung_up() {
    std::future::pending().await
}

/// Whether anyone but the owner has rights on a file: the user's directory is closed to others by itself.
pub fn is_open_to_others(_path: &Path) -> bool {
    false
}

/// Makes a directory, and those above it: closed to others as the user's directory is.
pub fn create_private_directory(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Makes a file where there is none: closed to others as the user's directory is.
pub fn create_private_file(path: &Path) -> io::Result<()> {
    match File::options().write(true).create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// What tells the file at a path from one that is put in its place: an open file cannot be replaced here.
pub fn file_identity(_path: &Path) -> Option<(u64, u64)> {
    None
}

/// Whether an open file is the one at a path: not known here, and an open file is seldom replaced.
pub fn is_file_at(_file: &File, _path: &Path) -> bool {
    true
}

/// The rights on a file or directory: none to be told here.
pub fn mode_of(_path: &Path) -> Option<u32> {
    None
}

/// Gives a file to the owner of another: it has what its folder gives it.
pub fn keep_owner(_file: &File, _of: &Metadata) -> io::Result<()> {
    Ok(())
}

/// The rights on a new file that others may read: it has what its folder gives it.
pub fn shared_permissions() -> Option<Permissions> {
    None
}

/// Opens without waiting for the other end of a FIFO: there are none among files.
pub(crate) fn never_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// What processes lock that change files of a folder: a file in it, since a folder cannot be locked. It stays.
pub fn lock_folder(folder: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(".ollama-mcp-lock"))
}

/// Bounds the memory and the time of work of this process: not done here.
pub fn bound_process(_memory: u64, _seconds: u64) {}

/// Whether an operation failed because this process has no socket left (`WSAEMFILE`).
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    cfg!(windows) && error.raw_os_error() == Some(10_024)
}

/// Ends this process when its parent ends: the end of the input tells here.
pub fn end_with_parent() {}

/// Bytes that a user may still write where a directory is: not known here.
pub fn free_space(_directory: &Path) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}
