//! Reads and replaces a file: whole or not at all, with a backup, and nothing about it changed but its text.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::error::HostsError;
use crate::platform::{keep_owner, shared_permissions};

const BOM: &str = "\u{feff}";

/// The text of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Text {
    /// Without a byte order mark.
    pub(super) text: String,
    bom: bool,
}

impl Text {
    /// The same file with another text.
    pub(super) fn with(&self, text: String) -> Self {
        Self { text, bom: self.bom }
    }

    fn bytes(&self) -> Vec<u8> {
        let bom = if self.bom { BOM } else { "" };
        format!("{bom}{}", self.text).into_bytes()
    }
}

/// Reads a file; `None` where there is none.
pub(super) fn read(file: &Path) -> Result<Option<Text>, HostsError> {
    let bytes = match fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(HostsError::Unreadable { file: file.to_path_buf(), source }),
    };
    let text = String::from_utf8(bytes).map_err(|_| HostsError::NotText { file: file.to_path_buf() })?;
    Ok(Some(match text.strip_prefix(BOM) {
        Some(rest) => Text { text: rest.to_owned(), bom: true },
        None => Text { text, bom: false },
    }))
}

/// The texts of a file's backups.
pub(super) fn backups(file: &Path) -> Vec<String> {
    let start = backup_name(file);
    let is_backup = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(start.as_encoded_bytes()))
    };
    let entries = file.parent().map(fs::read_dir).into_iter().flatten().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(is_backup);
    // One that cannot be read says nothing.
    paths.filter_map(|path| Some(read(&path).ok()??.text)).collect()
}

/// Replaces `before` by `after` and gives the backup of `before`, if there was a file. A link is followed.
/// A new file is for the user alone if `private`.
pub(super) fn replace(
    file: &Path,
    before: Option<&Text>,
    after: &Text,
    private: bool,
) -> Result<Option<PathBuf>, HostsError> {
    let unwritable = |source| HostsError::Unwritable { file: file.to_path_buf(), source };
    let target = follow(file).map_err(unwritable)?;
    let folder = target.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(unwritable)?;
    let mut temporary = temporary(folder, private).map_err(unwritable)?;
    if before.is_some() {
        let found = fs::metadata(&target).map_err(unwritable)?;
        let permissions = found.permissions();
        // The folder would allow it, but someone did not want it.
        if permissions.readonly() {
            return Err(unwritable(std::io::Error::new(ErrorKind::PermissionDenied, "it is read-only")));
        }
        // First, since it takes rights away.
        keep_owner(temporary.as_file(), &found).map_err(unwritable)?;
        temporary.as_file().set_permissions(permissions).map_err(unwritable)?;
    }
    temporary.write_all(&after.bytes()).map_err(unwritable)?;
    temporary.as_file().sync_all().map_err(unwritable)?;
    let backup = match before {
        Some(_) => Some(back_up(file, &target).map_err(unwritable)?),
        None => None,
    };
    // Hosts write these files too, some of them often.
    if read(&target)?.as_ref() != before {
        if let Some(backup) = backup {
            let _ = fs::remove_file(backup);
        }
        return Err(HostsError::Changed { file: file.to_path_buf() });
    }
    temporary.persist(&target).map_err(|error| unwritable(error.error))?;
    // The new name lasts only once the folder is on the disk. Not every system can do that; the file is whole anyway.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(backup)
}

/// Where a chain of links ends, even if nothing is there yet.
fn follow(file: &Path) -> std::io::Result<PathBuf> {
    let mut at = file.to_path_buf();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::read_link(&at) {
            Ok(next) => at = at.parent().unwrap_or(Path::new(".")).join(next),
            Err(_) => return Ok(at),
        }
    }
    Err(std::io::Error::other("too many links"))
}

/// A copy beside the file that the user knows, with the same permissions.
fn back_up(file: &Path, target: &Path) -> std::io::Result<PathBuf> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut name = backup_name(file);
    name.push(seconds.to_string());
    let mut backup = file.with_file_name(&name);
    let mut number = 1;
    while backup.symlink_metadata().is_ok() {
        number += 1;
        let mut numbered = name.clone();
        numbered.push(format!("-{number}"));
        backup = file.with_file_name(numbered);
    }
    fs::copy(target, &backup)?;
    // Windows lets only a writer flush.
    let copy = File::options().append(true).open(&backup)?;
    let found = fs::metadata(target)?;
    keep_owner(&copy, &found)?;
    copy.set_permissions(found.permissions())?;
    copy.sync_all()?;
    Ok(backup)
}

/// What the names of a file's backups begin with; the seconds since 1970 follow.
fn backup_name(file: &Path) -> OsString {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".bak-");
    name
}

/// In the same folder, so that the file can take its place in one step.
fn temporary(folder: &Path, private: bool) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ollama-mcp-");
    let shared = shared_permissions().filter(|_| !private);
    match shared {
        Some(permissions) => builder.permissions(permissions).tempfile_in(folder),
        None => builder.tempfile_in(folder),
    }
}
