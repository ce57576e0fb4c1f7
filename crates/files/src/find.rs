//! Files that a path, a folder or a glob means, below the allowed directories.
//!
//! Nothing but ignore files is opened. What is found is opened later by [`Sandbox::open`], which checks it again.

mod ignored;
mod skipped;
mod walk;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::sandbox::{Located, name_of};
use super::{ReadError, Sandbox, SandboxError};
use platform::FILES_HAVE_CASE;
use walk::{Fence, Walk};

/// How much one call may find.
#[derive(Debug, Clone, Copy)]
pub struct FindLimits {
    pub files: usize,
    /// Of all files together.
    pub bytes: u64,
    /// Larger files are skipped.
    pub file_bytes: u64,
}

/// A file that was found. It was not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundFile {
    /// Its absolute path with links resolved, which [`Sandbox::open`] opens.
    pub path: PathBuf,
    /// Its path relative to the allowed directory, with `/` as separator, on one line.
    pub name: String,
    pub size: u64,
    pub modified: SystemTime,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// In the order of their names, each once.
    pub files: Vec<FoundFile>,
    /// What was left out, for people: the name, and a predicate that follows it.
    pub skipped: Vec<(String, String)>,
    /// The absolute paths of the folders that were searched as a whole: what is indexed below one and was not found is gone.
    pub folders: Vec<PathBuf>,
    /// A limit was reached, and there are more files.
    pub is_cut: bool,
}

impl Sandbox {
    /// Finds the files of a path, a folder (all files below it) or a glob (`**/*.md`). A name with characters of globs that
    /// exists is that file. Ends early once `stopped` returns `true`.
    ///
    /// In folders, files are left out that are hidden (unless the glob names a part with a leading dot), that `.gitignore` or
    /// `.ignore` names, that look like secrets, are links, or hold no text.
    ///
    /// # Errors
    /// As [`Sandbox::open`]; a glob that is not valid; a single file that is too large; nothing was found.
    pub fn find(
        &self,
        pattern: &str,
        limits: &FindLimits,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Found, SandboxError> {
        if self.allowed().is_empty() {
            return Err(SandboxError::NothingAllowed);
        }
        let path = self.absolute(pattern)?;
        let located = self.locate(pattern, &path);
        let glob = match &located {
            Err(SandboxError::Unreadable { .. } | SandboxError::Denied { .. }) => glob_of(&path),
            _ => None,
        };
        match glob {
            None => self.files_of(pattern, &path, located?, limits, stopped),
            Some((base, parts)) => {
                let matcher = PathGlob::new(&parts)
                    .map_err(|reason| SandboxError::Denied { path: pattern.to_owned(), reason })?;
                let located = self.locate(pattern, &base)?;
                let mut walk = Walk::new(self.fence(), limits, stopped);
                walk.folder(&located.root.real, &located.rest, Some(&matcher));
                found(pattern, &located.real, walk)
            }
        }
    }

    /// The file or the files of a path that exists.
    fn files_of(
        &self,
        pattern: &str,
        path: &Path,
        located: Located,
        limits: &FindLimits,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Found, SandboxError> {
        let unreadable = |reason: String| SandboxError::Unreadable { path: pattern.to_owned(), reason };
        let metadata = std::fs::symlink_metadata(&located.real)
            .map_err(|error| unreadable(format!("cannot be read: {error}")))?;
        if metadata.is_dir() {
            let mut walk = Walk::new(self.fence(), limits, stopped);
            walk.folder(&located.root.real, &located.rest, None);
            return found(pattern, &located.real, walk);
        }
        if !metadata.is_file() {
            return Err(unreadable("is not a regular file".to_owned()));
        }
        if metadata.len() > limits.file_bytes {
            let error = ReadError::TooLarge { size: metadata.len(), limit: limits.file_bytes };
            return Err(unreadable(error.to_string()));
        }
        let (is_cut, name) =
            (limits.files == 0 || metadata.len() > limits.bytes, name_of(&located.rest, path));
        let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let file = FoundFile { path: located.real, name, size: metadata.len(), modified };
        let files = if is_cut { Vec::new() } else { vec![file] };
        Ok(Found { files, is_cut, ..Found::default() })
    }

    fn fence(&self) -> Fence {
        let allowed = self.allowed().iter().filter_map(|path| std::fs::canonicalize(path).ok()).collect();
        Fence { private: self.private_files(), allowed }
    }
}

/// What was found, or why nothing was.
fn found(pattern: &str, folder: &Path, walk: Walk<'_>) -> Result<Found, SandboxError> {
    let found = walk.finish();
    if found.files.is_empty() && !found.is_cut {
        let skipped: Vec<_> = found.skipped.iter().map(|(name, what)| format!("{name} {what}")).collect();
        let skipped = if skipped.is_empty() { String::new() } else { format!(": {}", skipped.join("; ")) };
        let reason = format!("has no files that can be read; {} was searched{skipped}", folder.display());
        return Err(SandboxError::Unreadable { path: pattern.to_owned(), reason });
    }
    Ok(found)
}

/// The folder that a glob starts at, and its parts below that; `None` if the path is no glob.
fn glob_of(path: &Path) -> Option<(PathBuf, Vec<String>)> {
    let is_plain = |part: &&std::ffi::OsStr| !part.to_string_lossy().contains(['*', '?', '[', '{']);
    let base: PathBuf = path.iter().take_while(is_plain).collect();
    let parts: Vec<_> =
        path.iter().skip_while(is_plain).map(|part| part.to_string_lossy().into_owned()).collect();
    (!parts.is_empty()).then_some((base, parts))
}

/// A glob below a folder.
struct PathGlob {
    matcher: Gitignore,
    /// Its parts with a leading dot: hidden files of these names are found.
    hidden: Gitignore,
    /// How many folders deep it can match.
    depth: Option<usize>,
}

impl PathGlob {
    fn new(parts: &[String]) -> Result<Self, String> {
        let glob = parts.join("/");
        let matcher = matcher(std::iter::once(&format!("/{glob}")))?;
        let hidden = matcher_of_names(parts);
        let depth = (!glob.contains("**")).then_some(parts.len());
        Ok(Self { matcher, hidden, depth })
    }

    fn matches(&self, path: &Path) -> bool {
        self.matcher.matched(path, false).is_ignore()
    }

    fn names_hidden(&self, name: &str) -> bool {
        self.hidden.matched(name, false).is_ignore()
    }
}

/// What matches parts with a leading dot. (Parts of an alternative that has a slash are no globs of their own.)
fn matcher_of_names(parts: &[String]) -> Gitignore {
    let parts: Vec<_> = parts.iter().filter(|part| part.starts_with('.')).cloned().collect();
    matcher(parts.iter()).unwrap_or_else(|_| Gitignore::empty())
}

fn matcher<'a>(globs: impl Iterator<Item = &'a String>) -> Result<Gitignore, String> {
    let mut builder = GitignoreBuilder::new("");
    let wrong = |error: ignore::Error| match error {
        ignore::Error::Glob { err, .. } => format!("is not a valid glob: {err}"),
        error => format!("is not a valid glob: {error}"),
    };
    builder.allow_unclosed_class(false).case_insensitive(!FILES_HAVE_CASE).map_err(wrong)?;
    for glob in globs {
        builder.add_line(None, glob).map_err(wrong)?;
    }
    builder.build().map_err(wrong)
}

#[cfg(test)]
mod tests;
