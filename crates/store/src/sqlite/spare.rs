//! Room that is kept on the disk, so that a conversation can be deleted where there is none: SQLite writes to its log
//! what it overwrites in the file.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What a deletion of a usual conversation needs: its pages, and SQLite's own files.
const BYTES: usize = 1024 * 1024;

/// Bytes on a disk with which SQLite cannot make its own files.
pub(super) const LITTLE: u64 = 256 * 1024;

/// The file that keeps the room.
fn path(directory: &Path) -> PathBuf {
    directory.join("conversations.spare")
}

/// Keeps the room, where it is not kept already and the disk has it.
pub(super) fn keep(directory: &Path) {
    let path = path(directory);
    let kept = match File::options().write(true).create_new(true).open(&path) {
        Ok(file) => fill(file),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = kept {
        tracing::debug!(%error, "no room can be kept for deletions");
        let _ = std::fs::remove_file(&path);
    }
}

/// Gives the room free; `false` where none was kept.
pub(super) fn release(directory: &Path) -> bool {
    std::fs::remove_file(path(directory)).is_ok()
}

fn fill(mut file: File) -> io::Result<()> {
    // Numbers without a pattern: a file system that compresses would keep no room for zeros.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(BYTES);
    while bytes.len() < BYTES {
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
    fn spare_room_is_reserved_once_and_released() {
        let home = tempfile::tempdir().unwrap();
        assert!(!release(home.path()));
        for _ in 0..2 {
            keep(home.path());
            assert_eq!(std::fs::metadata(path(home.path())).unwrap().len(), BYTES as u64);
        }
        assert!(release(home.path()));
        assert!(!path(home.path()).exists());
        keep(&home.path().join("missing"));
    }
}
