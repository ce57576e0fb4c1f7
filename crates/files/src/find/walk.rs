//! Walks through folders, from handle to handle, without following links: what is outside is never accessed, also if folders
//! are exchanged meanwhile.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cap_fs_ext::DirExt as _;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirEntry, FileType};

use super::ignored::{GITIGNORE, IGNORE, Ignored};
use super::skipped::{Reason, Skipped, holds_no_text};
use super::{FindLimits, Found, FoundFile, PathGlob};
use crate::sandbox::{PrivateFiles, name_of};
use crate::secret_index::SecretIndex;

/// How many folders deep; each has an open handle.
const MAX_DEPTH: usize = 64;
/// How many names are looked at, matching or not.
const MAX_NAMES: usize = 500_000;
/// How often it is asked whether to stop, in names.
const NAMES_PER_STOP: usize = 256;

/// What is not found below the allowed directories.
pub(super) struct Fence {
    pub(super) private: PrivateFiles,
    /// The allowed directories and files. A file that is one is found whatever it is.
    pub(super) allowed: Vec<PathBuf>,
}

pub(super) struct Walk<'a> {
    fence: Fence,
    secrets: SecretIndex,
    limits: &'a FindLimits,
    stopped: &'a dyn Fn() -> bool,
    ignored: Ignored,
    skipped: Skipped,
    found: Found,
    bytes: u64,
    names: usize,
}

/// Where a folder is.
#[derive(Clone, Copy)]
struct Position<'a> {
    /// The allowed directory.
    root: &'a Path,
    glob: Option<&'a PathGlob>,
    /// The path below `root` of the folder that was asked for.
    base: &'a Path,
    depth: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(fence: Fence, limits: &'a FindLimits, stopped: &'a dyn Fn() -> bool) -> Self {
        Self {
            fence,
            secrets: SecretIndex::new(),
            limits,
            stopped,
            ignored: Ignored::default(),
            skipped: Skipped::default(),
            found: Found::default(),
            bytes: 0,
            names: 0,
        }
    }

    /// Finds the files below `base` of an allowed directory; both are resolved.
    pub(super) fn folder(&mut self, root: &Path, base: &Path, glob: Option<&PathGlob>) {
        // The ignore files of the folders above count, too.
        let mut above: Vec<_> = base.ancestors().skip(1).collect();
        above.reverse();
        for folder in &above {
            self.ignored.enter(root, folder, true, true);
        }
        match open_folder(root, base) {
            Ok(dir) => {
                let mut parts = SecretIndex::parts(&root.join(base));
                self.walk(&dir, base, &mut parts, Position { root, glob, base, depth: 0 });
            }
            Err(_) => self.skipped.add(Reason::Unreadable, || name_of(base, root)),
        }
        let is_whole =
            !self.found.is_cut && !self.skipped.has(Reason::Unreadable) && !self.skipped.has(Reason::TooDeep);
        if glob.is_none() && is_whole {
            self.found.folders.push(root.join(base).components().collect());
        }
    }

    pub(super) fn finish(mut self) -> Found {
        self.found.files.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.path.cmp(&b.path)));
        self.found.files.dedup_by(|next, file| next.path == file.path);
        self.found.skipped = self.skipped.told(self.limits.file_bytes);
        self.found
    }

    fn walk(&mut self, dir: &Dir, folder: &Path, parts: &mut Vec<String>, at: Position<'_>) {
        let Ok(entries) = self.entries(dir) else {
            return self.skipped.add(Reason::Unreadable, || name_of(folder, at.root));
        };
        let has = |name: &str| entries.binary_search_by(|(entry, ..)| entry.as_str().cmp(name)).is_ok();
        self.ignored.enter(at.root, folder, has(GITIGNORE), has(IGNORE));
        for (name, kind, entry) in &entries {
            if self.is_over() {
                break;
            }
            let path = folder.join(name);
            let is_left_out = !(kind.is_dir() || kind.is_file())
                || (name.starts_with('.') && !at.glob.is_some_and(|glob| glob.names_hidden(name)))
                || self.ignored.has(&path, kind.is_dir());
            if is_left_out {
                continue;
            }
            if kind.is_dir() {
                self.enter(dir, name, &path, parts, at);
            } else if at
                .glob
                .is_none_or(|glob| path.strip_prefix(at.base).is_ok_and(|rest| glob.matches(rest)))
            {
                self.file(entry, name, &path, parts, at);
            }
        }
        self.ignored.leave();
    }

    fn enter(&mut self, dir: &Dir, name: &str, path: &Path, parts: &mut Vec<String>, at: Position<'_>) {
        if at.glob.and_then(|glob| glob.depth).is_some_and(|depth| at.depth + 1 >= depth) {
            return;
        }
        if at.depth >= MAX_DEPTH {
            return self.skipped.add(Reason::TooDeep, || name_of(path, at.root));
        }
        if let Some(reason) = self.denied(name, path, parts, at) {
            return self.skipped.add(reason, || name_of(path, at.root));
        }
        match dir.open_dir_nofollow(name) {
            Ok(dir) => {
                let len = parts.len();
                self.secrets.is_secret(parts, name);
                self.walk(&dir, path, parts, Position { depth: at.depth + 1, ..at });
                parts.truncate(len);
            }
            // It is gone, or a link now.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(_) => self.skipped.add(Reason::Unreadable, || name_of(path, at.root)),
        }
    }

    fn file(&mut self, entry: &DirEntry, name: &str, path: &Path, parts: &mut Vec<String>, at: Position<'_>) {
        // First, so that no name of a secret is missing in what is told.
        if let Some(reason) = self.denied(name, path, parts, at) {
            return self.skipped.add(reason, || name_of(path, at.root));
        }
        if holds_no_text(name) {
            return self.skipped.add(Reason::NoText, String::new);
        }
        let Ok(metadata) = entry.metadata() else { return };
        let size = metadata.len();
        if size == 0 || !metadata.is_file() {
            return;
        }
        if size > self.limits.file_bytes {
            return self.skipped.add(Reason::TooLarge, || name_of(path, at.root));
        }
        if self.found.files.len() >= self.limits.files || self.bytes.saturating_add(size) > self.limits.bytes
        {
            self.found.is_cut = true;
            return;
        }
        self.bytes += size;
        let modified =
            metadata.modified().map_or(SystemTime::UNIX_EPOCH, cap_std::time::SystemTime::into_std);
        let name = name_of(path, at.root);
        self.found.files.push(FoundFile { path: at.root.join(path), name, size, modified });
    }

    /// Why a file or folder is not found, by its name or path.
    fn denied(&self, name: &str, path: &Path, parts: &mut Vec<String>, at: Position<'_>) -> Option<Reason> {
        let len = parts.len();
        let is_secret = self.secrets.is_secret(parts, name);
        parts.truncate(len);
        let real = at.root.join(path);
        let reason = match is_secret {
            true => Reason::Secret,
            false if self.fence.private.holds(&real) => Reason::Private,
            false => return None,
        };
        (!self.fence.allowed.contains(&real)).then_some(reason)
    }

    /// The names of a folder, sorted.
    fn entries(&mut self, dir: &Dir) -> io::Result<Vec<(String, FileType, DirEntry)>> {
        let mut entries = Vec::new();
        for entry in dir.entries()? {
            if self.is_over() {
                break;
            }
            self.names += 1;
            if self.names > MAX_NAMES {
                self.found.is_cut = true;
            }
            let (Ok(entry), true) = (entry, self.names <= MAX_NAMES) else { continue };
            let Ok(kind) = entry.file_type() else { continue };
            match entry.file_name().into_string() {
                Ok(name) => entries.push((name, kind, entry)),
                Err(name) => self.skipped.add(Reason::NoUnicode, || name.to_string_lossy().into_owned()),
            }
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(entries)
    }

    fn is_over(&mut self) -> bool {
        if self.names.is_multiple_of(NAMES_PER_STOP) && (self.stopped)() {
            self.found.is_cut = true;
        }
        self.found.is_cut
    }
}

/// Opens a folder below an allowed directory without following links.
fn open_folder(root: &Path, base: &Path) -> io::Result<Dir> {
    let dir = Dir::open_ambient_dir(root, ambient_authority())?;
    base.iter().try_fold(dir, |dir, part| dir.open_dir_nofollow(part))
}
