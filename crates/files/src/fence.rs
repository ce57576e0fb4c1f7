//! The fence: a file is opened if it lies below an allowed directory, and the file that was checked is the file that
//! is read.
//!
//! A path is compared as a text first, so that nothing outside is even looked at. Then it is resolved, links and all,
//! compared again, and opened part by part from a handle of the allowed directory, following no link: one that is
//! put there in between makes the opening fail. A hard link cannot be told from the file itself.

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

/// What may be opened.
#[derive(Debug, Clone, Default)]
pub struct Fence {
    allowed: Vec<PathBuf>,
    private: Vec<PathBuf>,
}

/// A file that was checked: a regular one, below an allowed directory.
#[derive(Debug)]
pub struct Opened {
    /// The file, at its start, for reading.
    pub file: File,
    /// Its path below the allowed directory, with `/` between the parts, on one line.
    pub name: String,
    /// Its size in bytes when it was opened.
    pub size: u64,
}

/// Why a file is not opened. The texts name the path as it was given, never what the file holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FenceError {
    /// No directory is allowed at all.
    #[error("no directory is allowed for files")]
    NothingAllowed,
    /// The path may not be read.
    #[error("{path:?} {reason}")]
    Denied {
        /// As it was given.
        path: String,
        /// Follows the path.
        reason: String,
    },
    /// It may hold secrets, so it is read only where the file itself is allowed, not its directory.
    #[error("{path:?} {reason}; it is read only if that file itself is allowed")]
    Private {
        /// As it was given.
        path: String,
        /// Follows the path.
        reason: String,
    },
    /// The path may be read and cannot be.
    #[error("{path:?} {reason}")]
    Unreadable {
        /// As it was given.
        path: String,
        /// Follows the path.
        reason: String,
    },
}

impl Fence {
    /// A fence around directories and single files, by their whole paths.
    pub fn new(allowed: Vec<PathBuf>) -> Self {
        Self { allowed, private: Vec::new() }
    }

    /// The same, with files that hold secrets whatever their names are: each is read only where itself is allowed.
    pub fn with_private(self, private: Vec<PathBuf>) -> Self {
        Self { private, ..self }
    }

    /// What is allowed, as it was configured.
    pub fn allowed(&self) -> &[PathBuf] {
        &self.allowed
    }

    /// Opens a file: a path, one beginning with `~/`, or a `file://` URI. A relative path counts from the allowed
    /// directory, where there is exactly one. Never waits for a FIFO or a device.
    ///
    /// # Errors
    /// [`FenceError`]: what is outside, a secret by its name, no regular file, or cannot be opened.
    pub fn open(&self, text: &str) -> Result<Opened, FenceError> {
        if self.allowed.is_empty() {
            return Err(FenceError::NothingAllowed);
        }
        let denied = |reason: String| FenceError::Denied { path: text.to_owned(), reason };
        let unreadable = |reason: String| FenceError::Unreadable { path: text.to_owned(), reason };
        let path = self.absolute(text).map_err(denied)?;
        let roots: Vec<Root> = self.allowed.iter().filter_map(|given| Root::of(given)).collect();
        if roots.is_empty() {
            let shown: Vec<_> = self.allowed.iter().map(|path| path.display().to_string()).collect();
            return Err(unreadable(format!("cannot be read: {} does not exist", shown.join(", "))));
        }
        let asked = roots.iter().flat_map(|root| root.below(&path).map(|rest| (root, rest)));
        let (root, rest) = not_secret(asked).map_err(|why| why.error(text, &self.allowed))?;
        let real = std::fs::canonicalize(root.at(&rest)).map_err(|error| unreadable(why_not(&error)))?;
        let found =
            roots.iter().filter_map(|root| Some((root, real.strip_prefix(&root.real).ok()?.to_path_buf())));
        let (real_root, real_rest) = not_secret(found).map_err(|why| denied(why.link_text()))?;
        if self.is_private(&real) && !roots.iter().any(|root| root.real == real) {
            let reason = "is a file of settings or data that can hold secrets".to_owned();
            return Err(FenceError::Private { path: text.to_owned(), reason });
        }
        let (file, size) =
            open_below(&real_root.real, &real_rest).map_err(|error| unreadable(why_not(&error)))?;
        Ok(Opened { file, name: name_of(&rest, &path), size })
    }

    /// The whole path that a text means.
    fn absolute(&self, text: &str) -> Result<PathBuf, String> {
        let is_uri = text.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("file:"));
        let path = if is_uri {
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

    /// Whether a file, by the path with no link in it, is one of those that hold secrets, or a copy beside one.
    fn is_private(&self, real: &Path) -> bool {
        let is_copy = |path: &Path| {
            let names = real.file_name().zip(path.file_name());
            names.is_some_and(|(copy, of)| is_copy_of(&copy.to_string_lossy(), &of.to_string_lossy()))
                && path.parent().and_then(|folder| std::fs::canonicalize(folder).ok()).as_deref()
                    == real.parent()
        };
        self.private
            .iter()
            .any(|path| is_copy(path) || std::fs::canonicalize(path).is_ok_and(|path| path == real))
    }

    /// Whether something on a share is allowed itself.
    fn allows(&self, prefix: &std::ffi::OsStr) -> bool {
        let prefix = Component::Normal(prefix);
        self.allowed.iter().any(|path| {
            path.components().next().is_some_and(|first| same(&Component::Normal(first.as_os_str()), &prefix))
        })
    }
}

/// An allowed directory or file that exists.
struct Root {
    /// As it was configured.
    given: PathBuf,
    /// Where it is: no link in it.
    real: PathBuf,
}

impl Root {
    fn of(given: &Path) -> Option<Self> {
        Some(Self { given: given.to_path_buf(), real: std::fs::canonicalize(given).ok()? })
    }

    /// What lies at `rest` below; joined to nothing, a file would end in a slash.
    fn at(&self, rest: &Path) -> PathBuf {
        if rest.as_os_str().is_empty() { self.real.clone() } else { self.real.join(rest) }
    }

    /// What of a path comes after this one, by its text alone.
    fn below(&self, path: &Path) -> Option<PathBuf> {
        after(path, &self.given).or_else(|| after(path, &self.real))
    }
}

/// Why no allowed directory admits a path.
enum Why {
    Outside,
    Secret(String),
}

impl Why {
    fn error(self, path: &str, allowed: &[PathBuf]) -> FenceError {
        let path = path.to_owned();
        match self {
            Self::Outside => {
                let shown: Vec<_> = allowed.iter().map(|path| path.display().to_string()).collect();
                let reason = format!("is not below an allowed directory ({})", shown.join(", "));
                FenceError::Denied { path, reason }
            }
            Self::Secret(part) => {
                FenceError::Private { path, reason: format!("looks like a secrets file ({part})") }
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

/// The first place below an allowed directory with no secret on the way there.
fn not_secret<'a>(places: impl Iterator<Item = (&'a Root, PathBuf)>) -> Result<(&'a Root, PathBuf), Why> {
    let mut why = Why::Outside;
    for (root, rest) in places {
        match secret_part(&root.real, &rest) {
            None => return Ok((root, rest)),
            Some(part) => why = Why::Secret(part),
        }
    }
    Err(why)
}

/// Opens what lies at `rest` below `root`, or `root` itself, following no link.
fn open_below(root: &Path, rest: &Path) -> io::Result<(File, u64)> {
    let (root, rest) = match root.parent() {
        // A single file is allowed.
        Some(parent) if rest.as_os_str().is_empty() => (parent, root.strip_prefix(parent).unwrap_or(root)),
        _ => (root, rest),
    };
    let mut dir = Dir::open_ambient_dir(root, ambient_authority())?;
    let mut parts: Vec<_> = rest.iter().collect();
    let Some(name) = parts.pop() else { return Err(io::ErrorKind::IsADirectory.into()) };
    for part in parts {
        dir = dir.open_dir_nofollow(part)?;
    }
    // Asked before the opening too, since to open a device can do something.
    let found = dir.symlink_metadata(name)?;
    regular(found.is_file(), found.is_dir())?;
    let mut options = OpenOptions::new();
    // A FIFO that was put there in between is not waited for.
    options.read(true).follow(FollowSymlinks::No).nonblock(FIFOS_WAIT);
    let file = dir.open_with(name, &options)?.into_std();
    let found = file.metadata()?;
    regular(found.is_file(), found.is_dir())?;
    Ok((file, found.len()))
}

fn regular(is_file: bool, is_dir: bool) -> io::Result<()> {
    match (is_file, is_dir) {
        (true, _) => Ok(()),
        (_, true) => Err(io::ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::other(NotRegular)),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("no regular file")]
struct NotRegular;

fn why_not(error: &io::Error) -> String {
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

/// What of a path comes after a beginning, part by part.
fn after(path: &Path, beginning: &Path) -> Option<PathBuf> {
    let mut parts = path.components();
    for part in beginning.components() {
        if !same(&parts.next()?, &part) {
            return None;
        }
    }
    Some(parts.as_path().to_path_buf())
}

/// Whether two parts are one where the system's own file systems do not tell cases apart. Only the beginning of a path
/// is compared so, and what follows is looked up below the directory itself.
fn same(a: &Component<'_>, b: &Component<'_>) -> bool {
    if FILES_HAVE_CASE {
        return a == b;
    }
    a.as_os_str().to_string_lossy().to_lowercase() == b.as_os_str().to_string_lossy().to_lowercase()
}

/// A drive; not a device, a share or a path that Windows leaves unread.
fn is_plain(prefix: Prefix<'_>) -> bool {
    matches!(prefix, Prefix::Disk(_) | Prefix::VerbatimDisk(_))
}

fn name_of(rest: &Path, path: &Path) -> String {
    let parts: Vec<_> = rest.iter().map(|part| part.to_string_lossy()).collect();
    in_a_line(&match parts.is_empty() {
        true => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        false => parts.join("/"),
    })
}

#[cfg(test)]
mod tests;
