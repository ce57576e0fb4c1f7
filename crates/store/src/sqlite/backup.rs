//! The copy that is made of the file before its format changes, to return to an older version of the program.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::{failure, migrations, open};
use crate::StoreError;
use platform::create_private_file;

/// The copies that may exist beside a file, finished or not.
pub(super) fn paths(file: &Path) -> impl Iterator<Item = PathBuf> {
    (1..migrations::NEWEST).flat_map(move |format| {
        let copy = path(file, format);
        [unfinished(&copy), copy]
    })
}

/// Copies a file of an older format. The caller keeps others from writing to it.
pub(super) fn make(file: &Path, format: i64) -> Result<(), StoreError> {
    let copy = path(file, format);
    let unfinished = unfinished(&copy);
    let made = write(file, &unfinished).and_then(|()| {
        std::fs::rename(&unfinished, &copy).map_err(|error| open::unusable(&copy, "made", &error))
    });
    if made.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    made
}

/// Removes the copies: they hold what was deleted since.
pub(super) fn remove(file: &Path) {
    for copy in paths(file) {
        match std::fs::remove_file(&copy) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(%error, path = %copy.display(), "a copy of the conversations cannot be removed");
            }
            _ => {}
        }
    }
}

/// `conversations.db.bak-1` of a file of format 1. The sandbox of attachments knows copies by `.bak`.
fn path(file: &Path, format: i64) -> PathBuf {
    with_ending(file, &format!(".bak-{format}"))
}

fn unfinished(copy: &Path) -> PathBuf {
    with_ending(copy, ".tmp")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

fn write(file: &Path, copy: &Path) -> Result<(), StoreError> {
    let unusable = |error: io::Error| open::unusable(copy, "made", &error);
    // One that a killed process left.
    match std::fs::remove_file(copy) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(unusable(error)),
        _ => {}
    }
    create_private_file(copy).map_err(unusable)?;
    // SQLite copies what is in its log too, through a connection of its own: the file must not be opened otherwise,
    // as closing it would drop the locks of this process (POSIX). It takes the empty file that is there.
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let failed = |error: rusqlite::Error| failure(&error, copy);
    let reader = Connection::open_with_flags(file, flags).map_err(failed)?;
    // A path that is not Unicode can only be given as a URI.
    let uri = open::uri(copy).ok_or_else(|| unusable(ErrorKind::InvalidFilename.into()))?;
    reader.execute("VACUUM INTO $1", [uri.as_str()]).map_err(failed)?;
    File::options().write(true).open(copy).and_then(|copy| copy.sync_all()).map_err(unusable)
}
