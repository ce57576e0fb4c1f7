//! The directory of the bytes: one file for each upload, named by its id, readable for the server's user alone.
//!
//! A file with the id of the directory is beside them. It shows when two servers with one database have a directory each,
//! where each would take the other's files for lost.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::{create_private_directory, read_regular, sync_directory};
use uuid::Uuid;

use super::error::io_failed;
use crate::ServiceError;
use crate::file_access::blocking;

/// The file with the id of the directory.
pub(super) const ID_FILE: &str = "directory-id";
/// What files that are being received begin with.
pub(super) const PARTIAL: &str = "partial-";

#[derive(Debug, Clone)]
pub(super) struct Directory(Arc<Path>);

/// A file that is being received. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct PartialFile {
    pub(super) path: PathBuf,
    is_moved: bool,
}

impl Directory {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path.into())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) fn path_of(&self, id: &str) -> PathBuf {
        self.0.join(id)
    }

    /// The id of the directory, which is made if it does not exist.
    ///
    /// # Errors
    /// `storage_failed`, `disk_full`.
    pub(super) async fn id(&self) -> Result<String, ServiceError> {
        let path = Arc::clone(&self.0);
        blocking(move || id_of(&path).map_err(|error| io_failed("stored or read", &error))).await
    }

    /// A new, empty file for bytes that are being received.
    ///
    /// # Errors
    /// `storage_failed`, `disk_full`.
    pub(super) async fn begin(&self) -> Result<(File, PartialFile), ServiceError> {
        let path = self.0.join(format!("{PARTIAL}{}", Uuid::new_v4().simple()));
        blocking(move || {
            let file = create(&path).map_err(|error| io_failed("stored", &error))?;
            Ok((file, PartialFile { path, is_moved: false }))
        })
        .await
    }

    /// Removes files, and ignores those that are not there.
    pub(super) async fn remove(&self, ids: Vec<String>) {
        let path = Arc::clone(&self.0);
        let removed = tokio::task::spawn_blocking(move || {
            for id in ids {
                remove(&path.join(id));
            }
        });
        // It cannot panic.
        let _ = removed.await;
    }
}

impl PartialFile {
    /// Makes it the file of `id`, on the disk with all its bytes when this returns.
    pub(super) fn complete(mut self, file: &File, directory: &Directory, id: &str) -> io::Result<()> {
        file.sync_all()?;
        std::fs::rename(&self.path, directory.path_of(id))?;
        self.is_moved = true;
        sync_directory(&directory.0)
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.is_moved {
            remove(&self.path);
        }
    }
}

/// A new file for the server's user alone: its directory has no rights for others, nor has the file.
fn create(path: &Path) -> io::Result<File> {
    platform::create_private_file(path)?;
    OpenOptions::new().write(true).open(path)
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, "the bytes of a file cannot be removed now");
        }
        _ => {}
    }
}

fn id_of(directory: &Path) -> io::Result<String> {
    let path = directory.join(ID_FILE);
    if let Some(id) = read_id(&path)? {
        return Ok(id);
    }
    create_private_directory(directory)?;
    // Another process may do the same: the file that is there first counts.
    let new = directory.join(format!("{PARTIAL}{}", Uuid::new_v4().simple()));
    let mut partial = PartialFile { path: new.clone(), is_moved: false };
    let mut file = create(&new)?;
    file.write_all(Uuid::new_v4().simple().to_string().as_bytes())?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&partial.path, &path);
    if linked.is_err_and(|error| error.kind() != io::ErrorKind::AlreadyExists) {
        // Some file systems have no links.
        std::fs::rename(&partial.path, &path)?;
        partial.is_moved = true;
    }
    sync_directory(directory)?;
    read_id(&path)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

fn read_id(path: &Path) -> io::Result<Option<String>> {
    match read_regular(path, 64) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
