//! The sandbox: a file is opened only if it lies below an allowed directory, and the file that was checked is the file
//! that is read.
//!
//! A path is compared as text first, so that nothing outside is accessed. Then its links are resolved, the result is
//! compared again, and opened component by component from a handle of the allowed directory without following links:
//! a link that is created in between makes the opening fail. A hard link cannot be told from the file itself.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf, Prefix};

use cap_fs_ext::{DirExt as _, FollowSymlinks, OpenOptionsFollowExt as _, OpenOptionsSyncExt as _};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

use super::secrets::{is_copy_of, secret_part};
use super::text::in_a_line;
use platform::{FIFOS_WAIT, FILES_HAVE_CASE, PATHS_HAVE_DRIVES};
use settings::with_home;

/// The directories and files that may be read, and exceptions from them.
#[derive(Debug, Clone, Default)]
pub struct Sandbox {
    allowed: Vec<PathBuf>,
    private: Vec<PathBuf>,
}

/// A regular file below an allowed directory.
#[derive(Debug)]
pub struct Opened {
    /// The file, at its start, for reading.
    pub file: File,
    /// Its path relative to the allowed directory, with `/` as separator, on one line.
    pub name: String,
    /// Its size in bytes when it was opened; it may change.
    pub size: u64,
}

/// Why a file is not opened. The texts name the path as it was given, never the content of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    #[error("no directory is allowed for files")]
    NothingAllowed,
    /// Reading the path is not allowed.
    #[error("{path:?} {reason}")]
    Denied {
        path: String,
        /// A predicate, to follow the path.
        reason: String,
    },
    /// The file may hold secrets, so it is read only if the file itself is allowed, not its directory.
    #[error("{path:?} {reason}; it is read only if that file itself is allowed")]
    Private {
        /// As it was given.
        path: String,
        /// Follows the path.
        reason: String,
    },
    /// Reading the path is allowed but fails.
    #[error("{path:?} {reason}")]
    Unreadable {
        path: String,
        /// A predicate, to follow the path.
        reason: String,
    },
}

impl Sandbox {
    /// Allows directories and single files, by their absolute paths.
    pub fn new(allowed: Vec<PathBuf>) -> Self {
        Self { allowed, private: Vec::new() }
    }

    /// Denies files that hold secrets under any name, and all files of such a directory. Each is read only if that file
    /// itself is allowed.
    pub fn with_private(self, private: Vec<PathBuf>) -> Self {
        Self { private, ..self }
    }

    /// The allowed paths, as they were configured.
    pub fn allowed(&self) -> &[PathBuf] {
        &self.allowed
    }

    /// Opens a file by its path, which may begin with `~/` or be a `file://` URI. A relative path starts at the allowed
    /// directory, if there is exactly one. Never blocks on a FIFO or a device.
    ///
    /// # Errors
    /// The path is outside, looks like a secret, is not a regular file, or cannot be opened.
    pub fn open(&self, text: &str) -> Result<Opened, SandboxError> {
        if self.allowed.is_empty() {
            return Err(SandboxError::NothingAllowed);
        }
        let path = self.absolute(text)?;
        let found = self.locate(text, &path)?;
        let (file, size) =
            open_below(&found.root.real, &found.rest).map_err(|error| unreadable(text, &error))?;
        Ok(Opened { file, name: name_of(&found.given, &path), size })
    }

    /// Where a path leads, if all of it is allowed; `text` is what errors name. Nothing is opened.
    pub(super) fn locate(&self, text: &str, path: &Path) -> Result<Located, SandboxError> {
        let denied = |reason: String| SandboxError::Denied { path: text.to_owned(), reason };
        let roots: Vec<Root> = self.allowed.iter().filter_map(|given| Root::of(given)).collect();
        if roots.is_empty() {
            let shown: Vec<_> = self.allowed.iter().map(|path| path.display().to_string()).collect();
            let reason = format!("cannot be read: {} does not exist", shown.join(", "));
            return Err(SandboxError::Unreadable { path: text.to_owned(), reason });
        }
        let requested = roots.iter().flat_map(|root| root.below(path).map(|rest| (root, rest)));
        let (root, given) =
            first_not_secret(requested).map_err(|denial| denial.error(text, &self.allowed))?;
        let real = std::fs::canonicalize(root.at(&given)).map_err(|error| self.missing(text, &error))?;
        let found =
            roots.iter().filter_map(|root| Some((root, real.strip_prefix(&root.real).ok()?.to_path_buf())));
        let (root, rest) = first_not_secret(found).map_err(|denial| denied(denial.link_text()))?;
        if !roots.iter().any(|root| root.real == real) && self.private_files().holds(&real) {
            let reason = "is a file of settings or data that can hold secrets".to_owned();
            return Err(SandboxError::Private { path: text.to_owned(), reason });
        }
        let root = root.clone();
        Ok(Located { root, given, rest, real })
    }

    /// Why a path that leads to no file cannot be read. A relative one may be meant from elsewhere.
    fn missing(&self, text: &str, error: &io::Error) -> SandboxError {
        let mut reason = open_reason(error);
        let is_relative = !is_file_uri(text) && with_home(text).is_relative();
        if let [root] = self.allowed.as_slice()
            && is_relative
            && error.kind() == io::ErrorKind::NotFound
        {
            reason.push_str(&format!("; relative paths start at {}", root.display()));
        }
        SandboxError::Unreadable { path: text.to_owned(), reason }
    }

    /// The absolute path that a text means.
    pub(super) fn absolute(&self, text: &str) -> Result<PathBuf, SandboxError> {
        self.absolute_path(text).map_err(|reason| SandboxError::Denied { path: text.to_owned(), reason })
    }

    fn absolute_path(&self, text: &str) -> Result<PathBuf, String> {
        let path = if is_file_uri(text) {
            let wrong = "is not a file URI of this machine; write file:///PATH, or the path alone";
            let uri = url::Url::parse(text).map_err(|_| wrong)?;
            uri.to_file_path().map_err(|()| wrong)?
        } else {
            with_home(text)
        };
        if text.trim().is_empty() {
            return Err("is empty; it must be the path of a file".to_owned());
        }
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err("holds a NUL character".to_owned());
        }
        for part in path.components() {
            match part {
                Component::ParentDir => return Err("contains \"..\"; write the path without it".to_owned()),
                Component::Prefix(prefix) if !is_plain(prefix.kind()) && !self.allows(prefix.as_os_str()) => {
                    return Err("is on a device or a share, which is not allowed".to_owned());
                }
                // An alternate stream of a file has the file's name and its own contents.
                Component::Normal(name) if PATHS_HAVE_DRIVES && name.as_encoded_bytes().contains(&b':') => {
                    return Err("has a colon in a name; alternate streams are not read".to_owned());
                }
                _ => {}
            }
        }
        if path.is_absolute() {
            return Ok(path);
        }
        if path.has_root() || matches!(path.components().next(), Some(Component::Prefix(_))) {
            return Err("is relative to a drive; write the whole path".to_owned());
        }
        match self.allowed.as_slice() {
            [only] => Ok(only.join(path)),
            many => {
                Err(format!("is relative, and {} directories are allowed; write the whole path", many.len()))
            }
        }
    }

    /// The private files, looked up now.
    pub(super) fn private_files(&self) -> PrivateFiles {
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        let beside =
            |path: &Path| Some((real(path.parent()?)?, path.file_name()?.to_string_lossy().into_owned()));
        PrivateFiles {
            paths: self.private.iter().filter_map(|path| real(path)).collect(),
            names: self.private.iter().filter_map(|path| beside(path)).collect(),
        }
    }

    /// Whether a path on this share or device is allowed.
    fn allows(&self, prefix: &std::ffi::OsStr) -> bool {
        let prefix = Component::Normal(prefix);
        self.allowed.iter().any(|path| {
            path.components().next().is_some_and(|first| same(&Component::Normal(first.as_os_str()), &prefix))
        })
    }
}

/// A path that is allowed and exists.
pub(super) struct Located {
    /// The allowed directory or file that it is below.
    pub(super) root: Root,
    /// The path below its allowed directory, as it was given.
    pub(super) given: PathBuf,
    /// The path below `root`, with links resolved.
    pub(super) rest: PathBuf,
    /// The whole path, with links resolved.
    pub(super) real: PathBuf,
}

/// Files that may hold secrets under any name, and directories of such files, by their resolved paths.
pub(super) struct PrivateFiles {
    paths: Vec<PathBuf>,
    /// Directories and names, of which there may be backup copies.
    names: Vec<(PathBuf, String)>,
}

impl PrivateFiles {
    /// Whether a file, by its resolved path, is a private file or a backup copy beside one.
    pub(super) fn holds(&self, real: &Path) -> bool {
        let is_copy = |(folder, original): &(PathBuf, String)| {
            real.parent() == Some(folder)
                && real.file_name().is_some_and(|name| is_copy_of(&name.to_string_lossy(), original))
        };
        self.paths.iter().any(|path| real.starts_with(path)) || self.names.iter().any(is_copy)
    }
}

/// An allowed directory or file that exists.
#[derive(Clone)]
pub(super) struct Root {
    /// The path as it was configured.
    given: PathBuf,
    /// The path with links resolved.
    pub(super) real: PathBuf,
}

impl Root {
    fn of(given: &Path) -> Option<Self> {
        Some(Self { given: given.to_path_buf(), real: std::fs::canonicalize(given).ok()? })
    }

    /// The path of `rest` below this one. Joining an empty path would add a slash to a file.
    fn at(&self, rest: &Path) -> PathBuf {
        if rest.as_os_str().is_empty() { self.real.clone() } else { self.real.join(rest) }
    }

    /// The part of a path below this one, by its text alone.
    fn below(&self, path: &Path) -> Option<PathBuf> {
        after(path, &self.given).or_else(|| after(path, &self.real))
    }
}

/// Why no allowed directory admits a path.
enum Denial {
    Outside,
    Secret(String),
}

impl Denial {
    fn error(self, path: &str, allowed: &[PathBuf]) -> SandboxError {
        let path = path.to_owned();
        match self {
            Self::Outside => {
                let shown: Vec<_> = allowed.iter().map(|path| path.display().to_string()).collect();
                let reason = format!("is not below an allowed directory ({})", shown.join(", "));
                SandboxError::Denied { path, reason }
            }
            Self::Secret(part) => {
                SandboxError::Private { path, reason: format!("looks like a secrets file ({part})") }
            }
        }
    }

    fn link_text(self) -> String {
        match self {
            Self::Outside => "is a link that leads out of the allowed directories".to_owned(),
            Self::Secret(part) => format!("is a link to something that looks like a secrets file ({part})"),
        }
    }
}

/// The first candidate whose path below its allowed directory has no name of a secret.
fn first_not_secret<'a>(
    candidates: impl Iterator<Item = (&'a Root, PathBuf)>,
) -> Result<(&'a Root, PathBuf), Denial> {
    let mut denial = Denial::Outside;
    for (root, rest) in candidates {
        match secret_part(&root.real, &rest) {
            None => return Ok((root, rest)),
            Some(part) => denial = Denial::Secret(part),
        }
    }
    Err(denial)
}

/// Opens the file at `rest` below `root`, or `root` itself, without following links.
pub(super) fn open_below(root: &Path, rest: &Path) -> io::Result<(File, u64)> {
    let (root, rest) = match root.parent() {
        // The allowed path is a single file.
        Some(parent) if rest.as_os_str().is_empty() => (parent, root.strip_prefix(parent).unwrap_or(root)),
        _ => (root, rest),
    };
    let mut dir = Dir::open_ambient_dir(root, ambient_authority())?;
    let mut parts: Vec<_> = rest.iter().collect();
    let Some(name) = parts.pop() else { return Err(io::ErrorKind::IsADirectory.into()) };
    for part in parts {
        dir = dir.open_dir_nofollow(part)?;
    }
    // Checked before opening too: opening a device can have an effect.
    let found = dir.symlink_metadata(name)?;
    check_regular(found.is_file(), found.is_dir())?;
    let mut options = OpenOptions::new();
    // Without this, opening a FIFO that was created in between would block.
    options.read(true).follow(FollowSymlinks::No).nonblock(FIFOS_WAIT);
    let file = dir.open_with(name, &options)?.into_std();
    let found = file.metadata()?;
    check_regular(found.is_file(), found.is_dir())?;
    Ok((file, found.len()))
}

fn check_regular(is_file: bool, is_dir: bool) -> io::Result<()> {
    match (is_file, is_dir) {
        (true, _) => Ok(()),
        (_, true) => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::other(NotRegular)),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no regular file")]
struct NotRegular;

fn is_file_uri(text: &str) -> bool {
    text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("file:"))
}

fn unreadable(text: &str, error: &io::Error) -> SandboxError {
    SandboxError::Unreadable { path: text.to_owned(), reason: open_reason(error) }
}

fn open_reason(error: &io::Error) -> String {
    if error.get_ref().is_some_and(|inner| inner.is::<NotRegular>()) {
        return "is not a regular file".to_owned();
    }
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "cannot be read by this user (permission denied)".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory; name the files in it".to_owned(),
        _ => format!("cannot be opened: {error}"),
    }
}

/// What follows `prefix` in a path, compared component by component.
fn after(path: &Path, prefix: &Path) -> Option<PathBuf> {
    let mut parts = path.components();
    for part in prefix.components() {
        if !same(&parts.next()?, &part) {
            return None;
        }
    }
    Some(parts.as_path().to_path_buf())
}

/// Whether two components are equal; case is ignored where the system's own file systems ignore it. Only the prefix of
/// a path is compared like this: what follows is looked up below the directory itself.
fn same(a: &Component<'_>, b: &Component<'_>) -> bool {
    if FILES_HAVE_CASE {
        return a == b;
    }
    a.as_os_str().to_string_lossy().to_lowercase() == b.as_os_str().to_string_lossy().to_lowercase()
}

/// Whether a prefix is a drive, not a device, a share or a verbatim path.
fn is_plain(prefix: Prefix<'_>) -> bool {
    matches!(prefix, Prefix::Disk(_) | Prefix::VerbatimDisk(_))
}

pub(super) fn name_of(rest: &Path, path: &Path) -> String {
    let parts: Vec<_> = rest.iter().map(|part| part.to_string_lossy()).collect();
    in_a_line(&match parts.is_empty() {
        true => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        false => parts.join("/"),
    })
}

#[cfg(test)]
mod tests;
