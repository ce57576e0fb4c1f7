//! One turn at a time in a conversation, across processes: a lock file for each, which the system unlocks when its
//! process ends, however it ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use platform::{create_private_directory, is_file_at, open_regular};

/// The folder of the lock files in the data directory.
const FOLDER: &str = "turns";

/// A conversation in which this process has its turn. Dropping it lets the next one begin.
#[derive(Debug)]
pub(super) struct TurnLock {
    /// Unlocked when it is closed.
    _file: File,
    path: PathBuf,
}

impl TurnLock {
    /// Locks a conversation; `None` while another turn has it.
    ///
    /// # Errors
    /// What the system says of the lock file.
    pub(super) fn try_new(directory: &Path, id: &str) -> io::Result<Option<Self>> {
        let folder = directory.join(FOLDER);
        create_private_directory(&folder)?;
        let path = folder.join(format!("{id}.lock"));
        loop {
            // A link would have its target made or locked.
            if std::fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
            }
            let file = open_regular(File::options().write(true).create(true).truncate(false), &path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // The turn before may have removed it since it was opened: then its lock holds nobody back.
            if is_file_at(&file, &path) {
                return Ok(Some(Self { _file: file, path }));
            }
        }
    }
}

impl Drop for TurnLock {
    fn drop(&mut self) {
        // Where it stays, it is only there.
        let _ = std::fs::remove_file(&self.path);
    }
}
