//! The key of the user who runs this server: a file that only this user can read.

use std::io;
use std::path::{Path, PathBuf};

use accounts::KEY_PREFIX as PREFIX;
use subtle::ConstantTimeEq as _;

/// The name of the file in the data directory.
const FILE: &str = "local.key";
/// A longer file is no key.
const MAX_BYTES: u64 = 1024;

/// The key by which commands on this machine act as the local owner. It is made at the first start.
#[derive(Clone)]
pub struct LocalKey(String);

impl std::fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalKey(..)")
    }
}

impl LocalKey {
    /// The key of a data directory, made where there is none.
    ///
    /// # Errors
    /// The file cannot be read or written, or others can read it.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        platform::create_private_directory(data_dir)?;
        let path = Self::path(data_dir);
        match Self::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => return read,
        }
        let id = || uuid::Uuid::new_v4().simple().to_string();
        let key = format!("{PREFIX}local_{}{}", id(), id());
        // Written beside it and renamed: another process that starts now reads a whole key, or none.
        let fresh = data_dir.join(format!("{FILE}.{}", id()));
        let written = platform::create_private_file(&fresh)
            .and_then(|()| std::fs::write(&fresh, &key))
            .and_then(|()| std::fs::hard_link(&fresh, &path));
        let _ = std::fs::remove_file(&fresh);
        match written {
            Ok(()) => Ok(Self(key)),
            // Another process was first.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::read(&path),
            Err(error) => Err(error),
        }
    }

    /// Where the key is kept.
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join(FILE)
    }

    /// The key, for a request of our own.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn read(path: &Path) -> io::Result<Self> {
        let key = platform::read_regular(path, MAX_BYTES)?;
        if platform::is_open_to_others(path) {
            let text = format!("{} can be read by others; remove it, and it is made anew", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        let key = String::from_utf8_lossy(&key).trim().to_owned();
        if key.len() < PREFIX.len() + 32 || !key.starts_with(PREFIX) {
            let text = format!("{} holds no key; remove it, and it is made anew", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(Self(key))
    }

    /// Compares in a time that does not depend on where they differ.
    pub(super) fn matches(&self, presented: &str) -> bool {
        self.0.as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let made = LocalKey::open(&data).unwrap();
        let again = LocalKey::open(&data).unwrap();
        assert!(again.matches(made.expose()) && !again.matches("omk_local_x"));
        assert_eq!(format!("{made:?}"), "LocalKey(..)");
        assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1);
    }

    #[test]
    fn file_without_a_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        LocalKey::open(folder.path()).unwrap();
        std::fs::write(LocalKey::path(folder.path()), "").unwrap();
        assert!(LocalKey::open(folder.path()).unwrap_err().to_string().contains("holds no key"));
    }
}
