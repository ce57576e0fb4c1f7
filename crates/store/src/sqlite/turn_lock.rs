//! One turn at a time in a conversation, across processes: a lock file for each conversation, which the system unlocks
//! when the process ends, however it ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use platform::{create_private_directory, is_file_at, open_regular};
use sha2::{Digest as _, Sha256};
use types::Owner;

/// The folder of the lock files in the data directory.
const FOLDER: &str = "turns";

/// The lock of a conversation, released when it is dropped.
#[derive(Debug)]
pub(super) struct TurnLock {
    /// Closing it unlocks it.
    _file: File,
    path: PathBuf,
}

impl TurnLock {
    /// Locks a conversation; `None` while another turn holds the lock.
    ///
    /// # Errors
    /// The system's error for the lock file.
    pub(super) fn try_new(directory: &Path, owner: &Owner, id: &str) -> io::Result<Option<Self>> {
        let folder = directory.join(FOLDER);
        create_private_directory(&folder)?;
        let path = folder.join(file_name(owner, id));
        loop {
            // Opening a link would create or lock its target.
            if std::fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
            }
            let file = open_regular(File::options().write(true).create(true).truncate(false), &path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // The previous turn may have removed the file after it was opened here: then this lock excludes nobody.
            if is_file_at(&file, &path) {
                return Ok(Some(Self { _file: file, path }));
            }
        }
    }
}

/// A name of fixed length that does not tell the owner or the id, and that differs for any two conversations on file
/// systems that ignore case, too.
fn file_name(owner: &Owner, id: &str) -> String {
    // No owner's name contains the separator.
    let digest = Sha256::digest(format!("{}\0{id}", owner.as_str()));
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}.lock")
}

impl Drop for TurnLock {
    fn drop(&mut self) {
        // A file that stays does no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_differ_by_owner_and_id() {
        let name = |owner: &str, id: &str| file_name(&Owner::new(owner).unwrap(), id);
        let local = file_name(&Owner::local(), "a");
        // Published: another process of this version must find the same file.
        assert_eq!(local, "d1867d5f693dc5736d5d842d5151ea7cd1058419e71d58d364d96ea3c52cb4b3.lock");
        for (owner, id) in
            [("local", "A"), ("locala", ""), ("ann", "a"), ("local", "a.lock"), ("local", "../a")]
        {
            let name = name(owner, id);
            assert_ne!(name.to_lowercase(), local, "{owner} {id}");
            assert!(name.len() == 69 && !name.contains(['/', '\\']), "{name}");
        }
    }
}
