//! Files that callers send: kept for their owner, fetched again, and given to models by their ids.
//!
//! The bytes are in a directory, under the id; what is known of a file is in the database. A file is on the disk before its
//! row, and its row is deleted before it, so an interruption leaves bytes without a row at most, which `sweep` removes.

mod attach;
mod directory;
mod error;
mod incoming;
mod name;
mod sweep;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use attach::{FileToAttach, Source};
use directory::Directory;
use error::{failed, not_found};
pub use incoming::IncomingFile;
use incoming::StagedBytes;
use store::{Page, PassageIndex, UploadCount};
pub use store::{Upload, UploadFilter};
use types::Owner;

use crate::file_access::{blocking, open_uploaded};
use crate::{Caller, ErrorCode, ServiceError};

/// Most files of an owner.
pub const MAX_FILES: u64 = 10_000;
/// What the ids begin with.
const PREFIX: &str = "file-";

/// Where uploads are kept, and how much of them.
#[derive(Debug, Clone)]
pub struct UploadSettings {
    pub table: store::Uploads,
    /// Where the bytes are.
    pub directory: PathBuf,
    /// The largest file.
    pub max_bytes: u64,
    /// The largest total size of an owner's files.
    pub quota: u64,
    /// How long a file is kept; `None`: until it is deleted.
    pub ttl: Option<Duration>,
}

/// The files of all owners.
#[derive(Debug)]
pub struct Uploads(Option<Arc<Kept>>);

/// The database, the directory, and what is being received.
#[derive(Debug)]
struct Kept {
    settings: UploadSettings,
    directory: Directory,
    staged: StagedBytes,
    /// Where passages of them are, which go with them.
    index: Option<Arc<dyn PassageIndex>>,
}

impl Uploads {
    /// With `None` no file is accepted.
    pub(crate) fn new(settings: Option<UploadSettings>, index: Option<Arc<dyn PassageIndex>>) -> Arc<Self> {
        let kept = settings.map(|settings| {
            let directory = Directory::new(settings.directory.clone());
            Arc::new(Kept { directory, settings, staged: StagedBytes::default(), index })
        });
        Arc::new(Self(kept))
    }

    /// Whether files are accepted at all.
    pub fn are_accepted(&self) -> bool {
        self.0.is_some()
    }

    /// The largest file that is accepted.
    pub fn max_bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, |kept| kept.settings.max_bytes)
    }

    /// Begins to receive a file.
    ///
    /// # Errors
    /// `quota_exceeded`, `storage_failed`, `disk_full`, `unsupported`.
    pub async fn receive(&self, caller: &Caller) -> Result<IncomingFile, ServiceError> {
        let kept = self.kept()?;
        kept.check_directory().await?;
        let count = kept.settings.table.count(&caller.owner, SystemTime::now()).await.map_err(failed)?;
        IncomingFile::begin(Arc::clone(kept), caller.owner.clone(), count).await
    }

    /// A file of the caller by its id. `argument` names the id's place in errors.
    ///
    /// # Errors
    /// `file_not_found`, `storage_failed`.
    pub async fn get(&self, caller: &Caller, argument: &str, id: &str) -> Result<Upload, ServiceError> {
        let found = match is_upload_id(id) {
            true => {
                self.kept()?.settings.table.get(&caller.owner, id, SystemTime::now()).await.map_err(failed)?
            }
            false => None,
        };
        found.ok_or_else(|| not_found(argument, id))
    }

    /// A file of the caller by the name under which it is fetched.
    ///
    /// # Errors
    /// `file_not_found`, `storage_failed`.
    pub async fn by_filename(&self, caller: &Caller, filename: &str) -> Result<Upload, ServiceError> {
        let table = &self.kept()?.settings.table;
        let found = table.by_filename(&caller.owner, filename, SystemTime::now()).await.map_err(failed)?;
        found.ok_or_else(|| not_found("filename", filename))
    }

    /// A page of the caller's files.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: UploadFilter,
        limit: usize,
    ) -> Result<Page<Upload>, ServiceError> {
        let table = &self.kept()?.settings.table;
        table.list(&caller.owner, filter, limit, SystemTime::now()).await.map_err(failed)
    }

    /// The bytes of a file, for reading.
    ///
    /// # Errors
    /// `storage_failed`.
    pub async fn open(&self, upload: &Upload) -> Result<File, ServiceError> {
        let path = self.kept()?.directory.path_of(&upload.id);
        let id = upload.id.clone();
        blocking(move || open_uploaded(&path, &id)).await
    }

    /// Deletes a file of the caller.
    ///
    /// # Errors
    /// `file_not_found`, `storage_failed`.
    pub async fn delete(&self, caller: &Caller, id: &str) -> Result<(), ServiceError> {
        let kept = self.kept()?;
        let is_deleted = match is_upload_id(id) {
            true => {
                kept.unindex(Some(&caller.owner), vec![id.to_owned()]).await?;
                kept.settings.table.delete(&caller.owner, id).await.map_err(failed)?
            }
            false => false,
        };
        if !is_deleted {
            return Err(not_found("id", id));
        }
        kept.directory.remove(vec![id.to_owned()]).await;
        Ok(())
    }

    fn kept(&self) -> Result<&Arc<Kept>, ServiceError> {
        self.0.as_ref().ok_or_else(|| {
            ServiceError::new(
                ErrorCode::Unsupported,
                "This server accepts no files: it has no directory for them",
            )
        })
    }
}

impl Kept {
    /// Removes the passages of files, of one owner or whoever they belong to.
    async fn unindex(&self, owner: Option<&Owner>, ids: Vec<String>) -> Result<(), ServiceError> {
        match &self.index {
            Some(index) if !ids.is_empty() => index.remove(owner, ids).await.map(drop).map_err(failed),
            _ => Ok(()),
        }
    }

    fn limit(&self) -> UploadCount {
        UploadCount { files: MAX_FILES, bytes: self.settings.quota }
    }

    /// Checks that the files of the database are in this directory, and not in that of another server.
    async fn check_directory(&self) -> Result<String, ServiceError> {
        let id = self.directory.id().await?;
        match self.settings.table.claim_directory(&id).await.map_err(failed)? {
            true => Ok(id),
            false => Err(error::other_directory(self.directory.path())),
        }
    }
}

/// Whether a text has the form of an id.
pub fn is_upload_id(text: &str) -> bool {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix(PREFIX).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(hex))
}

#[cfg(test)]
mod tests;
