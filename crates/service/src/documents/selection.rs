//! Which files a call means, and reading one of them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::Documents;
use crate::file_access::{blocking, open_uploaded, refused};
use crate::uploads::is_upload_id;
use crate::{Action, Caller, HostFiles, ServiceError};
use files::{Content, FindLimits, Found, Opened, Sandbox, SandboxError};
use passages::Source;

/// The argument that names the files.
const FILES: &str = "files";
/// Most entries of that argument.
const MAX_ENTRIES: usize = 200;
/// Most files of a call, and most bytes of all of them.
const MAX_FILES: usize = 10_000;
const MAX_BYTES: u64 = 1_000_000_000;
/// Names that an answer tells of what was left out.
const MAX_TOLD: usize = 20;

/// The files of a call.
#[derive(Debug, Clone)]
pub enum FileSelection {
    /// Paths, folders and globs of this machine.
    Paths(HostFiles, Vec<String>),
    /// Ids of uploads.
    Uploads(Vec<String>),
}

/// The files that a call means. None of them was opened.
#[derive(Debug, Default)]
pub(super) struct Selected {
    pub(super) files: Vec<SelectedFile>,
    /// Folders that were searched as a whole.
    pub(super) folders: Vec<PathBuf>,
    /// There are more files than one call reads.
    pub(super) is_cut: bool,
    pub(super) skipped: Vec<(String, String)>,
}

/// A file that a call means.
#[derive(Debug, Clone)]
pub(super) struct SelectedFile {
    /// What names it in the index: its path, or the id of the upload.
    pub(super) key: String,
    /// Its name for people and models; no two of a call share one.
    pub(super) name: String,
    pub(super) size: u64,
    /// When it was changed, in nanoseconds of Unix time; 0 for an upload, which never changes.
    pub(super) modified_ns: i64,
    /// Where the bytes of an upload are.
    upload: Option<PathBuf>,
}

/// What is read of a file.
pub(super) enum FileText {
    Text(String),
    Pages(Vec<Option<String>>),
}

impl FileSelection {
    /// Checks what can be checked before a file is looked for.
    ///
    /// # Errors
    /// `invalid_argument`, `attachment_denied`.
    pub(super) fn check(&self) -> Result<(), ServiceError> {
        let entries = self.entries();
        if entries.is_empty() {
            return Err(ServiceError::invalid(FILES, "is empty; it must name at least one file"));
        }
        if entries.len() > MAX_ENTRIES {
            let reason = format!("has {} entries; at most {MAX_ENTRIES} are taken", entries.len());
            return Err(ServiceError::invalid(FILES, reason));
        }
        let is_path = |id: &String| !is_upload_id(id);
        match self {
            Self::Uploads(ids) => match ids.iter().position(is_path) {
                Some(index) => Err(HostFiles::refused(&argument_of(index)).and_hint(Action::UploadFile)),
                None => Ok(()),
            },
            Self::Paths(..) => Ok(()),
        }
    }

    pub(super) fn is_of_uploads(&self) -> bool {
        matches!(self, Self::Uploads(_))
    }

    fn entries(&self) -> &[String] {
        match self {
            Self::Paths(_, entries) | Self::Uploads(entries) => entries,
        }
    }
}

impl Documents {
    /// Finds the files of a call.
    ///
    /// # Errors
    /// `attachment_denied`, `attachment_unreadable`, `file_not_found`.
    pub(super) async fn select(
        &self,
        caller: &Caller,
        selection: &FileSelection,
    ) -> Result<Selected, ServiceError> {
        let mut selected = match selection {
            FileSelection::Paths(_, patterns) => self.find(patterns.clone()).await?,
            FileSelection::Uploads(ids) => self.uploads(caller, ids).await?,
        };
        name_apart(&mut selected.files);
        if selected.is_cut {
            let text = format!("more than {MAX_FILES} files or {} MB", MAX_BYTES / 1_000_000);
            selected.skipped.push((text, "are not read in one call: name fewer".to_owned()));
        }
        Ok(selected)
    }

    async fn find(&self, patterns: Vec<String>) -> Result<Selected, ServiceError> {
        let (sandbox, settings) = (Arc::clone(&self.files.sandbox), self.files.settings.clone());
        // Dropped with the call.
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let _guard = stop.drop_guard();
        blocking(move || {
            let mut selected = Selected::default();
            let mut known = HashSet::new();
            let mut left =
                FindLimits { files: MAX_FILES, bytes: MAX_BYTES, file_bytes: settings.max_file_bytes as u64 };
            for (index, pattern) in patterns.iter().enumerate() {
                let found = sandbox
                    .find(pattern, &left, &|| stopped.is_cancelled())
                    .map_err(|error| refused(&argument_of(index), &error))?;
                let Found { files, skipped, folders, is_cut } = found;
                for file in files {
                    let key = file.path.to_string_lossy().into_owned();
                    if !known.insert(key.clone()) {
                        continue;
                    }
                    let modified = file.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
                    left.files = left.files.saturating_sub(1);
                    left.bytes = left.bytes.saturating_sub(file.size);
                    selected.files.push(SelectedFile {
                        key,
                        name: file.name,
                        size: file.size,
                        modified_ns: i64::try_from(modified.as_nanos()).unwrap_or(i64::MAX),
                        upload: None,
                    });
                }
                selected.skipped.extend(skipped);
                selected.folders.extend(folders);
                selected.is_cut |= is_cut;
            }
            Ok(selected)
        })
        .await
    }

    async fn uploads(&self, caller: &Caller, ids: &[String]) -> Result<Selected, ServiceError> {
        let mut selected = Selected::default();
        let mut known = HashSet::new();
        for (index, id) in ids.iter().enumerate() {
            let (upload, path) = self.uploads.locate(caller, &argument_of(index), id).await?;
            if known.insert(upload.id.clone()) {
                selected.files.push(SelectedFile {
                    key: upload.id,
                    name: upload.name,
                    size: upload.bytes,
                    modified_ns: 0,
                    upload: Some(path),
                });
            }
        }
        Ok(selected)
    }

    /// Reads a file as text. The error is a predicate that follows its name.
    pub(super) async fn read(&self, file: &SelectedFile) -> Result<FileText, String> {
        let Ok(permit) = Arc::clone(&self.reading).acquire_owned().await else {
            return Err("was not read: the program ends".to_owned());
        };
        let (sandbox, max_bytes) =
            (Arc::clone(&self.files.sandbox), self.files.settings.max_file_bytes as u64);
        let file = file.clone();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let _guard = stop.drop_guard();
        let read = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let opened = file.open(&sandbox)?;
            let content = files::read(opened, max_bytes, &|| stopped.is_cancelled());
            match content.map_err(|error| error.to_string())? {
                Content::Text(text) => Ok(FileText::Text(text)),
                Content::Pdf(pages) => Ok(FileText::Pages(pages)),
                Content::Image { .. } => Err("is an image, and only text is read here".to_owned()),
            }
        });
        read.await.unwrap_or_else(|_| Err("was not read: its reader failed".to_owned()))
    }

    /// Whether a file of this machine that is in the index may still be read.
    pub(super) async fn may_still_be_read(&self, keys: Vec<String>) -> Vec<(String, bool)> {
        let sandbox = Arc::clone(&self.files.sandbox);
        let checked = tokio::task::spawn_blocking(move || {
            keys.into_iter()
                .map(|key| (sandbox.open(&key).is_ok(), key))
                .map(|(may, key)| (key, may))
                .collect()
        });
        checked.await.unwrap_or_default()
    }
}

impl SelectedFile {
    #[cfg(test)]
    pub(super) fn named(name: &str, size: u64, modified_ns: i64) -> Self {
        Self { key: name.to_owned(), name: name.to_owned(), size, modified_ns, upload: None }
    }

    fn open(&self, sandbox: &Sandbox) -> Result<Opened, String> {
        let Some(path) = &self.upload else {
            return sandbox.open(&self.key).map_err(|error| match error {
                SandboxError::NothingAllowed => error.to_string(),
                SandboxError::Denied { reason, .. }
                | SandboxError::Private { reason, .. }
                | SandboxError::Unreadable { reason, .. } => reason,
            });
        };
        let file = open_uploaded(path, &self.key).map_err(|error| error.message)?;
        let size = file.metadata().map_err(|error| format!("cannot be read: {error}"))?.len();
        Ok(Opened { file, name: self.name.clone(), size })
    }
}

impl FileText {
    pub(super) fn source<'a>(&'a self, name: &'a str) -> Source<'a> {
        match self {
            Self::Text(text) => Source::Text { name, text },
            Self::Pages(pages) => Source::Pages(pages),
        }
    }

    /// Digest of what was read.
    pub(super) fn hash(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        match self {
            Self::Text(text) => hash.update(text),
            Self::Pages(pages) => {
                for page in pages {
                    // No text has this byte, so pages are told apart.
                    hash.update(b"\xff");
                    hash.update(page.as_deref().unwrap_or("\u{0}"));
                }
            }
        }
        hash.finalize().to_vec()
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Pages(pages) => pages.iter().flatten().map(String::len).sum(),
        }
    }

    pub(super) fn unread_pages(&self) -> usize {
        match self {
            Self::Text(_) => 0,
            Self::Pages(pages) => pages.iter().filter(|page| page.is_none()).count(),
        }
    }
}

impl fmt::Debug for FileText {
    /// No text of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Pages(_) => "Pages(..)",
        })
    }
}

/// Cuts a list of what was left out to what an answer tells.
pub(super) fn told(mut skipped: Vec<(String, String)>) -> Vec<(String, String)> {
    let more = skipped.len().saturating_sub(MAX_TOLD);
    skipped.truncate(MAX_TOLD);
    if more > 0 {
        skipped.push((format!("{more} more"), "were not read".to_owned()));
    }
    skipped
}

/// Gives files with the same name different ones: by their paths, or the beginning of their ids.
fn name_apart(files: &mut [SelectedFile]) {
    let mut count: HashMap<String, usize> = HashMap::new();
    for file in files.iter() {
        *count.entry(file.name.clone()).or_default() += 1;
    }
    for file in files.iter_mut().filter(|file| count.get(&file.name).is_some_and(|count| *count > 1)) {
        file.name = match &file.upload {
            Some(_) => format!("{} ({})", file.name, file.key.chars().take(12).collect::<String>()),
            None => Path::new(&file.key).to_string_lossy().replace('\\', "/"),
        };
    }
}

fn argument_of(index: usize) -> String {
    format!("{FILES}[{index}]")
}
