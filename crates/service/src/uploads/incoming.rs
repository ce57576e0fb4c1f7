//! A file that is being received: bounded while it comes, complete on the disk before it counts, gone if it does not end.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use platform::sync::lock;
use store::{Upload, UploadCount};
use types::Owner;
use uuid::Uuid;

use super::directory::PartialFile;
use super::error::{failed, io_failed, other_directory, too_large, too_many_bytes, too_many_files};
use super::{Kept, MAX_FILES, PREFIX, name};
use crate::ServiceError;
use crate::file_access::blocking;

/// Bytes that are collected before they are written.
const BUFFER_BYTES: usize = 256 << 10;
/// The first bytes, by which the kind of a file is known.
const HEAD_BYTES: usize = 8 << 10;

/// What each owner is sending now. It counts against the quota, so that many uploads cannot fill the disk together.
///
/// A standard mutex, held for a look-up.
#[derive(Debug, Default)]
pub(super) struct StagedBytes(Mutex<HashMap<Owner, UploadCount>>);

/// A file that is being received. Dropping it removes what has come.
#[derive(Debug)]
pub struct IncomingFile {
    kept: Arc<Kept>,
    owner: Owner,
    /// What the owner had when this began.
    count: UploadCount,
    file: Option<File>,
    partial: Option<PartialFile>,
    buffer: Vec<u8>,
    head: Vec<u8>,
    bytes: u64,
}

impl IncomingFile {
    pub(super) async fn begin(
        kept: Arc<Kept>,
        owner: Owner,
        count: UploadCount,
    ) -> Result<Self, ServiceError> {
        let mut incoming = Self {
            kept,
            owner,
            count,
            file: None,
            partial: None,
            buffer: Vec::new(),
            head: Vec::new(),
            bytes: 0,
        };
        incoming.kept.staged.add(&incoming.owner, UploadCount { files: 1, bytes: 0 });
        incoming.check_room(0)?;
        let (file, partial) = incoming.kept.directory.begin().await?;
        (incoming.file, incoming.partial) = (Some(file), Some(partial));
        Ok(incoming)
    }

    /// The bytes so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// `file_too_large`, `quota_exceeded`, `disk_full`, `storage_failed`. Nothing can be written after an error.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), ServiceError> {
        let max_bytes = self.kept.settings.max_bytes;
        self.bytes += bytes.len() as u64;
        self.kept.staged.add(&self.owner, UploadCount { files: 0, bytes: bytes.len() as u64 });
        if self.bytes > max_bytes {
            return Err(too_large(max_bytes));
        }
        self.check_room(bytes.len())?;
        let missing = HEAD_BYTES.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(bytes.get(..missing).unwrap_or_default());
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Keeps the file under a name. It expires after `ttl`, or after the time of the settings, whichever is shorter.
    ///
    /// # Errors
    /// `quota_exceeded`, `disk_full`, `storage_failed`; then nothing of it is kept.
    pub async fn finish(
        mut self,
        name: &str,
        purpose: &str,
        ttl: Option<Duration>,
    ) -> Result<Upload, ServiceError> {
        self.flush().await?;
        let (Some(file), Some(partial)) = (self.file.take(), self.partial.take()) else {
            return Err(ServiceError::internal());
        };
        let directory_id = self.kept.directory.id().await?;
        let upload = self.described(name, purpose, ttl);
        // A task of its own: the caller may go between the file and its row.
        let stored = tokio::spawn(async move {
            let (directory, id) = (self.kept.directory.clone(), upload.id.clone());
            blocking(move || {
                partial.complete(&file, &directory, &id).map_err(|error| io_failed("stored", &error))
            })
            .await?;
            let added = self.kept.settings.table.add(&upload, self.kept.limit(), &directory_id).await;
            if !matches!(added, Ok(true)) {
                self.kept.directory.remove(vec![upload.id.clone()]).await;
            }
            match added {
                Ok(true) => Ok(upload),
                Ok(false) => Err(self.refused(&directory_id).await),
                Err(error) => Err(failed(error)),
            }
        });
        stored.await.unwrap_or_else(|_| Err(ServiceError::internal()))
    }

    fn described(&self, name: &str, purpose: &str, ttl: Option<Duration>) -> Upload {
        let (random, name, created) = (Uuid::new_v4().simple(), name::safe(name), SystemTime::now());
        let ttl = match (ttl, self.kept.settings.ttl) {
            (Some(asked), Some(most)) => Some(asked.min(most)),
            (asked, most) => asked.or(most),
        };
        Upload {
            id: format!("{PREFIX}{random}"),
            owner: self.owner.clone(),
            filename: format!("{random}_{name}"),
            name,
            media_type: files::media_type(&self.head).to_owned(),
            purpose: purpose.to_owned(),
            bytes: self.bytes,
            created,
            expires: ttl.map(|ttl| created + ttl),
        }
    }

    /// Why the database did not take the row: the owner has sent other files meanwhile.
    async fn refused(&self, directory_id: &str) -> ServiceError {
        let (table, settings) = (&self.kept.settings.table, &self.kept.settings);
        match table.claim_directory(directory_id).await {
            Ok(true) => {}
            Ok(false) => return other_directory(self.kept.directory.path()),
            Err(error) => return failed(error),
        }
        match table.count(&self.owner, SystemTime::now()).await {
            Ok(count) if count.files >= MAX_FILES => too_many_files(MAX_FILES),
            Ok(_) => too_many_bytes(settings.quota),
            Err(error) => failed(error),
        }
    }

    /// Checks the quota with all that the owner is sending.
    fn check_room(&self, more: usize) -> Result<(), ServiceError> {
        let (staged, limit) = (self.kept.staged.of(&self.owner), self.kept.limit());
        if self.count.files + staged.files > limit.files {
            return Err(too_many_files(limit.files));
        }
        let is_full = more == 0 && self.count.bytes >= limit.bytes;
        if is_full || self.count.bytes + staged.bytes > limit.bytes {
            return Err(too_many_bytes(limit.bytes));
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), ServiceError> {
        let Some(mut file) = self.file.take() else { return Err(ServiceError::internal()) };
        let mut buffer = std::mem::take(&mut self.buffer);
        let (file, buffer) = blocking(move || {
            file.write_all(&buffer).map_err(|error| io_failed("stored", &error))?;
            buffer.clear();
            Ok((file, buffer))
        })
        .await?;
        (self.file, self.buffer) = (Some(file), buffer);
        Ok(())
    }
}

impl Drop for IncomingFile {
    fn drop(&mut self) {
        self.kept.staged.remove(&self.owner, UploadCount { files: 1, bytes: self.bytes });
    }
}

impl StagedBytes {
    fn add(&self, owner: &Owner, more: UploadCount) {
        let mut all = lock(&self.0);
        let staged = all.entry(owner.clone()).or_default();
        staged.files += more.files;
        staged.bytes += more.bytes;
    }

    fn remove(&self, owner: &Owner, less: UploadCount) {
        let mut all = lock(&self.0);
        let Some(staged) = all.get_mut(owner) else { return };
        staged.files = staged.files.saturating_sub(less.files);
        staged.bytes = staged.bytes.saturating_sub(less.bytes);
        if *staged == UploadCount::default() {
            all.remove(owner);
        }
    }

    fn of(&self, owner: &Owner) -> UploadCount {
        lock(&self.0).get(owner).copied().unwrap_or_default()
    }
}
