//! `.gitignore` and `.ignore`, from the allowed directory down.

use std::io::Read as _;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::sandbox::open_below;
use platform::FILES_HAVE_CASE;

/// The longest ignore file that is read.
const MAX_BYTES: u64 = 1024 * 1024;
pub(super) const GITIGNORE: &str = ".gitignore";
pub(super) const IGNORE: &str = ".ignore";

/// The ignore files of a folder and the folders above it, up to the allowed one.
#[derive(Default)]
pub(super) struct Ignored {
    /// The outermost folder first.
    levels: Vec<(Gitignore, Gitignore)>,
}

impl Ignored {
    /// Enters a folder, which has these of the files.
    pub(super) fn enter(&mut self, root: &Path, folder: &Path, has_gitignore: bool, has_ignore: bool) {
        let of = |has_file: bool, name: &str| {
            has_file.then(|| read(root, folder, name)).flatten().unwrap_or_else(Gitignore::empty)
        };
        self.levels.push((of(has_gitignore, GITIGNORE), of(has_ignore, IGNORE)));
    }

    pub(super) fn leave(&mut self) {
        self.levels.pop();
    }

    /// Whether a path below the allowed directory is left out. The innermost file that names it decides; `.ignore` comes
    /// before all of `.gitignore`, as in ripgrep.
    pub(super) fn has(&self, path: &Path, is_dir: bool) -> bool {
        let files = self.levels.iter().rev().map(|(_, ignore)| ignore);
        let files = files.chain(self.levels.iter().rev().map(|(gitignore, _)| gitignore));
        files
            .filter(|file| !file.is_empty())
            .map(|file| file.matched(path, is_dir))
            .find(|found| !found.is_none())
            .is_some_and(|found| found.is_ignore())
    }
}

/// An ignore file; `None` if it cannot be read. It is opened as any file here, without following links. Lines that are no globs
/// are passed over, as git does.
fn read(root: &Path, folder: &Path, name: &str) -> Option<Gitignore> {
    let (file, _) = open_below(root, &folder.join(name)).ok()?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    let mut builder = GitignoreBuilder::new(folder);
    builder.case_insensitive(!FILES_HAVE_CASE).ok()?;
    for line in String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().ok()
}
