//! Space that is reserved on the disk, so that a conversation can be deleted when the disk is full: SQLite writes to its
//! log what it overwrites in the file. One reserve serves all conversations.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Enough to delete a conversation of usual length: its pages, and SQLite's own files.
const RESERVED_BYTES: usize = 1024 * 1024;

/// With less free space SQLite cannot create its own files.
pub(super) const MIN_FREE_BYTES: u64 = 256 * 1024;

fn path(directory: &Path) -> PathBuf {
    directory.join("conversations.spare")
}

/// Reserves the space, unless it is reserved or the disk lacks it.
pub(super) fn keep(directory: &Path) {
    let path = path(directory);
    let kept = match File::options().write(true).create_new(true).open(&path) {
        Ok(file) => fill(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = kept {
        tracing::debug!(%error, "no space can be reserved for deletions");
        let _ = std::fs::remove_file(&path);
    }
}

/// Frees the reserved space; `false` if none was reserved.
pub(super) fn release(directory: &Path) -> bool {
    std::fs::remove_file(path(directory)).is_ok()
}

fn fill(mut file: File) -> io::Result<()> {
    // Pseudo-random bytes: a file system that compresses would reserve nothing for zeros.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(RESERVED_BYTES);
    while bytes.len() < RESERVED_BYTES {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    file.write_all(&bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_is_reserved_once_and_freed() {
        let home = tempfile::tempdir().unwrap();
        assert!(!release(home.path()));
        for _ in 0..2 {
            keep(home.path());
            assert_eq!(std::fs::metadata(path(home.path())).unwrap().len(), RESERVED_BYTES as u64);
        }
        assert!(release(home.path()));
        assert!(!path(home.path()).exists());
        keep(&home.path().join("missing"));
    }
}
