//! Reads and replaces a file: atomically, with a backup, and with its permissions and owner preserved.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tempfile::NamedTempFile;

use super::error::HostsError;
use platform::{keep_owner, lock_folder, read_regular, shared_permissions};

const BOM: &str = "\u{feff}";

/// Claude Code keeps its history in this file; files of tens of megabytes exist.
const MAX_BYTES: u64 = 256 << 20;

/// How long to wait for another installation, which takes milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(20);

/// The prefix and suffix of temporary files.
const TEMPORARY: (&str, &str) = (".ollama-mcp-", ".tmp");

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

/// Locks a file against other installations until it is dropped. Other programs ignore it.
#[derive(Debug)]
pub struct Lock {
    /// `None` if there is no folder yet, or its file system has no locks.
    _folder: Option<File>,
}

/// Waits until no other installation changes files of this folder, which is created first if a file will be written. The
/// lock is held from before the file is read until it is written.
///
/// # Errors
/// Another installation does not end, or the folder cannot be created.
pub fn lock(file: &Path, will_write: bool) -> Result<Lock, HostsError> {
    let unwritable = |source| HostsError::Unwritable { file: file.to_path_buf(), source };
    let target = follow(file).map_err(unwritable)?;
    if will_write {
        fs::create_dir_all(folder_of(&target)).map_err(unwritable)?;
    }
    let Ok(folder) = lock_folder(folder_of(&target)) else { return Ok(Lock { _folder: None }) };
    let started = Instant::now();
    loop {
        match folder.try_lock() {
            Ok(()) => return Ok(Lock { _folder: Some(folder) }),
            Err(TryLockError::WouldBlock) if started.elapsed() < LOCK_TIMEOUT => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(TryLockError::WouldBlock) => {
                let source = io::Error::new(ErrorKind::TimedOut, "another ollama-mcp is changing it");
                return Err(unwritable(source));
            }
            Err(TryLockError::Error(_)) => return Ok(Lock { _folder: None }),
        }
    }
}

/// Reads a file; `None` if it does not exist.
pub(super) fn read(file: &Path) -> Result<Option<Text>, HostsError> {
    let bytes = match read_regular(file, MAX_BYTES) {
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

/// A file's backups: regular files beside it. Those that cannot be read are left out.
pub(super) fn backups(file: &Path) -> Vec<(PathBuf, Text)> {
    let start = backup_name(file);
    let is_backup = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(start.as_encoded_bytes()))
            && is_plain(path)
    };
    let entries = file.parent().map(fs::read_dir).into_iter().flatten().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(is_backup);
    paths.filter_map(|path| Some((path.clone(), read(&path).ok()??))).collect()
}

/// Whether the file itself is a link.
pub(super) fn is_link(file: &Path) -> bool {
    fs::symlink_metadata(file).is_ok_and(|found| found.is_symlink())
}

/// Replaces `before` by `after` and returns the backup of `before`, if there was a file. A link is followed.
/// A new file is readable by the user alone if `private`.
pub(super) fn replace(
    file: &Path,
    before: Option<&Text>,
    after: &Text,
    private: bool,
    lock: &Lock,
) -> Result<Option<PathBuf>, HostsError> {
    let unwritable = |source| HostsError::Unwritable { file: file.to_path_buf(), source };
    let target = follow(file).map_err(unwritable)?;
    let folder = folder_of(&target);
    fs::create_dir_all(folder).map_err(unwritable)?;
    if lock._folder.is_some() {
        remove_abandoned(folder);
        remove_abandoned(folder_of(file));
    }
    let mut temporary = temporary(folder, private).map_err(unwritable)?;
    if before.is_some() {
        keep_attributes(temporary.as_file(), &target).map_err(unwritable)?;
    }
    temporary.write_all(&after.bytes()).map_err(unwritable)?;
    temporary.as_file().sync_all().map_err(unwritable)?;
    let Some(before) = before else {
        // Another program may have created the file in the meantime.
        return match temporary.persist_noclobber(&target) {
            Ok(_) => {
                sync_folder(folder);
                Ok(None)
            }
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => {
                Err(HostsError::Changed { file: file.to_path_buf() })
            }
            Err(error) => Err(unwritable(error.error)),
        };
    };
    let (backup, is_new) = back_up(file, &target, before).map_err(unwritable)?;
    // Hosts write these files too, some of them frequently.
    if read(&target)?.as_ref() != Some(before) {
        if is_new {
            let _ = fs::remove_file(backup);
        }
        return Err(HostsError::Changed { file: file.to_path_buf() });
    }
    temporary.persist(&target).map_err(|error| unwritable(error.error))?;
    sync_folder(folder);
    Ok(Some(backup))
}

/// Removes a file that still is `before`.
pub(super) fn remove(file: &Path, before: Option<&Text>) -> Result<(), HostsError> {
    if read(file)?.as_ref() != before {
        return Err(HostsError::Changed { file: file.to_path_buf() });
    }
    fs::remove_file(file).map_err(|source| HostsError::Unwritable { file: file.to_path_buf(), source })
}

/// The end of a chain of links, even if nothing exists there.
fn follow(file: &Path) -> io::Result<PathBuf> {
    let mut at = file.to_path_buf();
    // The limit of Linux.
    for _ in 0..40 {
        match fs::read_link(&at) {
            Ok(next) => at = folder_of(&at).join(next),
            Err(_) => return Ok(at),
        }
    }
    Err(io::Error::other("too many links"))
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("."))
}

/// Gives a new file the owner and the permissions of the one it replaces.
fn keep_attributes(file: &File, of: &Path) -> io::Result<()> {
    let found = fs::metadata(of)?;
    let permissions = found.permissions();
    // The folder would allow a replacement, but the file is protected on purpose.
    if permissions.readonly() {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "it is read-only"));
    }
    // Before the permissions: a change of owner clears some of them.
    keep_owner(file, &found)?;
    file.set_permissions(permissions)
}

/// A copy beside the file (not beside the target of a link), with the same permissions, and whether it is new. It gets its
/// name when it is complete, and only a name that is not in use: a link of that name is not followed.
fn back_up(file: &Path, target: &Path, before: &Text) -> io::Result<(PathBuf, bool)> {
    if let Some((known, _)) = backups(file).into_iter().find(|(_, text)| text == before) {
        return Ok((known, false));
    }
    let mut copy = temporary(folder_of(file), true)?;
    copy.write_all(&before.bytes())?;
    keep_attributes(copy.as_file(), target)?;
    copy.as_file().sync_all()?;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let mut name = backup_name(file);
    name.push(seconds.to_string());
    let mut number = 1;
    loop {
        let mut numbered = name.clone();
        if number > 1 {
            numbered.push(format!("-{number}"));
        }
        let backup = file.with_file_name(numbered);
        match copy.persist_noclobber(&backup) {
            Ok(_) => return Ok((backup, true)),
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => copy = error.file,
            Err(error) => return Err(error.error),
        }
        number += 1;
    }
}

/// The prefix of the names of a file's backups; the seconds since 1970 follow.
fn backup_name(file: &Path) -> OsString {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".bak-");
    name
}

/// A temporary file in the same folder, so that a rename replaces the file atomically.
fn temporary(folder: &Path, private: bool) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1);
    let shared = shared_permissions().filter(|_| !private);
    match shared {
        Some(permissions) => builder.permissions(permissions).tempfile_in(folder),
        None => builder.tempfile_in(folder),
    }
}

/// Removes the temporary files of killed installations, which may contain secrets. The lock is held, so no other installation
/// uses them.
fn remove_abandoned(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let abandoned = entries.filter(|entry| {
        let name = entry.file_name();
        let name = name.to_str().and_then(|name| name.strip_prefix(TEMPORARY.0)).unwrap_or_default();
        let random = name.strip_suffix(TEMPORARY.1).unwrap_or(name);
        random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    for path in abandoned.map(|entry| entry.path()).filter(|path| is_plain(path)) {
        let _ = fs::remove_file(path);
    }
}

fn is_plain(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file())
}

/// A rename is durable only after the folder is synced. Not every system can do that; the file is complete anyway.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
