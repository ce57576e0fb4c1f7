//! What nobody will fetch again: files that have expired, bytes without a row, rows without bytes.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use super::directory::{Directory, ID_FILE, PARTIAL};
use super::error::{failed, io_failed};
use super::{Kept, Uploads, is_upload_id};
use crate::ServiceError;
use crate::file_access::blocking;

/// Between two sweeps, and before the first.
const INTERVAL: Duration = Duration::from_secs(600);
const FIRST: Duration = Duration::from_secs(60);
/// Bytes without a row, and rows without bytes, are removed at this age: a younger one may belong to an upload that ends
/// just now.
const ORPHAN_AGE: Duration = Duration::from_secs(60 * 60);
/// Rows that are compared with the directory at a time.
const PAGE: usize = 1000;

impl Uploads {
    /// Sweeps from time to time until `shutdown`.
    pub async fn sweep_until(&self, shutdown: CancellationToken) {
        let Some(kept) = &self.0 else { return };
        let mut wait = FIRST;
        while shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_some() {
            wait = INTERVAL;
            if let Err(error) = kept.sweep(SystemTime::now()).await {
                tracing::warn!(code = error.code.as_str(), "the directory of uploaded files was not swept");
            }
        }
    }
}

impl Kept {
    /// Removes what nobody will fetch again.
    ///
    /// # Errors
    /// `storage_failed`.
    pub(super) async fn sweep(&self, now: SystemTime) -> Result<(), ServiceError> {
        // A server that has no files makes no directory for them.
        if !self.directory.path().exists() {
            return Ok(());
        }
        let expired = self.settings.table.delete_expired(now).await.map_err(failed)?;
        self.unindex(None, expired.clone()).await?;
        self.directory.remove(expired).await;
        // With the directory of another database everything would seem to be lost.
        self.check_directory().await?;
        let before = now.checked_sub(ORPHAN_AGE).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut found = self.directory.listed().await?;
        let mut after = String::new();
        loop {
            let rows = self.settings.table.ids(&after, PAGE).await.map_err(failed)?;
            let Some((last, _)) = rows.last() else { break };
            after = last.clone();
            for (id, created) in rows {
                let is_there = found.remove(&id).is_some();
                // The directory was listed before: the file may have come since.
                if !is_there && created < before && !self.directory.path_of(&id).exists() {
                    tracing::warn!(id, "the bytes of an uploaded file are gone: it is removed");
                    self.unindex(None, vec![id.clone()]).await?;
                    self.settings.table.forget(&id).await.map_err(failed)?;
                }
            }
        }
        let orphans = found.into_iter().filter(|(_, modified)| *modified < before).map(|(name, _)| name);
        self.directory.remove(orphans.collect()).await;
        Ok(())
    }
}

impl Directory {
    /// The files of uploads that are there, with the times of their last bytes. Other files are not ours.
    async fn listed(&self) -> Result<BTreeMap<String, SystemTime>, ServiceError> {
        let path = self.path().to_owned();
        blocking(move || list(&path).map_err(|error| io_failed("read", &error))).await
    }
}

fn list(path: &Path) -> io::Result<BTreeMap<String, SystemTime>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name != ID_FILE && (is_upload_id(&name) || name.starts_with(PARTIAL)) {
            // It may be gone by now.
            if let Ok(modified) = entry.metadata().and_then(|found| found.modified()) {
                found.insert(name, modified);
            }
        }
    }
    Ok(found)
}
